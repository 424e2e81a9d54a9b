#!/usr/bin/env python3
"""The upload of bench/ done by boto3, pyarrow and awscrt.

    upload.py boto3|pyarrow|awscrt --bytes N [--plain] [--crc NAME] [--objects N]

Writes N bytes in pieces of 1 MiB, the total not told, to s3://bucket/<client>; with --objects that
many objects of N bytes, one after the other. The endpoint, the keys and the CA come from
AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_CA_BUNDLE. Each client is at its
defaults but for what is named:
  --plain  no checksum and no hash of the payload, as far as the client lets one choose
  --crc    awscrt only, which has none by default: CRC64NVME, CRC32C, ...
"""
import argparse
import io
import os
import random

PIECE = 1 << 20
BLOCK = random.Random(1).randbytes(PIECE)
REGION = "us-east-1"


class Source(io.RawIOBase):
    """`left` bytes for a client that pulls: no seeking, no length."""

    def __init__(self, left):
        self.left = left

    def readable(self):
        return True

    def seekable(self):
        return False

    def readinto(self, target):
        view = memoryview(target).cast("B")
        n = min(len(view), self.left)
        for at in range(0, n, PIECE):
            k = min(PIECE, n - at)
            view[at:at + k] = BLOCK if k == PIECE else BLOCK[:k]
        self.left -= n
        return n


def pump(out, n):
    """n bytes into a client that is pushed."""
    while n:
        k = min(n, PIECE)
        out.write(BLOCK if k == PIECE else BLOCK[:k])
        n -= k


def with_boto3(job, keys):
    import boto3
    from botocore.config import Config
    config = None
    if job.plain:
        config = Config(request_checksum_calculation="when_required",
                        s3={"payload_signing_enabled": False})
    s3 = boto3.client("s3", endpoint_url=job.url, region_name=REGION, config=config)
    for key in keys:
        s3.upload_fileobj(Source(job.bytes), "bucket", key)


def with_pyarrow(job, keys):
    if job.plain:  # the C++ SDK reads it; over http it then signs the payload in place of a checksum
        os.environ["AWS_REQUEST_CHECKSUM_CALCULATION"] = "when_required"
    from pyarrow import fs
    scheme, host = job.url.split("://")
    extra = {"tls_ca_file_path": job.ca} if job.ca else {}
    s3 = fs.S3FileSystem(access_key=job.access_key, secret_key=job.secret_key, region=REGION,
                         scheme=scheme, endpoint_override=host, **extra)
    for key in keys:
        with s3.open_output_stream(f"bucket/{key}") as out:
            pump(out, job.bytes)


def crt_tls(job):
    from awscrt import io as crt_io, s3
    if not job.ca:
        return {"tls_mode": s3.S3RequestTlsMode.DISABLED}
    options = crt_io.TlsContextOptions()
    options.override_default_trust_store_from_path(None, job.ca)
    connection = crt_io.ClientTlsContext(options).new_connection_options()
    connection.set_server_name(job.url.split("://")[1].split(":")[0])
    return {"tls_mode": s3.S3RequestTlsMode.ENABLED, "tls_connection_options": connection}


def with_awscrt(job, keys):
    from awscrt import auth, http, io as crt_io, s3
    loops = crt_io.EventLoopGroup()
    bootstrap = crt_io.ClientBootstrap(loops, crt_io.DefaultHostResolver(loops))
    keyring = auth.AwsCredentialsProvider.new_static(job.access_key, job.secret_key)
    signing = s3.create_default_s3_signing_config(region=REGION, credential_provider=keyring)
    client = s3.S3Client(bootstrap=bootstrap, region=REGION, signing_config=signing, **crt_tls(job))
    extra = {}
    if job.crc:
        extra["checksum_config"] = s3.S3ChecksumConfig(
            algorithm=getattr(s3.S3ChecksumAlgorithm, job.crc),
            location=s3.S3ChecksumLocation.TRAILER)
    for key in keys:
        headers = http.HttpHeaders([("Host", job.url.split("://")[1])])
        request = http.HttpRequest("PUT", f"/bucket/{key}", headers, Source(job.bytes))
        client.make_request(type=s3.S3RequestType.PUT_OBJECT, request=request,
                            **extra).finished_future.result()


def main():
    clients = {"boto3": with_boto3, "pyarrow": with_pyarrow, "awscrt": with_awscrt}
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=clients)
    parser.add_argument("--bytes", type=int, required=True)
    parser.add_argument("--objects", type=int, default=1)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--crc")
    job = parser.parse_args()
    job.url = os.environ["AWS_ENDPOINT_URL"]
    job.ca = os.environ.get("AWS_CA_BUNDLE") if job.url.startswith("https:") else None
    job.access_key = os.environ["AWS_ACCESS_KEY_ID"]
    job.secret_key = os.environ["AWS_SECRET_ACCESS_KEY"]
    one = job.objects == 1
    clients[job.client](job, [job.client if one else f"{job.client}-{i}" for i in range(job.objects)])


if __name__ == "__main__":
    main()
