#!/usr/bin/env python3
"""run.py - the library and the tool against real servers, read back with boto3

    run.py --home HOME --build BUILD --logs LOGS [--server NAME]... [--case NAME]...

HOME is what tests/servers/provide printed (run this file with its python), BUILD a build folder.
Every server runs by itself in a thread; every case of test_real.c and of the tool runs on every
server. What a server is known not to do is in differences.py and nowhere else.
"""
import argparse
import concurrent.futures
import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import botocore.exceptions

import differences
import servers

BUCKET = "real"
CASE_S = 120


class Wrong(Exception):
    """What a case found wrong, in a sentence."""


def check(condition, text):
    if not condition:
        raise Wrong(text)


# ---- what boto3 finds ---------------------------------------------------------------------------

def get(s3, key, **sse):
    try:
        return s3.get_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED", **sse)
    except botocore.exceptions.ClientError as e:
        if e.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise


def decompress(data, encoding):
    if encoding == "gzip":
        return gzip.decompress(data)
    if encoding == "zstd":
        return subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def check_object(s3, want):
    """Compare one object with a line of test_real's report."""
    key = bytes.fromhex(want["key"]).decode()
    sse = {}
    if "sse_c" in want:
        sse = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": want["sse_c"]}
    found = get(s3, key, **sse)
    if not want["present"]:
        check(found is None, f"{key!r} exists, and must not")
        return
    check(found is not None, f"{key!r} does not exist")
    stored = found["Body"].read()
    data = decompress(stored, want.get("encoding"))
    check(len(data) == want["bytes"], f"{key!r} has {len(data)} bytes, not {want['bytes']}")
    check(hashlib.sha256(data).hexdigest() == want["sha256"], f"{key!r} has other bytes")
    check(found.get("ContentEncoding", "") == want.get("encoding", ""),
          f"{key!r}: Content-Encoding is {found.get('ContentEncoding')!r}")
    for name, value in want.get("metadata", {}).items():
        check(found["Metadata"].get(name) == value, f"{key!r}: metadata is {found['Metadata']}")
    for name, value in want.get("headers", {}).items():
        check(found.get(name) == value, f"{key!r}: {name} is {found.get(name)!r}, not {value!r}")
    if "checksum" in want:
        check(found.get("Checksum" + want["checksum"].upper()),
              f"{key!r}: the server keeps no {want['checksum']}")
    if "tags" in want:
        tags = s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
        check({t["Key"]: t["Value"] for t in tags} == want["tags"], f"{key!r}: tags are {tags}")


def check_no_uploads(s3, prefix):
    left = s3.list_multipart_uploads(Bucket=BUCKET, Prefix=prefix).get("Uploads", [])
    check(not left, f"uploads are left: {[u['Key'] for u in left]}")


# ---- the cases of the C program -----------------------------------------------------------------

def run_c_case(server, s3, build, case):
    done = subprocess.run([build / "bin/test_real", case], env=server.environment(REAL_BUCKET=BUCKET),
                          capture_output=True, text=True, timeout=CASE_S, stdin=subprocess.DEVNULL)
    check(done.returncode == 0, f"exit code {done.returncode}\n{done.stderr[-3000:]}")
    report = [json.loads(line) for line in done.stdout.splitlines()]
    for want in {want["key"]: want for want in report}.values():
        check_object(s3, want)
    check_no_uploads(s3, case + "/")


# ---- the tool ------------------------------------------------------------------------------------

class Tool:
    """The cloudwriter command on one server."""

    def __init__(self, server, s3, build):
        self.server, self.s3, self.path = server, s3, build / "bin/cloudwriter"

    def run(self, *args, code=0, **how):
        done = subprocess.run([self.path, *args], env=self.server.environment(), timeout=CASE_S,
                              capture_output=True, **({} if "input" in how else
                                                      {"stdin": subprocess.DEVNULL}), **how)
        check(done.returncode == code, f"cloudwriter {' '.join(map(str, args))}: exit code "
              f"{done.returncode}, not {code}\n{done.stderr.decode(errors='replace')[-2000:]}")
        return done

    def expect(self, key, data):
        found = get(self.s3, key)
        check(found is not None, f"{key!r} does not exist")
        check(found["Body"].read() == data, f"{key!r} has other bytes")

    def expect_absent(self, key):
        check(get(self.s3, key) is None, f"{key!r} exists, and must not")
        check_no_uploads(self.s3, key)


def tool_file(tool, url, data):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        tool.run("put", file.name, url + "file")
    tool.expect("tool/file", data)


def tool_stdin(tool, url, data):
    tool.run("put", "-", url + "stdin", "--part-size", "5MiB", input=data)
    tool.expect("tool/stdin", data)


def tool_folder(tool, url, data):
    with tempfile.TemporaryDirectory() as folder:
        names = ["one", "two words", "plus+and&"]
        for name in names:
            Path(folder, name).write_bytes(data[:1000] + name.encode())
        tool.run("put", *[Path(folder, name) for name in names], url + "folder/")
    for name in names:
        tool.expect("tool/folder/" + name, data[:1000] + name.encode())


def tool_gzip(tool, url, data):
    tool.run("put", "-", url + "gzip", "--gzip", input=data)
    found = get(tool.s3, "tool/gzip")
    check(found and gzip.decompress(found["Body"].read()) == data, "gzip: other bytes")


def tool_exec(tool, url, data):
    tool.run("put", "--exec", "seq 1 2000000", url + "exec", "--part-size", "5MiB")
    tool.expect("tool/exec", b"".join(b"%d\n" % i for i in range(1, 2000001)))


def tool_exec_fails(tool, url, data):
    tool.run("put", "--exec", "seq 1 2000000; exit 3", url + "failed", "--part-size", "5MiB", code=1)
    tool.expect_absent("tool/failed")


def tool_json(tool, url, data):
    done = tool.run("put", "-", url + "json", "--json", input=data[:100])
    check(isinstance(json.loads(done.stdout), dict), "--json prints no JSON object")
    tool.expect("tool/json", data[:100])


def tool_uploads(tool, url, data):
    tool.s3.create_multipart_upload(Bucket=BUCKET, Key="tool/left")
    listed = tool.run("uploads", "ls", url + "left").stdout
    check(b"tool/left" in listed, f"uploads ls does not show it: {listed!r}")
    tool.run("uploads", "abort", url + "left", "--older-than", "1h")
    check(tool.s3.list_multipart_uploads(Bucket=BUCKET, Prefix="tool/left").get("Uploads"),
          "--older-than 1h aborted a fresh upload")
    tool.run("uploads", "abort", url + "left")
    check_no_uploads(tool.s3, "tool/left")


TOOL_CASES = [tool_file, tool_stdin, tool_folder, tool_gzip, tool_exec, tool_exec_fails, tool_json,
              tool_uploads]
TOOL_DATA = hashlib.shake_256(b"tool").digest(11_000_000)


def run_tool_case(server, s3, build, case):
    case(Tool(server, s3, build), f"s3://{BUCKET}/tool/", TOOL_DATA)


# ---- the matrix ----------------------------------------------------------------------------------

def judge(server, name, run):
    """Run one case; (passed, line for the report)."""
    started = time.monotonic()
    try:
        run()
        failure = None
    except Wrong as e:
        failure = str(e)
    except Exception:
        failure = traceback.format_exc(limit=3)
    took = f"{time.monotonic() - started:.1f} s"
    expected = differences.known(server, name)
    if not expected:
        return not failure, f"{'ok  ' if not failure else 'FAIL'} {server} {name} ({took})" + (
            f"\n     {failure}" if failure else "")
    text, reason = expected
    if failure and text in failure:
        return True, f"ok   {server} {name}: differs as known: {reason}"
    return False, (f"FAIL {server} {name}: differences.py expects a failure with {text!r}; "
                   + (f"got\n     {failure}" if failure else "it passed"))


def run_server(name, args, names):
    """All cases on one server; the number that passed and failed."""
    passed = failed = 0
    with servers.running(name, args.home, args.logs) as server:
        s3 = server.boto()
        s3.create_bucket(Bucket=BUCKET)
        runs = [(case, lambda case=case: run_c_case(server, s3, args.build, case)) for case in names]
        runs += [(case.__name__, lambda case=case: run_tool_case(server, s3, args.build, case))
                 for case in TOOL_CASES]
        for case, run in runs:
            if args.case and case not in args.case:
                continue
            good, line = judge(name, case, run)
            print(line, flush=True)
            passed, failed = passed + good, failed + (not good)
    return passed, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--server", action="append", choices=servers.NAMES)
    parser.add_argument("--case", action="append")
    args = parser.parse_args()
    args.logs.mkdir(parents=True, exist_ok=True)
    names = subprocess.run([args.build / "bin/test_real", "--list"], capture_output=True, text=True,
                           check=True).stdout.split()
    chosen = args.server or servers.NAMES
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(len(chosen)) as pool:
        runs = {name: pool.submit(run_server, name, args, names) for name in chosen}
        total = [0, 0]
        for name, run in runs.items():
            try:
                passed, failed = run.result()
            except Exception as e:
                print(f"FAIL {name}: {e}")
                passed, failed = 0, 1
            print(f"on {name}: {passed} ok, {failed} wrong")
            total = [total[0] + passed, total[1] + failed]
            failures += failed
    print(f"{total[0]} passed, {total[1]} failed")
    return failures != 0 or total[0] == 0


if __name__ == "__main__":
    os.environ.pop("AWS_CA_BUNDLE", None)
    sys.exit(main())
