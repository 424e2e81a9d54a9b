"""test_config.py - what is in effect and from where, and the same in the words of other programs"""
import ast
import json
import os
import socket
import subprocess
import unittest

from harness import Endpoint, ToolTest

SECRET = "s3cr3t/of+the=test"
HOSTILE = "it's \"a\" \\ $HOME `id` ; -- é"
TARGETS = ["duckdb", "polars", "fsspec", "pyarrow", "env"]


class Config(ToolTest):
    def setUp(self):
        super().setUp()
        self.environment.update(AWS_SECRET_ACCESS_KEY=SECRET, AWS_EC2_METADATA_DISABLED="true")
        self.host = self.s3.address

    def config(self, *arguments, code=0, secret=False):
        got, out, err = self.run_tool("config", *arguments)
        self.assertEqual(got, code, err)
        if not secret:
            self.assertNotIn(SECRET, out + err)
        return out if code == 0 else err

    def settings(self, *arguments):
        return json.loads(self.config("--json", *arguments))

    def emit(self, target, *arguments, **how):
        return self.config("--emit", target, *arguments, **how)

    def python(self, target, *arguments, **how):
        return ast.literal_eval(self.emit(target, *arguments, **how))

    def shell(self, *arguments, **how):
        """The variables that a shell has after the lines."""
        script = self.emit("env", *arguments, **how) + "\nenv -0"
        done = subprocess.run(["sh", "-c", script], env={"PATH": os.environ["PATH"]},
                              capture_output=True, check=True)
        return dict(v.split("=", 1) for v in done.stdout.decode().split("\0") if v)

    def test_transport(self):
        got = self.settings("--no-proxy", "a,.b", "--ca-directory", "/authorities")
        self.assertEqual(got["no_proxy"], {"value": "a,.b", "origin": "option"})
        self.assertEqual(got["ca_directory"], {"value": "/authorities", "origin": "option"})

    def test_access_points(self):
        """By the host that stands for it, or by its ARN where that is known."""
        del self.environment["AWS_ENDPOINT_URL_S3"]
        arn = "arn:aws:s3:us-west-2:123456789012:accesspoint"
        for name in (":name", "/name"):
            for key in ("", "/key", "/a:b/c"):
                url = "s3://" + arn + name + key
                bucket = "name-123456789012"
                self.assertEqual(self.python("polars", url), {
                    "aws_region": "us-west-2", "aws_virtual_hosted_style_request": "true",
                    "aws_endpoint_url": "https://%s.s3-accesspoint.us-west-2.amazonaws.com" % bucket})
                self.assertEqual(self.python("pyarrow", url), {
                    "region": "us-west-2", "scheme": "https", "force_virtual_addressing": True,
                    "endpoint_override": "s3-accesspoint.us-west-2.amazonaws.com"})
                sql = self.emit("duckdb", url)
                self.assertIn("ENDPOINT 's3-accesspoint.us-west-2.amazonaws.com'", sql)
                self.assertIn("URL_STYLE 'vhost'", sql)
                self.assertIn("SCOPE 's3://%s/'" % bucket, sql)
                for target in ("duckdb", "polars", "pyarrow"):
                    self.assertIn("s3://%s/ here" % bucket, self.emit(target, url))
                self.assertEqual(self.python("fsspec", url), {
                    "client_kwargs": {"region_name": "us-west-2"},
                    "config_kwargs": {"s3": {"addressing_style": "virtual"}}})
                got = self.shell(url)
                self.assertEqual(got["AWS_REGION"], "us-west-2")
                self.assertNotIn("AWS_ENDPOINT_URL_S3", got)
                for target in ("fsspec", "env"):
                    self.assertIn(": " + arn + name + "\n", self.emit(target, url))
        place = ("--endpoint-url", "https://store.example", "s3://" + arn + "/name")
        self.assertEqual(self.python("pyarrow", *place)["endpoint_override"], "store.example")
        self.assertEqual(self.python("fsspec", *place)["endpoint_url"], "https://store.example")

    def test_access_points_that_are_signed_otherwise(self):
        del self.environment["AWS_ENDPOINT_URL_S3"]
        points = {
            "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/n": "Object Lambda",
            "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01234567890123456/accesspoint/n":
                "Outposts",
            "arn:aws:s3::123456789012:accesspoint/abc.mrap": "many regions"}
        for point, why in points.items():
            for target in ("duckdb", "polars", "pyarrow"):
                self.assertIn(why, self.emit(target, "s3://" + point, code=1))
            self.assertNotIn("endpoint_url", self.python("fsspec", "s3://" + point))
            self.assertNotIn("AWS_ENDPOINT_URL_S3", self.shell("s3://" + point))
            for target in ("fsspec", "env"):
                self.assertIn(point + "\n", self.emit(target, "s3://" + point + "/key"))
        self.assertIn("botocore[crt]", self.emit("fsspec", "s3://" + list(points)[2]))

    def test_directory_buckets(self):
        del self.environment["AWS_ENDPOINT_URL_S3"]
        bucket = "s3://name--use1-az4--x-s3"
        self.assertEqual(self.python("polars", bucket), {
            "aws_region": "us-east-1", "aws_s3_express": "true",
            "aws_virtual_hosted_style_request": "true"})
        self.assertEqual(self.python("pyarrow", bucket), {"region": "us-east-1", "scheme": "https"})
        self.assertNotIn("endpoint_url", self.python("fsspec", bucket))
        self.assertNotIn("AWS_ENDPOINT_URL_S3", self.shell(bucket))
        self.assertIn("ENDPOINT 's3express-use1-az4.us-east-1.amazonaws.com'",
                      self.emit("duckdb", bucket))
        self.assertIn("does not know", self.emit("polars", bucket[:-3] + "a-s3", code=1))
        self.assertEqual(self.python("pyarrow", bucket[:-3] + "a-s3"),
                         {"region": "us-east-1", "scheme": "https"})
        self.environment["AWS_USE_FIPS_ENDPOINT"] = "true"
        fips = "s3express-fips-use1-az4.us-east-1.amazonaws.com"
        self.assertEqual(self.python("pyarrow", bucket)["endpoint_override"], fips)
        self.assertIn("sessions at AWS", self.emit("polars", bucket, code=1))
        del self.environment["AWS_USE_FIPS_ENDPOINT"]
        self.environment["AWS_ENDPOINT_URL_S3"] = self.s3.url
        self.assertEqual(self.python("fsspec", bucket)["endpoint_url"], self.s3.url)
        self.assertIn("sessions at AWS", self.emit("polars", bucket, code=1))

    def test_aliases(self):
        """A bucket's name for everybody, but on Outposts."""
        del self.environment["AWS_ENDPOINT_URL_S3"]
        self.assertEqual(self.python("pyarrow", "s3://name-0123456789abcdef-s3alias"),
                         {"region": "us-east-1", "scheme": "https"})
        alias = "s3://test-accessp-o0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kuse10--op-s3"
        for target in ("duckdb", "polars", "pyarrow"):
            self.assertIn("Outposts", self.emit(target, alias, code=1))
        self.assertNotIn("endpoint_url", self.python("fsspec", alias))

    def test_origins(self):
        os.mkdir(self.path(".aws"))
        self.write(".aws/config", b"[default]\nmax_attempts = 4\n")
        got = self.settings("--connect-timeout", "2s")
        self.assertEqual(got["endpoint_url"],
                         {"value": self.s3.url, "origin": "environment AWS_ENDPOINT_URL_S3"})
        self.assertEqual(got["region"],
                         {"value": "us-east-1", "origin": "environment AWS_REGION"})
        self.assertEqual(got["max_attempts"], {
            "value": "4", "origin": "profile default in " + self.path(".aws/config")})
        self.assertEqual(got["connect_timeout_ms"], {"value": "2000", "origin": "option"})
        self.assertEqual(got["checksum"], {"value": "crc64nvme", "origin": "default"})
        self.assertEqual(got["client_cert"], {"value": None, "origin": "default"})
        self.assertEqual(self.settings("s3://bucket/key")["endpoint"]["value"],
                         self.s3.url + "/bucket")
        table = self.config()
        self.assertRegex(table, r"(?m)^max_attempts +4 +profile default in ")
        self.assertRegex(table, r"(?m)^client_cert +- +default$")

    def test_proxies_and_their_passwords(self):
        self.environment["https_proxy"] = "http://user:hidden@proxy:3128"
        got = self.settings()
        self.assertEqual(got["https_proxy_url"],
                         {"value": "http://****@proxy:3128", "origin": "environment https_proxy"})
        got = self.settings("--proxy", "socks5h://me:hidden@other:1")
        self.assertEqual(got["http_proxy_url"],
                         {"value": "socks5h://****@other:1", "origin": "option"})
        self.assertNotIn("hidden", self.config() + json.dumps(got))
        self.assertNotIn("hidden", self.config("--proxy", "http://me:hidden@", code=2))

    def test_nothing_is_sent(self):
        before = self.s3.state()["connections"]
        self.config("s3://bucket/key")
        for target in TARGETS:
            self.emit(target, "--secrets", "s3://bucket/key", secret=True)
        self.assertEqual(self.s3.state()["connections"], before + 1)  # the question itself

    def test_dictionaries(self):
        self.assertEqual(self.python("polars"), {
            "aws_region": "us-east-1", "aws_endpoint_url": self.s3.url,
            "aws_virtual_hosted_style_request": "false", "aws_allow_http": "true"})
        self.assertEqual(self.python("fsspec"), {
            "endpoint_url": self.s3.url, "client_kwargs": {"region_name": "us-east-1"},
            "config_kwargs": {"s3": {"addressing_style": "path"}}})
        self.assertEqual(self.python("pyarrow"), {
            "region": "us-east-1", "scheme": "http", "endpoint_override": self.host})

    def test_at_aws(self):
        del self.environment["AWS_ENDPOINT_URL_S3"]
        ca = ("--ca-bundle", "/ca.pem", "--region", "eu-west-3")
        self.assertEqual(self.python("polars", *ca), {
            "aws_region": "eu-west-3", "aws_virtual_hosted_style_request": "true"})
        self.assertIn("/ca.pem into SSL_CERT_FILE", self.emit("polars", *ca))
        self.assertEqual(self.python("fsspec", *ca), {
            "client_kwargs": {"region_name": "eu-west-3", "verify": "/ca.pem"},
            "config_kwargs": {"s3": {"addressing_style": "virtual"}}})
        self.assertEqual(self.python("pyarrow", *ca), {
            "region": "eu-west-3", "scheme": "https", "tls_ca_file_path": "/ca.pem"})
        self.assertNotIn("AWS_ENDPOINT_URL_S3", self.shell(*ca))
        sql = self.emit("duckdb", *ca)
        self.assertIn("ENDPOINT 's3.eu-west-3.amazonaws.com'", sql)
        self.assertIn("URL_STYLE 'vhost'", sql)
        self.assertIn("USE_SSL true", sql)
        # A bucket with dots has no certificate: its name goes into the path, for everybody.
        got = self.python("polars", "--region", "eu-west-3", "s3://a.b.c/x")
        self.assertEqual(got["aws_endpoint_url"], "https://s3.eu-west-3.amazonaws.com")
        self.assertEqual(got["aws_virtual_hosted_style_request"], "false")

    def test_the_bucket_in_the_host(self):
        place = ("--endpoint-url", "https://store.example", "--virtual-style")
        self.assertEqual(self.python("polars", *place, "s3://bucket/x")["aws_endpoint_url"],
                         "https://bucket.store.example")
        self.assertIn("give its URL", self.emit("polars", *place))
        self.assertTrue(self.python("pyarrow", *place)["force_virtual_addressing"])
        self.assertIn("SCOPE 's3://bucket/'", self.emit("duckdb", *place, "s3://bucket/x"))

    def test_a_path_in_the_endpoint(self):
        place = ("--endpoint-url", self.s3.url + "/prefix")
        self.assertEqual(self.python("fsspec", *place)["endpoint_url"], self.s3.url + "/prefix")
        self.assertEqual(self.shell(*place)["AWS_ENDPOINT_URL_S3"], self.s3.url + "/prefix")
        for target in ("duckdb", "pyarrow"):
            self.assertIn("has a path", self.emit(target, *place, code=1))

    def test_secrets_are_asked_for(self):
        for target in TARGETS:
            self.assertIn("--secrets", self.emit(target))
            self.assertIn(SECRET, self.emit(target, "--secrets", secret=True))
        self.assertIn("credential_chain", self.emit("duckdb"))
        self.environment["AWS_SESSION_TOKEN"] = "token"
        self.assertEqual(self.python("pyarrow", "--secrets", secret=True)["session_token"], "token")
        self.assertEqual(self.shell("--secrets", secret=True)["AWS_SESSION_TOKEN"], "token")

    def test_profiles(self):
        os.mkdir(self.path(".aws"))
        self.write(".aws/credentials", (
            "[work]\naws_access_key_id = WORK\naws_secret_access_key = %s\n" % SECRET).encode())
        work = ("--profile", "work")
        self.assertEqual(self.python("fsspec", *work)["profile"], "work")
        self.assertEqual(self.shell(*work)["AWS_PROFILE"], "work")
        self.assertIn("PROFILE 'work'", self.emit("duckdb", *work))
        self.assertIn("AWS_PROFILE", self.emit("pyarrow", *work))
        got = self.python("fsspec", "--secrets", *work, secret=True)
        self.assertEqual(got["key"], "WORK")
        self.assertNotIn("profile", got)

    def test_anonymous(self):
        self.assertTrue(self.python("fsspec", "--anonymous")["anon"])
        self.assertTrue(self.python("pyarrow", "--anonymous", "--secrets")["anonymous"])
        self.assertEqual(self.python("polars", "--anonymous")["aws_skip_signature"], "true")
        self.assertNotIn("credential_chain", self.emit("duckdb", "--anonymous"))

    def test_hostile_values_stay_values(self):
        self.environment["AWS_SECRET_ACCESS_KEY"] = HOSTILE
        how = {"secret": True}
        self.assertEqual(self.python("polars", "--secrets", **how)["aws_secret_access_key"], HOSTILE)
        self.assertEqual(self.python("fsspec", "--secrets", **how)["secret"], HOSTILE)
        self.assertEqual(self.python("pyarrow", "--secrets", **how)["secret_key"], HOSTILE)
        self.assertEqual(self.shell("--secrets", **how)["AWS_SECRET_ACCESS_KEY"], HOSTILE)
        self.assertIn("SECRET '" + HOSTILE.replace("'", "''") + "',",
                      self.emit("duckdb", "--secrets", **how))

    def test_line_breaks_are_refused(self):
        for bad in ("a\nb", "a\rb", "a\x1bb", b"a\xffb"):
            self.environment["AWS_SECRET_ACCESS_KEY"] = bad
            for target in TARGETS:
                got, out, err = self.run_tool("config", "--emit", target, "--secrets")
                self.assertEqual((got, out), (1, ""), target)
        del self.environment["AWS_SECRET_ACCESS_KEY"], self.environment["AWS_ACCESS_KEY_ID"]
        self.assertIn("no credentials", self.emit("env", "--secrets", code=1))

    def test_usage(self):
        self.config("a", "b", code=2)
        self.config("--secrets", code=2)
        self.config("--emit", "excel", code=2)
        self.config("file:///x", code=2)
        self.assertIn("--emit", self.run_tool("help", "config")[1])


class Certificates(ToolTest):
    """What the transport options lead to."""

    def test_a_certificate_of_the_command_line(self):
        ca, cert = self.path("ca.pem"), self.path("client.pem")
        s3 = Endpoint("--tls", "--ca-file", ca, "--client-cert", cert, "--tls-1.2")
        self.addCleanup(s3.stop)
        self.environment.update(AWS_ENDPOINT_URL_S3=s3.url, AWS_CA_BUNDLE=ca)
        put = ("put", self.write("f"), "s3://bucket/f", "--max-attempts", "2")
        code, _, err = self.run_tool(*put)
        self.assertEqual(code, 1)
        self.assertIn("client_cert", err)
        code, _, err = self.run_tool(*put, "--client-cert", cert)
        self.assertEqual((code, err), (0, ""))
        code, _, err = self.run_tool(*put, "--client-cert", cert, "--tls-minimum", "1.3")
        self.assertEqual(code, 1)
        self.assertIn("tls_minimum", err)

    def test_the_proxy_is_blamed(self):
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            address = "127.0.0.1:%d" % nobody.getsockname()[1]
        self.environment["http_proxy"] = "http://me:hidden@" + address
        put = ("put", self.write("f"), "s3://bucket/f", "--max-attempts", "2")
        code, _, err = self.run_tool(*put)
        self.assertEqual(code, 1)
        self.assertIn("the proxy cannot be reached", err)
        self.assertNotIn("hidden", err)
        self.environment["NO_PROXY"] = "127.0.0.1"
        self.assertEqual(self.run_tool(*put)[0], 0)


if __name__ == "__main__":
    unittest.main()
