"""differences.py - where a real server does not do what S3 does, with the reason

Each entry names a server, a case (of test_real_*.c or run.py), a text that every complaint of the
case must hold, and why the server fails. A case listed here must fail in just that way: if it
passes, or complains of something else, the run fails, and the table wants an update. Only where a
server is wrong by chance may the case pass, too.
"""

DIFFERENCES = {}


def differ(names, cases, text, reason, by_chance=False):
    for name in names:
        for case in cases:
            DIFFERENCES[name, case] = (text, reason, by_chance)


MINIO = ["minio", "minio-tls"]

differ(["minio"], ["sse_c", "copy_customer_keys", "both_customer_keys"],
       "must be made over a secure connection",
       "SSE-C sends the key along, so MinIO refuses it over plain http; it passes on minio-tls")
differ(["versitygw", "moto"], ["both_customer_keys"], "who encrypted it is None",
       "SSE-C headers are ignored without a word")
differ(["versitygw", "moto"], ["sse_c", "copy_customer_keys"], "SSECustomerAlgorithm is None",
       "SSE-C headers are ignored without a word: the object is stored in the clear")
differ(MINIO, ["keys_double_slash"], "Object name contains unsupported characters",
       "an empty segment in a key is refused")
differ(MINIO, ["keys_dots"], 'Resource name contains bad components such as ".." or "."',
       "'.' and '..' as segments of a key are refused")
differ(["versitygw"], ["keys_double_slash", "keys_dots"], "is listed as []",
       "keys are paths of a file system there: a//b is a/b, a/../b is b")
differ(["moto"], ["crc64nvme", "crc32c", "crc32", "sha256", "ours_checksums"], "the server keeps no",
       "a checksum is kept only where the SDKs' own header names its algorithm")
differ(["moto"], ["if_match"], "is status 0, expected 11",
       "If-Match is looked at on PUT, not when an upload is completed")
differ(["moto"], ["create_only_race"], "winners is",
       "If-None-Match is looked up first and the object stored later: several may win", by_chance=True)
differ(["moto"], ["wrong_secret"], "wrong_secret",
       "signatures are not verified")
differ(["versitygw"], ["tool_role"], "STS refused AssumeRole",
       "it has no STS")
differ(["moto"], ["tool_uploads_age"], "--older-than 1h aborted a fresh upload",
       "every upload is listed as of one fixed day in 2010")
differ(["moto"], ["theirs_boto_small"], "verified is 'composite'",
       "it does not say that a checksum is that of the whole object")
differ(["versitygw"], ["versions", "both_versions"], "VersioningNotConfigured",
       "versioning is not configured, and the gateway says so")
differ(["moto"], ["versions"], "e->is_latest is",
       "delete markers are listed behind all versions, whichever is newer")


def known(server, case):
    """(text, reason, by chance) of a known difference, or None."""
    return DIFFERENCES.get((server, case))
