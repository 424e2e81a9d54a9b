"""settings.py - what `cloudwriter config --emit` prints makes other programs read what we wrote

The endpoint is cw-test-s3, over plain http and over TLS with an authority of its own. Each program runs
apart, in an environment that has nothing of ours but what the lines say, so that no setting reaches it
by another way.
"""
import os
import subprocess
import sys
import time
from pathlib import Path

from golden import Missing

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "it's \"a\" \\ $secret `of` -- ours; é"}
ROWS = [(1, "a"), (2, "b"), (3, None)]
HTTPFS = Path(sys.prefix).parent / "httpfs"  # see provide

DIRECTORY = "name--use1-az4--x-s3"

# Each takes the LINES that were printed, and prints the rows of what is at PLACE.
READERS = {
    "polars": """
import ast, polars
print(polars.read_parquet("s3://" + PLACE, storage_options=ast.literal_eval(LINES)).rows())
""",
    "fsspec": """
import ast, io, s3fs, pyarrow.parquet as pq
content = s3fs.S3FileSystem(**ast.literal_eval(LINES)).cat(PLACE)
print([tuple(row.values()) for row in pq.read_table(io.BytesIO(content)).to_pylist()])
""",
    "pyarrow": """
import ast, pyarrow.fs, pyarrow.parquet as pq
place = pyarrow.fs.S3FileSystem(**ast.literal_eval(LINES))
print([tuple(row.values()) for row in pq.read_table(PLACE, filesystem=place).to_pylist()])
""",
    "duckdb": """
import duckdb, glob, os
connection = duckdb.connect()
for file in glob.glob(os.path.join(HTTPFS, "duckdb_extension_*/extensions/*/*.duckdb_extension")):
    connection.execute("INSTALL '" + file + "'")
connection.execute(LINES)
print(connection.execute("from 's3://" + PLACE + "'").fetchall())
""",
    "env": """
import subprocess
print(subprocess.run(["sh", "-c", LINES + '\\n"$0" cat s3://$1 | od -An -tx1 | tail -n 1', TOOL, PLACE],
                     capture_output=True, text=True, check=True).stdout)
""",
}


class Server:
    def __init__(self, program, folder, *options):
        self.url_file = Path(folder, "url")
        self.url_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [program, "--die-with-parent", "--url-file", self.url_file, "--access-key",
             KEYS["AWS_ACCESS_KEY_ID"], "--secret-key", KEYS["AWS_SECRET_ACCESS_KEY"],
             "--bucket", "bucket", "--bucket", DIRECTORY, *options],
            stdout=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(200):
            if self.url_file.exists():
                return self.url_file.read_text().strip()
            time.sleep(0.02)
        raise AssertionError("the endpoint does not start")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def run(command, env, **how):
    done = subprocess.run(command, env={"PATH": os.environ["PATH"], **env}, capture_output=True,
                          text=True, timeout=60, **how)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def read(lib, folder, target, place, lines, env):
    prelude = f"LINES = {lines!r}\nPLACE = {place!r}\nHTTPFS = {str(HTTPFS)!r}\nTOOL = {str(lib.tool)!r}\n"
    env = {"HOME": folder, "AWS_EC2_METADATA_DISABLED": "true", **env}
    if target == "duckdb":
        env["PYTHONPATH"] = str(HTTPFS)
    return run([sys.executable, "-c", prelude + READERS[target]], env).strip()


def check_target(lib, folder, target, bucket, ours, secrets):
    want = str(ROWS) if target != "env" else "50 41 52 31"  # the end of every file
    ca = ours.get("AWS_CA_BUNDLE")
    trust = {"SSL_CERT_FILE": ca} if ca and target == "polars" else {}
    place = bucket + "/f.parquet"
    lines = run([lib.tool, "config", "--emit", target, *["--secrets"][:secrets], "s3://" + place], ours)
    got = read(lib, folder, target, place, lines, {**trust, **({} if secrets else KEYS)})
    assert got.endswith(want), f"{target} of {place}: {got}"


def check(lib, folder, url, ca):
    ours = {**KEYS, "HOME": folder, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_S3": url}
    if ca:
        ours["AWS_CA_BUNDLE"] = ca
    source = Path(folder, "f.csv")
    source.write_text("id,name\n1,a\n2,b\n3,\n")
    for bucket in "bucket", DIRECTORY:
        run([lib.tool, "parquet", "-q", source, f"s3://{bucket}/"], ours)
    for target in READERS:
        for secrets in (True,) if ca else (True, False):
            check_target(lib, folder, target, "bucket", ours, secrets)
    for target in "fsspec", "pyarrow", "env":  # those that make sessions at any endpoint
        check_target(lib, folder, target, DIRECTORY, ours, True)


def settings_for_others(lib, folder, _):
    if not lib.server:
        raise Missing("--server was not given")
    with Server(lib.server, folder) as url:
        check(lib, folder, url, None)
    ca = str(Path(folder, "ca.pem"))
    with Server(lib.server, folder, "--tls", "--ca-file", ca) as url:
        check(lib, folder, url, ca)
