"""interop.py - what boto3 and the aws tool wrote, read here; what was written here, read by them

Each case is run by run.py on each server: case(tool, url, data) with the cloudwriter command, an
URL of its own to write below, and bytes for several parts.
"""
import io
import json
import subprocess
import tempfile
from pathlib import Path

import boto3.s3.transfer

BUCKET = "real"
PART = 5 << 20
KEY, OTHER = b"sse-c-key-of-the-interop-tests-1", b"sse-c-key-of-the-interop-tests-2"


class Wrong(Exception):
    """What a case found wrong: one or more sentences."""

    def __init__(self, *complaints):
        super().__init__("\n".join(complaints))
        self.complaints = complaints


def same(what, got, want):
    if got != want:
        raise Wrong(f"{what} is {got!r}, not {want!r}")


def same_bytes(what, got, want):
    if got != want:
        raise Wrong(f"{what}: {len(got)} bytes that are other ones than the {len(want)} written")


def aws(tool, *words, **how):
    """The aws tool on the server; what it printed."""
    program = Path(tool.home, "venv/bin/aws")
    done = subprocess.run([program, "--output", "json", *words], capture_output=True, timeout=120,
                          env=tool.server.environment(AWS_DEFAULT_REGION="us-east-1", AWS_PAGER=""),
                          **({} if "input" in how else {"stdin": subprocess.DEVNULL}), **how)
    if done.returncode:
        raise Wrong(f"aws {' '.join(map(str, words))}: {done.stderr.decode(errors='replace')[-500:]}")
    return done.stdout


def stat(tool, url, *options):
    return json.loads(tool.run("stat", "--json", *options, url).stdout)


def listed(tool, url):
    lines = tool.run("ls", "-r", "--json", url).stdout.splitlines()
    return {one["url"]: one for one in map(json.loads, lines)}


def fetched(tool, url, *options):
    """The bytes of an object, by get; and whether its checksum was compared."""
    with tempfile.TemporaryDirectory() as folder:
        told = json.loads(tool.run("get", "--json", *options, url, folder + "/file").stdout)
        return Path(folder, "file").read_bytes(), told["verified"]


# ---- theirs, read here ---------------------------------------------------------------------------

def theirs_boto_small(tool, url, data):
    """One PUT with all that describes it, and a checksum of the whole."""
    tool.s3.put_object(Bucket=BUCKET, Key="interop/a +%\u00e9", Body=data[:70000],
                       ContentType="text/x-test", ContentEncoding="identity",
                       CacheControl="no-store", Metadata={"who": "me", "two-words": "a b"},
                       Tagging="t=1&u=2", ChecksumAlgorithm="CRC32")
    url += "a +%\u00e9"
    about = stat(tool, url)
    same("size", about["bytes"], 70000)
    same("type", about["content_type"], "text/x-test")
    same("cache control", about["cache_control"], "no-store")
    same("metadata", about["metadata"], {"who": "me", "two-words": "a b"})
    same("ETag", about["etag"], tool.s3.head_object(Bucket=BUCKET, Key="interop/a +%\u00e9")["ETag"].strip('"'))
    same("listed ETag", listed(tool, url)[url]["etag"], about["etag"])
    got, verified = fetched(tool, url)
    same_bytes("get", got, data[:70000])
    same("kind of checksum", about.get("checksum", "").split(":")[0], "crc32")
    same("verified", verified, "good")


def theirs_boto_parts(tool, url, data):
    how = boto3.s3.transfer.TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
    tool.s3.upload_fileobj(io.BytesIO(data), BUCKET, "interop/parts", Config=how,
                           ExtraArgs={"Metadata": {"who": "me"}})
    same("size", stat(tool, url + "parts")["bytes"], len(data))
    same("metadata", stat(tool, url + "parts")["metadata"]["who"], "me")
    got, verified = fetched(tool, url + "parts", "--range-size", "1MiB")
    same_bytes("get", got, data)
    if verified == "bad":
        raise Wrong("the checksum is said to be another one")


def theirs_aws(tool, url, data):
    """By the aws tool: a stream in parts, and one PUT with tags."""
    aws(tool, "s3", "cp", "-", url + "aws", "--metadata", "who=me", "--content-type", "text/x-test",
        "--expected-size", str(len(data)), input=data)
    about = stat(tool, url + "aws")
    same("size", about["bytes"], len(data))
    same("type", about["content_type"], "text/x-test")
    same("metadata", about["metadata"], {"who": "me"})
    same_bytes("cat", tool.run("cat", url + "aws").stdout, data)
    with tempfile.NamedTemporaryFile() as body:
        body.write(data[:1000])
        body.flush()
        aws(tool, "s3api", "put-object", "--bucket", BUCKET, "--key", "interop/aws-one", "--body",
            body.name, "--tagging", "t=1", "--checksum-algorithm", "SHA256")
    same_bytes("cat", tool.run("cat", url + "aws-one").stdout, data[:1000])
    same("glob", tool.run("glob", url + "aws{,-one}").stdout.decode().split(),
         [url + "aws", url + "aws-one"])


def theirs_many(tool, url, data):
    """A folder of theirs becomes a folder here, and is the same the second time."""
    want = {"a": b"1", "b/c d": data[:70000], "b/e+f": b"", "g": b"2"}
    for name, content in want.items():
        tool.s3.put_object(Bucket=BUCKET, Key="interop/many/" + name, Body=content)
    with tempfile.TemporaryDirectory() as folder:
        for turn, status in ((1, "done"), (2, "same")):
            done = tool.run("get", "-r", "--json", "--same", "time", url + "many", folder)
            told = [json.loads(line)["status"] for line in done.stdout.splitlines()]
            same(f"what run {turn} told", told, [status] * len(want))
        found = {str(p.relative_to(folder)): p.read_bytes() for p in Path(folder).rglob("*")
                 if p.is_file()}
    same("the folder", found, want)


# ---- written here, read by them ------------------------------------------------------------------

def put_described(tool, url, content):
    tool.run("put", "-", url, "--part-size", "5MiB", "--metadata", "who=me", "--tag", "t=a b",
             "--content-type", "text/x-test", "--checksum", "crc32c", input=content)


def same_description(tool, key, about, size):
    same("size", about["ContentLength"], size)
    same("type", about["ContentType"], "text/x-test")
    same("metadata", about["Metadata"].get("who"), "me")
    same("ETag", stat(tool, f"s3://{BUCKET}/{key}")["etag"], about["ETag"].strip('"'))


def ours_boto(tool, url, data):
    """One PUT and parts: bytes, metadata, type, tags, list."""
    for name, content in (("ours", data[:70000]), ("ours-parts", data)):
        key = "interop/" + name
        put_described(tool, url + name, content)
        same_description(tool, key, tool.s3.head_object(Bucket=BUCKET, Key=key), len(content))
        tags = tool.s3.get_object_tagging(Bucket=BUCKET, Key=key)
        same("tags", tags["TagSet"], [{"Key": "t", "Value": "a b"}])
        keys = tool.s3.list_objects_v2(Bucket=BUCKET, Prefix=key)["Contents"]
        same("listed size", [o["Size"] for o in keys if o["Key"] == key], [len(content)])


def ours_aws(tool, url, data):
    """Parts, as the aws tool sees them: it compares the checksum as it reads."""
    key = "interop/for-aws"
    put_described(tool, url + "for-aws", data)
    about = json.loads(aws(tool, "s3api", "head-object", "--bucket", BUCKET, "--key", key,
                           "--checksum-mode", "ENABLED"))
    same_description(tool, key, about, len(data))
    same_bytes("aws s3 cp", aws(tool, "s3", "cp", url + "for-aws", "-"), data)
    line = aws(tool, "s3", "ls", url + "for-aws").decode().splitlines()[0].split()
    same("aws s3 ls", (line[2], line[3]), (str(len(data)), "for-aws"))


def ours_checksums(tool, url, data):
    """What they compute of the bytes is what was sent with them."""
    for kind in ("crc32", "crc32c", "crc64nvme", "sha256"):
        name = "sum-" + kind
        tool.run("put", "-", url + name, "--checksum", kind, input=data[:70000])
        # boto3 compares as it reads, and fails where the two differ.
        found = tool.s3.get_object(Bucket=BUCKET, Key="interop/" + name, ChecksumMode="ENABLED")
        same_bytes("boto3", found["Body"].read(), data[:70000])
        if not found.get("Checksum" + kind.upper()):
            raise Wrong(f"the server keeps no {kind}")


def both_customer_keys(tool, url, data):
    """SSE-C: theirs read here, ours read by them, and copies from key to key."""
    def theirs(key):
        return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}
    with tempfile.TemporaryDirectory() as folder:
        one, two = Path(folder, "one"), Path(folder, "two")
        one.write_bytes(KEY)
        two.write_text(OTHER.hex())
        tool.run("put", "-", url + "c-ours", "--sse-c-key-file", one, "--part-size", "5MiB",
                 "--metadata", "who=me", input=data)
        got = tool.s3.get_object(Bucket=BUCKET, Key="interop/c-ours", **theirs(KEY))
        same("who encrypted it", got.get("SSECustomerAlgorithm"), "AES256")
        same_bytes("boto3", got["Body"].read(), data)
        tool.s3.put_object(Bucket=BUCKET, Key="interop/c-theirs", Body=data[:70000],
                           Metadata={"who": "you"}, **theirs(KEY))
        same_bytes("cat", tool.run("cat", "--sse-c-key-file", one, url + "c-theirs").stdout,
                   data[:70000])
        same("metadata", stat(tool, url + "c-theirs", "--sse-c-key-file", one)["metadata"]["who"],
             "you")
        tool.run("cat", url + "c-theirs", code=1)
        tool.run("cp", "--source-key-file", one, "--sse-c-key-file", two, url + "c-theirs",
                 url + "c-copy")
        got = tool.s3.get_object(Bucket=BUCKET, Key="interop/c-copy", **theirs(OTHER))
        same_bytes("boto3", got["Body"].read(), data[:70000])
        same("metadata of the copy", got["Metadata"].get("who"), "you")
        tool.run("mv", "--source-key-file", two, url + "c-copy", url + "c-plain")
        same_bytes("cat", tool.run("cat", url + "c-plain").stdout, data[:70000])


def both_versions(tool, url, data):
    """Versions made by boto3: copied, read and deleted by their ids."""
    bucket = "interop-versions"
    tool.s3.create_bucket(Bucket=bucket)
    tool.s3.put_bucket_versioning(Bucket=bucket,
                                  VersioningConfiguration={"Status": "Enabled"})
    first = tool.s3.put_object(Bucket=bucket, Key="k", Body=b"first", Metadata={"n": "1"})
    tool.s3.put_object(Bucket=bucket, Key="k", Body=b"second")
    there = f"s3://{bucket}/"
    tool.run("cp", "--version-id", first["VersionId"], there + "k", there + "copy")
    same_bytes("the copy", tool.run("cat", there + "copy").stdout, b"first")
    same("its metadata", stat(tool, there + "copy")["metadata"].get("n"), "1")
    same_bytes("the latest", tool.run("cat", there + "k").stdout, b"second")
    tool.run("rm", "--version-id", first["VersionId"], there + "k")
    left = tool.s3.list_object_versions(Bucket=bucket, Prefix="k")["Versions"]
    same("versions left", [v["VersionId"] == first["VersionId"] for v in left], [False])


CASES = [theirs_boto_small, theirs_boto_parts, theirs_aws, theirs_many, ours_boto, ours_aws,
         ours_checksums, both_customer_keys, both_versions]
