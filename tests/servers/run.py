#!/usr/bin/env python3
"""run.py - the library and the tool against real servers, read back with boto3

    run.py --home HOME --build BUILD --logs LOGS [--server NAME]... [--case NAME]...

HOME is what tests/servers/provide printed (run this file with its python), BUILD a build folder.
Every server runs by itself in a thread; every case of test_real_*.c and of the tool runs on every
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
import interop
import servers
from interop import Wrong

BUCKET = "real"
CASE_S = 120


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


def differs(s3, want):
    """Compare one object with a line that a case printed; yield what is wrong."""
    key = bytes.fromhex(want["key"]).decode()
    sse = {}
    if "sse_c" in want:
        sse = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": want["sse_c"]}
    found = get(s3, key, **sse)
    if found is None:
        if want["present"]:  # None: whole or absent
            yield f"{key!r} does not exist"
        return
    if want["present"] is False:
        yield f"{key!r} exists, and must not"
        return
    data = decompress(found["Body"].read(), want.get("encoding"))
    if len(data) != want["bytes"] or hashlib.sha256(data).hexdigest() != want["sha256"]:
        yield f"{key!r} has other bytes: {len(data)} of them, not {want['bytes']}"
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=key).get("Contents", [])
    if key not in [o["Key"] for o in listed]:
        yield f"{key!r} is listed as {[o['Key'] for o in listed]}"
    headers = {"ContentEncoding": want.get("encoding"), "SSECustomerAlgorithm": sse and "AES256",
               **want.get("headers", {})}
    for name, value in headers.items():
        if (found.get(name) or None) != (value or None):
            yield f"{key!r}: {name} is {found.get(name)!r}, not {value!r}"
    for name, value in want.get("metadata", {}).items():
        if found["Metadata"].get(name) != value:
            yield f"{key!r}: metadata {name} is {found['Metadata'].get(name)!r}, not {value!r}"
    if "checksum" in want and not found.get("Checksum" + want["checksum"].upper()):
        yield f"{key!r}: the server keeps no {want['checksum']}"
    if "tags" in want:
        tags = s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
        if {t["Key"]: t["Value"] for t in tags} != want["tags"]:
            yield f"{key!r}: tags are {tags}"


def check_no_uploads(s3, prefix):
    left = s3.list_multipart_uploads(Bucket=BUCKET, Prefix=prefix).get("Uploads", [])
    check(not left, f"uploads are left: {[u['Key'] for u in left]}")


# ---- the cases of the C program -----------------------------------------------------------------

PROGRAMS = ["test_real_shapes", "test_real_promises", "test_real_verbs"]


def list_c_cases(build):
    """(program, case) of every case."""
    return [(build / "bin" / program, case) for program in PROGRAMS
            for case in subprocess.run([build / "bin" / program, "--list"], capture_output=True,
                                       text=True, check=True).stdout.split()]


def run_c_case(server, s3, program, case):
    done = subprocess.run([program, case], env=server.environment(REAL_BUCKET=BUCKET),
                          capture_output=True, text=True, timeout=CASE_S, stdin=subprocess.DEVNULL)
    wrong = done.stderr.splitlines()
    if done.returncode not in (0, 1) or bool(done.returncode) != bool(wrong):
        wrong.append(f"exit code {done.returncode}")
    report = [json.loads(line) for line in done.stdout.splitlines()]
    for want in {want["key"]: want for want in report}.values():
        wrong += differs(s3, want)
    if wrong:
        raise Wrong(*wrong)
    check_no_uploads(s3, case + "/")


# ---- the tool ------------------------------------------------------------------------------------

class Tool:
    """The cloudwriter command on one server."""

    def __init__(self, server, s3, args):
        self.server, self.s3, self.home = server, s3, args.home
        self.path = args.build / "bin/cloudwriter"

    def run(self, *args, code=0, environment=None, **how):
        done = subprocess.run([self.path, *args], timeout=CASE_S,
                              env=environment or self.server.environment(),
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
    left = tool.s3.create_multipart_upload(Bucket=BUCKET, Key="tool/left")["UploadId"]
    listed = tool.run("uploads", "ls", url + "left").stdout
    check(b"tool/left" in listed, f"uploads ls does not show it: {listed!r}")
    tool.run("uploads", "abort", url + "left", "--all")
    check_no_uploads(tool.s3, "tool/left")
    gone = tool.run("uploads", "abort", url + "left", left, code=1).stderr
    check(b"it was completed or aborted" in gone, f"abort does not say that it is gone: {gone!r}")
    tool.run("uploads", "abort", "-f", url + "left", left)


def tool_uploads_age(tool, url, data):
    tool.s3.create_multipart_upload(Bucket=BUCKET, Key="tool/young")
    tool.run("uploads", "abort", url + "young", "--older-than", "1h")
    left = tool.s3.list_multipart_uploads(Bucket=BUCKET, Prefix="tool/young").get("Uploads", [])
    check(len(left) == 1, "--older-than 1h aborted a fresh upload")
    tool.run("uploads", "abort", url + "young", "--older-than", "0s")
    check_no_uploads(tool.s3, "tool/young")


def tool_role(tool, url, data):
    """Keys of a role, by a profile with a source_profile, sign the parts of an upload."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home, ".aws")
        folder.mkdir()
        folder.joinpath("config").write_text(
            "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n")
        folder.joinpath("credentials").write_text(
            f"[base]\naws_access_key_id = {servers.ACCESS}\n"
            f"aws_secret_access_key = {servers.SECRET}\n")
        environment = tool.server.environment()
        environment.update(HOME=home, AWS_ENDPOINT_URL_STS=tool.server.url)
        tool.run("put", "-", url + "role", "--part-size", "5MiB", "--profile", "role",
                 input=data, environment=environment)
    tool.expect("tool/role", data)


TOOL_CASES = [tool_file, tool_stdin, tool_folder, tool_gzip, tool_exec, tool_exec_fails, tool_json,
              tool_uploads, tool_uploads_age, tool_role]
TOOL_DATA = hashlib.shake_256(b"tool").digest(11_000_000)


def run_tool_case(server, s3, args, case, folder):
    case(Tool(server, s3, args), f"s3://{BUCKET}/{folder}/", TOOL_DATA)


def run_consumers(server, build):
    """Programs outside the tree, in C, C++, by CMake and from Python (see tests/consumers)."""
    run = Path(__file__).resolve().parent.parent / "consumers/run"
    done = subprocess.run([run, build, f"s3://{BUCKET}/consumers"], env=server.environment(),
                          capture_output=True, text=True, timeout=CASE_S, stdin=subprocess.DEVNULL)
    check(done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:])


def run_store(server, build):
    """examples/store: what one interface over every backend has to hold to."""
    for name in ("store", "store_rules"):
        done = subprocess.run([build / "examples" / name, f"s3://{BUCKET}/{name}"],
                              env=server.environment(), capture_output=True, text=True,
                              timeout=CASE_S, stdin=subprocess.DEVNULL)
        check(done.returncode == 0, f"{name}: " + done.stdout[-3000:] + done.stderr[-1000:])


# ---- the matrix ----------------------------------------------------------------------------------

def judge(server, name, run):
    """Run one case; (passed, line for the report)."""
    started = time.monotonic()
    try:
        run()
        wrong = []
    except Wrong as e:
        wrong = e.complaints
    except Exception:
        wrong = [traceback.format_exc(limit=3)]
    took = f"{time.monotonic() - started:.1f} s"
    details = "".join(f"\n     {line}" for line in wrong)
    expected = differences.known(server, name)
    text, reason, by_chance = expected or (None, None, False)
    if not expected or (by_chance and not wrong):
        return not wrong, f"{'ok  ' if not wrong else 'FAIL'} {server} {name} ({took}){details}"
    if wrong and all(text in line for line in wrong):
        return True, f"ok   {server} {name}: differs as known: {reason}"
    return False, (f"FAIL {server} {name}: differences.py expects that each complaint holds "
                   f"{text!r}, and at least one{details}")


def run_server(name, args):
    """All cases on one server; the number that passed and failed."""
    passed = failed = 0
    with servers.running(name, args.home, args.logs) as server:
        s3 = server.boto()
        s3.create_bucket(Bucket=BUCKET)
        runs = [(case, lambda program=program, case=case: run_c_case(server, s3, program, case))
                for program, case in list_c_cases(args.build)]
        runs += [(case.__name__, lambda case=case, folder=folder:
                  run_tool_case(server, s3, args, case, folder))
                 for folder, cases in (("tool", TOOL_CASES), ("interop", interop.CASES))
                 for case in cases]
        runs += [("consumers", lambda: run_consumers(server, args.build)),
                 ("store", lambda: run_store(server, args.build))]
        for case, run in runs:
            if args.case and case not in args.case:
                continue
            good, line = judge(name, case, run)
            sys.stdout.write(line + "\n")  # at once: others write, too
            sys.stdout.flush()
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
    chosen = args.server or servers.NAMES
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(len(chosen)) as pool:
        runs = {name: pool.submit(run_server, name, args) for name in chosen}
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
