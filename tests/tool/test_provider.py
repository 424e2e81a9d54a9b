"""test_provider.py - --provider, on an endpoint that answers as Google's does"""
import os
import unittest

import harness


class Provider(harness.ToolTest):
    options = ("--provider", "gcs")

    def requests(self, operation):
        return self.s3.state()["requests"].get(operation, 0)

    def put(self, *arguments, code=0):
        name = self.write("file", b"12345")
        got, out, err = self.run_tool("put", name, "s3://bucket/key", *arguments)
        self.assertEqual(got, code, out + err)
        return err

    def test_by_option(self):
        self.put("--provider", "gcs")
        self.assertEqual(self.requests("PutObject"), 1)
        self.assertEqual(self.s3.get("key")[2], b"12345")
        err = self.put("--provider", "gcs", "--create-only", code=2)
        self.assertIn("gcs", err)
        self.assertEqual(self.requests("PutObject"), 1)

    def test_by_its_answers(self):
        self.put("-v")
        self.assertEqual(self.requests("PutObject"), 2)
        self.assertEqual(self.s3.get("key")[2], b"12345")

    def test_usage(self):
        self.assertIn("--provider", self.put("--provider", "nobody", code=2))
        with open(os.path.join(os.environ["CW_MANUAL"], "cloudwriter.1"), encoding="utf-8") as f:
            self.assertIn("Fl -provider", f.read())
        self.assertIn("generic", self.run_tool("help", "put")[1])


if __name__ == "__main__":
    unittest.main()
