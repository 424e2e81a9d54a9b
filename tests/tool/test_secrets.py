"""test_secrets.py - whatever the command does, and says of it with -vv, no secret is shown"""
import base64
import os
import unittest
import urllib.parse

import harness

SECRET, TOKEN = "test-secret", "session-token-of-the-tool/+=seen"
KEY = b"sse-c-key-of-the-tool-in-secrets"
FORMS = [form for text in (SECRET.encode(), TOKEN.encode(), KEY)
         for form in (text, base64.b64encode(text), text.hex().encode(),
                      urllib.parse.quote(text, safe="").encode())]


class Secrets(harness.ToolTest):
    options = ("--session-token", TOKEN)

    def setUp(self):
        super().setUp()
        self.environment["AWS_SESSION_TOKEN"] = TOKEN
        self.key = self.write("key", KEY)

    def say(self, *arguments, code=0, data=None):
        """Run with -vv; what it said, in which there is no secret."""
        got, out, err = self.run_tool(arguments[0], "-vv", *arguments[1:], data=data)
        self.assertEqual(got, code, out + err)
        for form in FORMS:
            self.assertNotIn(form.decode(), out + err)
        if arguments[0] != "presign":
            self.assertNotRegex(out + err, "Signature=[0-9a-f]{64}")
        return out + err

    def test_every_verb(self):
        url, data = "s3://bucket/key", os.urandom(6_000_000)
        keyed = ["--sse-c-key-file", self.key]
        self.say("put", "-", url, data=data)
        self.say("put", "--part-size", "5MiB", *keyed, "-", url + "-c", data=data)
        self.say("get", url, "file")
        self.say("get", *keyed, url + "-c", "file")
        self.say("get", "-r", "s3://bucket/", "folder", code=1)
        self.say("stat", "--json", url, *keyed, code=1)
        self.say("head", "-c", "4", url)
        self.say("cp", "--source-key-file", self.key, url + "-c", url + "-d")
        self.say("cp", *keyed, url, url + "-e")
        self.say("mv", url, url + "-f")
        for verb in ("ls", "du", "glob"):
            self.say(verb, "s3://bucket/*" if verb == "glob" else "s3://bucket")
        self.say("uploads", "ls", "s3://bucket")
        self.say("whoami")
        self.say("mb", "s3://another")
        self.say("rb", "s3://another")
        self.say("rm", "-r", "s3://bucket/")

    def test_failures(self):
        self.environment["AWS_SECRET_ACCESS_KEY"] = "another"
        self.assertIn("SignatureDoesNotMatch", self.say("put", "-", "s3://bucket/x", code=1,
                                                        data=b"x"))
        self.environment["AWS_SECRET_ACCESS_KEY"] = SECRET
        self.environment["AWS_SESSION_TOKEN"] = TOKEN + "!"
        self.say("ls", "s3://bucket", code=1)
        self.environment["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:1"
        self.say("ls", "--max-attempts", "2", "s3://bucket", code=1)


if __name__ == "__main__":
    unittest.main()
