"""harness.py - what the tests of the command share: an endpoint, the command, a folder of its own

The endpoint is cw-test-s3 of tests/server, one for each test class. Everything has a deadline.
"""
import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.parse

TOOL = os.environ["CW_TOOL"]
SERVER = os.environ["CW_TEST_S3"]
DEADLINE = 60


def wait_for(condition, what, seconds=20):
    """Wait until `condition` answers something true, and answer that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited %d s for %s" % (seconds, what))


class Endpoint:
    """A cw-test-s3 process."""

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="cw-tool-s3-")
        url_file = os.path.join(self.folder, "url")
        self.process = subprocess.Popen(
            [SERVER, "--anonymous-read", "--die-with-parent", "--url-file", url_file, *options],
            stdout=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(url_file) and os.path.getsize(url_file), "the endpoint")
        with open(url_file, encoding="ascii") as f:
            self.url = f.read().strip()
        self.address = urllib.parse.urlsplit(self.url).netloc

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, timeout=DEADLINE)
        try:
            connection.request(method, path, body)
            reply = connection.getresponse()
            return reply.status, dict((k.lower(), v) for k, v in reply.getheaders()), reply.read()
        finally:
            connection.close()

    def fault(self, rules):
        status, _, body = self.request("POST", "/_test/fault", rules)
        assert status < 300, body

    def state(self):
        return json.loads(self.request("GET", "/_test/state")[2])

    def get(self, key):
        """Status, headers and bytes of an object of the bucket."""
        return self.request("GET", "/bucket/" + urllib.parse.quote(key, safe=""))

    def reset(self):
        self.request("POST", "/_test/reset")


class ToolTest(unittest.TestCase):
    """A test with an endpoint, an environment that leads to it, and an empty folder."""
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.s3 = Endpoint(*cls.options)

    @classmethod
    def tearDownClass(cls):
        cls.s3.stop()

    def setUp(self):
        self.s3.reset()
        self.folder = tempfile.mkdtemp(prefix="cw-tool-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith("AWS_") and "proxy" not in name.lower()}
        self.environment.update(HOME=self.folder, AWS_ENDPOINT_URL_S3=self.s3.url,
                                AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test-secret",
                                AWS_REGION="us-east-1")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content=b"content\n"):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def read(self, name):
        """The content of a file, "" if it is missing."""
        try:
            with open(self.path(name), encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def start(self, *arguments, under=(), **how):
        """`under` is a command that is to run it."""
        how.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen([*under, TOOL, *arguments], env=self.environment, cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)
        self.addCleanup(self.reap, process)
        return process

    @staticmethod
    def reap(process):
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def finish(self, process, data=None):
        """Exit code, standard output, standard error."""
        out, err = process.communicate(data, timeout=DEADLINE)
        self.keep(process.args, out + err)
        return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")

    def keep(self, arguments, output):
        """For scripts/check-secrets; but presign prints a signature, and --secrets what it says."""
        folder = os.environ.get("CW_TEST_OUTPUT")
        if folder and not {"presign", "--secrets"} & set(arguments):
            with open(os.path.join(folder, "tool." + self.id() + ".log"), "ab") as f:
                f.write(output)

    def run_tool(self, *arguments, data=None):
        how = {"stdin": subprocess.PIPE} if data is not None else {}
        return self.finish(self.start(*arguments, **how), data)

    def put(self, *arguments, data=None, code=0):
        """Run put with --json; answer the objects that it printed, and standard error."""
        got, out, err = self.run_tool("put", "--json", *arguments, data=data)
        self.assertEqual(got, code, err)
        return [json.loads(line) for line in out.splitlines()], err

    def assert_object(self, key, content):
        status, headers, body = self.s3.get(key)
        self.assertEqual(status, 200, key)
        self.assertEqual(len(body), len(content), key)
        self.assertTrue(body == content, key + " has other bytes")
        return headers

    def assert_nothing(self, key):
        self.assertEqual(self.s3.get(key)[0], 404, key)
        self.assertEqual(self.s3.state()["uploads"], [])


MIB = 1024 * 1024
