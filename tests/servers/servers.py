"""servers.py - start and stop the real servers, each on a loopback port that the kernel chose

    with running("minio", home, logs) as server: ...

A server is ready when it answers a signed ListBuckets; that has a deadline. Leaving the block
kills it and its folder. Its output stays in logs/NAME.log.
"""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import boto3
import botocore.config
import botocore.exceptions

ACCESS, SECRET, REGION = "cw-access", "cw-secret-of-the-test", "us-east-1"
READY_S = 60
NAMES = ["minio", "minio-tls", "versitygw", "moto"]


class Server:
    """Where a running server is, and how its clients are set up."""

    def __init__(self, name, url, ca=None):
        self.name, self.url, self.ca = name, url, ca

    def environment(self, **more):
        """For a program under test: this server's settings, and nothing of the user's own."""
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("AWS_") and "proxy" not in k.lower()}
        env.update(AWS_ACCESS_KEY_ID=ACCESS, AWS_SECRET_ACCESS_KEY=SECRET, AWS_REGION=REGION,
                   AWS_ENDPOINT_URL_S3=self.url, HOME="/nonexistent", **more)
        if self.ca:
            env["AWS_CA_BUNDLE"] = str(self.ca)
        return env

    def boto(self):
        return boto3.client(
            "s3", endpoint_url=self.url, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET,
            region_name=REGION, verify=str(self.ca) if self.ca else None,
            config=botocore.config.Config(
                s3={"addressing_style": "path"}, retries={"max_attempts": 1}, connect_timeout=5,
                read_timeout=60, response_checksum_validation="when_supported"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_certificates(folder):
    """A throw-away authority, and a certificate of 127.0.0.1 where MinIO looks for it."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *ec, "-days", "2", "-subj", "/CN=throw-away test authority",
            "-keyout", "ca.key", "-out", "ca.crt")
    openssl("req", *ec, "-subj", "/CN=127.0.0.1", "-keyout", "private.key", "-out", "server.csr")
    Path(folder, "server.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "server.ext", "-out", "public.crt")
    return Path(folder, "ca.crt")


def command(name, home, folder, port):
    """The command line and environment of a server, and the authority its clients must trust."""
    data, certs = folder / "data", folder / "certs"
    data.mkdir()
    certs.mkdir()
    ca = make_certificates(certs) if name == "minio-tls" else None
    env = dict(os.environ, HOME=str(folder), MINIO_ROOT_USER=ACCESS, MINIO_ROOT_PASSWORD=SECRET,
               MINIO_BROWSER="off", MINIO_UPDATE="off", ROOT_ACCESS_KEY=ACCESS,
               ROOT_SECRET_KEY=SECRET)
    at = f"127.0.0.1:{port}"
    line = {
        "minio": [home / "minio", "server", "--address", at, "--certs-dir", certs, data],
        "minio-tls": [home / "minio", "server", "--address", at, "--certs-dir", certs, data],
        "versitygw": [home / "versitygw", "--port", at, "--keep-alive", "posix", data],
        "moto": [home / "venv/bin/moto_server", "-H", "127.0.0.1", "-p", str(port)],
    }[name]
    # Whatever happens to this program, its servers go with it.
    return ["setpriv", "--pdeathsig", "KILL", *[str(word) for word in line]], env, ca


def stop(process):
    """Ask, then insist; the server has a process group of its own."""
    for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return


def wait_ready(server, process, log):
    """Return when the server answers a signed request; raise when it ends or does not."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.boto().list_buckets()
            return
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as e:
            last = e
        time.sleep(0.1)
    raise RuntimeError(f"{server.name} is not ready (see {log}): {last}")


@contextlib.contextmanager
def running(name, home, logs):
    folder = Path(tempfile.mkdtemp(prefix=f"cw-{name}-"))
    log = Path(logs, f"{name}.log")
    process = None
    try:
        port = free_port()
        line, env, ca = command(name, Path(home), folder, port)
        with open(log, "wb") as out:
            process = subprocess.Popen(line, env=env, stdout=out, stderr=subprocess.STDOUT,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        server = Server(name, f"{'https' if ca else 'http'}://127.0.0.1:{port}", ca)
        wait_ready(server, process, log)
        yield server
    finally:
        if process:
            stop(process)
        shutil.rmtree(folder, ignore_errors=True)
