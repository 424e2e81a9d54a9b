"""test_whoami.py - which provider the keys are from, why not the others, and no secret anywhere"""
import hashlib
import http.server
import json
import threading
import unittest

from harness import ToolTest

SECRET = "s3cr3t/of+the=test"


class Answers(http.server.BaseHTTPRequestHandler):
    """STS for GetCallerIdentity and a container agent."""

    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        signed = "Credential=AKIDEXAMPLEWXYZ/" in self.headers.get("Authorization", "")
        fine = signed and form == "Action=GetCallerIdentity&Version=2011-06-15"
        self.answer(200 if fine else 403, (
            "<GetCallerIdentityResponse><GetCallerIdentityResult>"
            "<Arn>arn:aws:iam::123:user/me</Arn></GetCallerIdentityResult>"
            "</GetCallerIdentityResponse>") if fine else (
            "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>not you</Message>"
            "</Error></ErrorResponse>"))

    def do_GET(self):
        self.answer(200, json.dumps({
            "AccessKeyId": "ASIACONTAINERKEY", "SecretAccessKey": SECRET, "Token": SECRET,
            "Expiration": "2099-01-02T03:04:05Z"}))

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class WhoAmI(ToolTest):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.addCleanup(self.server.server_close)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.shutdown)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        self.environment.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLEWXYZ", AWS_SECRET_ACCESS_KEY=SECRET,
                                AWS_EC2_METADATA_DISABLED="true", AWS_ENDPOINT_URL_STS=self.url)

    def forget_keys(self):
        del self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"]

    def whoami(self, *arguments, code=0):
        got, out, err = self.run_tool("whoami", *arguments)
        self.assertEqual(got, code, err)
        self.assertNotIn(SECRET, out + err)
        self.assertNotIn("AKIDEXAMPLEWXYZ", out + err)
        return out, err

    def test_environment(self):
        out, err = self.whoami()
        self.assertEqual(err, "")
        self.assertIn("the environment", out)
        self.assertIn("AKID****WXYZ", out)
        self.assertIn("us-east-1", out)
        self.assertNotIn("arn", out)

    def test_json_and_the_endpoint_of_a_bucket(self):
        got = json.loads(self.whoami("--json", "s3://bucket/key")[0])
        self.assertEqual(got["provider"], "the environment")
        self.assertEqual(got["key_id"], "AKID****WXYZ")
        self.assertIsNone(got["expires"])
        self.assertEqual(got["endpoint"], self.s3.url + "/bucket")
        del self.environment["AWS_ENDPOINT_URL_S3"]
        got = json.loads(self.whoami("--json", "--region", "eu-west-3", "s3://bucket")[0])
        self.assertEqual(got["endpoint"], "https://bucket.s3.eu-west-3.amazonaws.com/")
        self.assertEqual(got["region"], "eu-west-3")

    def test_verified(self):
        self.assertEqual(json.loads(self.whoami("--json", "--verify")[0])["arn"],
                         "arn:aws:iam::123:user/me")
        self.environment["AWS_ACCESS_KEY_ID"] = "AKSOMEBODYELSE"
        out, err = self.whoami("--verify", code=1)
        self.assertIn("InvalidClientTokenId", err)
        self.assertIn("AKSO****ELSE", out)

    def test_container(self):
        self.forget_keys()
        self.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = self.url + "/creds"
        got = json.loads(self.whoami("--json", "-v")[0])
        self.assertEqual(got["provider"], "the container agent")
        self.assertEqual(got["expires"], "2099-01-02T03:04:05Z")
        steps = got["providers"]
        self.assertEqual(list(steps), ["the options", "web identity", "the profile",
                                       "the container agent", "instance metadata"])
        self.assertEqual(steps["the container agent"]["status"], "CW_OK")
        self.assertIn("AWS_WEB_IDENTITY_TOKEN_FILE", steps["web identity"]["said"])

    def test_those_behind_are_told_why_not(self):
        self.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = self.url + "/creds"
        out, _ = self.whoami("-v")
        for said in ("* the environment: the environment",
                     "- web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set",
                     "- the profile: not asked, since the environment comes first",
                     "- the container agent: not asked, since the environment comes first",
                     "- instance metadata: instance metadata is off"):
            self.assertIn(said, out)
        self.forget_keys()
        self.write(".aws/config", b"[default]\ncredential_process = exit 3\n")
        out, _ = self.whoami("-v", code=1)
        self.assertIn("- the container agent: not asked, since the profile comes first", out)

    def test_nobody(self):
        self.forget_keys()
        out, err = self.whoami("-v", code=1)
        self.assertIn("no credentials were found", err)
        for said in ("- the options:", "- web identity:", "- the profile: profile 'default' has no",
                     "- the container agent:", "- instance metadata: instance metadata is off"):
            self.assertIn(said, out)
        got = json.loads(self.whoami("--json", code=1)[0])
        self.assertIsNone(got["provider"])
        self.assertEqual(got["error"]["status"], "CW_E_CREDENTIALS_MISSING")

    def test_the_keys_of_a_container_sign_an_upload(self):
        self.forget_keys()
        self.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = self.url + "/creds"
        code, _, err = self.run_tool("put", self.write("f"), "s3://bucket/f")
        self.assertEqual(code, 1)
        self.assertIn("InvalidAccessKeyId", err)  # the endpoint knows other keys only
        self.assertNotIn(SECRET, err)

    def test_anonymous(self):
        self.assertIn("unsigned", self.whoami("--anonymous")[0])

    def test_usage(self):
        self.whoami("a", "b", code=2)
        self.whoami("file:///x", code=2)
        self.assertIn("whoami [-v]", self.run_tool("help", "whoami")[1])


class Services(http.server.BaseHTTPRequestHandler):
    """STS, SSO and its OIDC, told apart by what their endpoints begin with."""
    asked, scopes = [], []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append(self.path)
        self.scopes.append(self.headers.get("Authorization", "").split(",")[0].split("/")[2:])
        self.answer({"/sts/": self.role, "/oidc/token": self.token}.get(self.path), body)

    def do_GET(self):
        self.asked.append(self.path.split("?")[0])
        token = self.headers.get("x-amz-sso_bearer_token")
        self.answer(self.keys if token == "s3cr3t-new-token" else None, "")

    @staticmethod
    def role(body):
        assert body.startswith("Action=AssumeRole&"), body
        return ("<AssumeRoleResponse><AssumeRoleResult><Credentials>"
                "<AccessKeyId>test</AccessKeyId><SecretAccessKey>test-secret</SecretAccessKey>"
                "<SessionToken></SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
                "</Credentials></AssumeRoleResult></AssumeRoleResponse>")

    @staticmethod
    def token(body):
        assert json.loads(body)["refreshToken"] == "s3cr3t-refresh", body
        return json.dumps({"accessToken": "s3cr3t-new-token", "expiresIn": 28800})

    @staticmethod
    def keys(_):
        return json.dumps({"roleCredentials": {
            "accessKeyId": "test", "secretAccessKey": "test-secret", "sessionToken": "",
            "expiration": 4070908800000}})

    def answer(self, how, body):
        text = how(body) if how else ""
        self.send_response(200 if how else 404)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class ServicesOfAProfile(ToolTest):
    """[services …] of the config file: who gives the keys is asked there, and nowhere else."""

    def setUp(self):
        super().setUp()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Services)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        self.url = "http://127.0.0.1:%d" % server.server_address[1]
        Services.asked, Services.scopes = [], []
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3"):
            del self.environment[name]
        self.environment["AWS_EC2_METADATA_DISABLED"] = "true"

    def configure(self, profile, services):
        text = "[default]\nservices = here\n%s\n[services here]\n" % profile
        for name, url in dict(services, s3=self.s3.url).items():
            text += "%s =\n  endpoint_url = %s\n" % (name, url)
        self.write(".aws/config", text.encode())

    def put(self, code=0):
        got, out, err = self.run_tool("put", "-vv", self.write("f"), "s3://bucket/f")
        self.assertEqual(got, code, err)
        self.assertNotIn("s3cr3t", out + err)
        return err

    def test_a_role(self):
        role = "role_arn = arn:aws:iam::1:role/r\nsource_profile = base\n" \
               "[profile base]\naws_access_key_id = B\naws_secret_access_key = s3cr3t"
        for slash in ("", "/"):  # the endpoint of a service may have a path
            self.configure(role, {"sts": self.url + "/sts" + slash, "sso": "http://127.0.0.1:1"})
            self.put()
            self.environment["AWS_REGION"] = "aws-global"
        self.assertEqual(Services.asked, ["/sts/", "/sts/"])
        self.assertEqual(Services.scopes, 2 * [["us-east-1", "sts", "aws4_request"]])
        self.environment["AWS_ENDPOINT_URL_STS"] = self.url + "/elsewhere"
        self.assertIn("STS refused AssumeRole", self.put(code=1))
        self.assertEqual(Services.asked[2], "/elsewhere/")

    def test_sso(self):
        self.configure("sso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
                       "[sso-session s]\nsso_start_url = https://start\nsso_region = eu-west-1",
                       {"sso": self.url + "/sso", "sso_oidc": self.url + "/oidc"})
        cache = hashlib.sha1(b"s").hexdigest()
        self.write(".aws/sso/cache/%s.json" % cache, json.dumps({
            "startUrl": "https://start", "region": "eu-west-1", "accessToken": "s3cr3t-old-token",
            "expiresAt": "2020-01-01T00:00:00Z", "clientId": "id", "clientSecret": "s3cr3t",
            "registrationExpiresAt": "2099-01-01T00:00:00Z",
            "refreshToken": "s3cr3t-refresh"}).encode())
        self.put()
        self.assertEqual(Services.asked, ["/oidc/token", "/sso/federation/credentials"])


if __name__ == "__main__":
    unittest.main()
