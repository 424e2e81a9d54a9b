#!/usr/bin/env python3
"""Downloads, lists, uploads and small objects by boto3, pyarrow and s3fs, each at its defaults.

    objects.py boto3|pyarrow|s3fs start|download|list|upload|small [--bytes N] [--objects N]

start     read s3://bucket/one: what it costs to be there at all
download  s3://bucket/object to /dev/null
list      every key of s3://bucket
upload    N bytes in pieces of 1 MiB, the total not told
small     objects of N bytes, one after the other
The endpoint and the keys come from AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
"""
import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from upload import BLOCK, REGION, Source, pump  # noqa: E402  (beside this file)

PIECE = 8 << 20


class Boto3:
    def __init__(self, url):
        import boto3
        self.s3 = boto3.client("s3", endpoint_url=url, region_name=REGION)

    def download(self, key):
        with open("/dev/null", "wb") as out:
            self.s3.download_fileobj("bucket", key, out)

    def count(self):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket="bucket")
        return sum(len(page.get("Contents", ())) for page in pages)

    def upload(self, key, n):
        self.s3.upload_fileobj(Source(n), "bucket", key)

    def put(self, key, data):
        self.s3.put_object(Bucket="bucket", Key=key, Body=data)


class PyArrow:
    def __init__(self, url):
        from pyarrow import fs
        self.fs = fs
        scheme, host = url.split("://")
        self.s3 = fs.S3FileSystem(access_key=os.environ["AWS_ACCESS_KEY_ID"], region=REGION, scheme=scheme,
                                  secret_key=os.environ["AWS_SECRET_ACCESS_KEY"], endpoint_override=host)

    def download(self, key):
        with self.s3.open_input_stream(f"bucket/{key}") as stream, open("/dev/null", "wb") as out:
            while data := stream.read_buffer(PIECE):
                out.write(data)

    def count(self):
        found = self.s3.get_file_info(self.fs.FileSelector("bucket", recursive=True))
        return sum(1 for f in found if f.type == self.fs.FileType.File)

    def upload(self, key, n):
        with self.s3.open_output_stream(f"bucket/{key}") as out:
            pump(out, n)

    def put(self, key, data):
        with self.s3.open_output_stream(f"bucket/{key}") as out:
            out.write(data)


class S3fs:
    def __init__(self, url):
        import s3fs
        self.s3 = s3fs.S3FileSystem(endpoint_url=url, client_kwargs={"region_name": REGION})

    def download(self, key):
        with self.s3.open(f"bucket/{key}", "rb") as stream, open("/dev/null", "wb") as out:
            while data := stream.read(PIECE):
                out.write(data)

    def count(self):
        return len(self.s3.find("bucket"))

    def upload(self, key, n):
        with self.s3.open(f"bucket/{key}", "wb") as out:
            pump(out, n)

    def put(self, key, data):
        self.s3.pipe_file(f"bucket/{key}", data)


def main():
    clients = {"boto3": Boto3, "pyarrow": PyArrow, "s3fs": S3fs}
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=clients)
    parser.add_argument("job", choices=("start", "download", "list", "upload", "small"))
    parser.add_argument("--bytes", type=int, default=1)
    parser.add_argument("--objects", type=int, default=1)
    o = parser.parse_args()
    client = clients[o.client](os.environ["AWS_ENDPOINT_URL"])
    if o.job in ("start", "download"):
        client.download("one" if o.job == "start" else "object")
    elif o.job == "list":
        print(client.count())
    elif o.job == "upload":
        client.upload(o.client, o.bytes)
    else:
        for i in range(o.objects):
            client.put(f"{o.client}/{i}", BLOCK[:o.bytes])


if __name__ == "__main__":
    main()
