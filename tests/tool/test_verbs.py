"""test_verbs.py - ls, stat, rm, cp, mv, mb, rb, du and presign, on the endpoint and on files"""
import json
import os
import subprocess
import unittest
import urllib.request

import harness


class Verbs(harness.ToolTest):
    def ok(self, *arguments, code=0):
        got, out, err = self.run_tool(*arguments)
        self.assertEqual(got, code, out + err)
        return out

    def lines(self, *arguments, code=0):
        return [json.loads(line) for line in self.ok(*arguments, "--json", code=code).splitlines()]

    def urls(self, *arguments):
        return [line["url"] for line in self.lines("ls", *arguments)]

    def fill(self, *keys):
        for key in keys:
            self.put("-", "s3://bucket/" + key, data=b"12345")

    def test_ls_and_du(self):
        self.fill("a", "b/1", "b/2", "c d+%")
        self.assertEqual(self.urls("s3://bucket"),
                         ["s3://bucket/a", "s3://bucket/b/", "s3://bucket/c d+%"])
        self.assertEqual(self.urls("-r", "s3://bucket/b"), ["s3://bucket/b/1", "s3://bucket/b/2"])
        one = self.lines("ls", "s3://bucket/a")[0]
        self.assertEqual((one["bytes"], one["type"]), (5, "object"))
        self.assertIn("s3://bucket/b/", self.ok("ls", "s3://bucket"))
        self.assertEqual(self.lines("du", "s3://bucket/")[0],
                         {"url": "s3://bucket/", "bytes": 20, "objects": 4})
        self.assertIn("4 objects", self.ok("du", "s3://bucket"))
        self.assertEqual(self.ok("ls", "s3://bucket/nothing"), "")
        self.ok("ls", "s3://no-such-bucket", code=1)
        self.ok("ls", code=2)

    def test_ls_of_files(self):
        for name in ("x/a", "x/b/c"):
            self.write(name, b"12345")
        x = self.path("x") + "/"
        self.assertEqual(self.urls(x), [x + "a", x + "b/"])
        self.assertEqual(self.urls("-r", x), [x + "a", x + "b/c"])

    def test_glob(self):
        self.fill("logs/2026-01/a.csv", "logs/2026-01/b.txt", "logs/2026-02/x/a.csv",
                  "logs/2027/a.csv", "[x]")
        pattern = "s3://bucket/logs/2026-*/**/*.csv"
        self.assertEqual(self.ok("glob", pattern).splitlines(),
                         ["s3://bucket/logs/2026-01/a.csv", "s3://bucket/logs/2026-02/x/a.csv"])
        self.assertEqual(self.lines("glob", "s3://bucket/logs/{2027,x}/?.csv")[0]["bytes"], 5)
        self.assertEqual(self.ok("glob", "s3://bucket/\\[x]"), "s3://bucket/[x]\n")
        self.assertEqual(self.ok("glob", "s3://bucket/no*"), "")
        self.assertEqual(self.urls("--glob", pattern)[1], "s3://bucket/logs/2026-02/x/a.csv")
        self.assertEqual(self.lines("du", "--glob", pattern)[0]["objects"], 2)
        self.ok("glob", "s3://buck*/x", code=2)
        self.ok("glob", "s3://bucket/[x", code=2)
        self.ok("glob", "s3://no-such-bucket/*", code=1)
        self.ok("glob", code=2)
        self.write("here.c")
        self.assertEqual(self.ok("glob", "*.c"), "./here.c\n")
        self.assertEqual(self.ok("glob", self.path("*.c")), self.path("here.c") + "\n")

    def test_patterns_of_others(self):
        self.fill("a/1.csv", "a/b/2.csv", "a/3.txt", "a/*.csv")
        self.ok("cp", "--glob", "s3://bucket/a/**.csv", "s3://bucket/to")
        self.assertEqual(self.urls("-r", "s3://bucket/to/"),
                         ["s3://bucket/to/*.csv", "s3://bucket/to/1.csv", "s3://bucket/to/b/2.csv"])
        self.ok("mv", "--glob", "s3://bucket/to/[0-9].csv", self.path("here"))
        self.assertEqual(self.read("here/1.csv"), "12345")
        self.assert_nothing("to/1.csv")
        self.assertIn("would delete", self.ok("rm", "--glob", "-n", "s3://bucket/a/*.csv"))
        self.ok("rm", "s3://bucket/a/*.csv")  # that one
        self.assertEqual(len(self.urls("-r", "s3://bucket/a/")), 3)
        self.ok("rm", "--glob", "s3://bucket/a/*.csv")
        self.assertEqual(self.urls("-r", "s3://bucket/a/"),
                         ["s3://bucket/a/3.txt", "s3://bucket/a/b/2.csv"])

    def test_stat(self):
        self.put("-", "s3://bucket/key", "--metadata", "who=me", "--content-type", "text/x",
                 data=b"12345")
        one = self.lines("stat", "s3://bucket/key")[0]
        self.assertEqual((one["bytes"], one["content_type"], one["metadata"]["who"]),
                         (5, "text/x", "me"))
        self.assertIn("content type", self.ok("stat", "s3://bucket/key"))
        self.assertEqual(self.lines("stat", self.write("file"))[0]["bytes"], 8)
        failed = self.lines("stat", "s3://bucket/no", code=1)[0]
        self.assertEqual(failed["status"], "failed")

    def test_rm(self):
        self.fill("a", "b/1", "b/2", "bb")
        self.ok("rm", "-n", "s3://bucket/a")
        self.assertEqual(self.s3.get("a")[0], 200)
        self.ok("rm", "s3://bucket/a")
        self.assert_nothing("a")
        self.ok("rm", "s3://bucket/a", code=1)
        self.assertEqual(self.ok("rm", "-f", "s3://bucket/a"), "gone  s3://bucket/a\n")
        self.assertEqual(self.lines("rm", "-f", self.path("no"), "s3://bucket/a"),
                         [{"url": self.path("no"), "status": "gone"},
                          {"url": "s3://bucket/a", "status": "gone"}])
        out = self.ok("rm", "-r", "-n", "s3://bucket/b")
        self.assertEqual(out.count("would delete"), 2)
        told = self.lines("rm", "-r", "s3://bucket/b")
        self.assertEqual([t["status"] for t in told], ["deleted", "deleted"])
        self.assertEqual(self.urls("-r", "s3://bucket"), ["s3://bucket/bb"])
        self.s3.fault("op=DeleteObject do=status:403:AccessDenied")
        self.ok("rm", "s3://bucket/bb", code=1)

    def test_rm_many(self):
        self.fill(*["m/%d" % i for i in range(30)])
        self.assertEqual(len(self.lines("rm", "-r", "s3://bucket/")), 30)
        self.assertEqual(self.s3.state()["requests"].get("DeleteObjects"), 1)
        self.assertEqual(self.urls("-r", "s3://bucket"), [])

    def test_cp_within_the_service(self):
        self.fill("a", "b/1", "b/c/2")
        self.ok("cp", "s3://bucket/a", "s3://bucket/copy")
        self.assert_object("copy", b"12345")
        self.ok("cp", "s3://bucket/a", "s3://bucket/folder/")
        self.assert_object("folder/a", b"12345")
        self.ok("cp", "-r", "s3://bucket/b", "s3://bucket/to")
        self.assert_object("to/c/2", b"12345")
        self.assertEqual(self.s3.state()["requests"].get("GetObject", 0), 3)  # the checks here
        self.ok("cp", "--create-only", "s3://bucket/a", "s3://bucket/copy", code=1)
        self.ok("cp", "-r", "s3://bucket/b", "s3://bucket/b/below", code=2)
        self.ok("cp", "s3://bucket/a", code=2)
        self.ok("cp", "s3://bucket/a", "s3://bucket/b/1", "s3://bucket/no-folder", code=2)
        self.ok("cp", "s3://bucket/no", "s3://bucket/x", code=1)

    def test_cp_through_here(self):
        content = os.urandom(9_000_000)
        self.write("from/one.txt", content)
        self.write("from/sub/two", b"2")
        self.ok("cp", "-r", self.path("from"), "s3://bucket/to")
        headers = self.assert_object("to/one.txt", content)
        self.assertEqual(headers["content-type"], "text/plain")
        self.ok("cp", "-r", "s3://bucket/to", self.path("back/"))
        with open(self.path("back/one.txt"), "rb") as f:
            self.assertTrue(f.read() == content)
        self.assertEqual(self.read("back/sub/two"), "2")
        self.ok("cp", "-n", self.path("from/sub/two"), "s3://bucket/dry")
        self.assert_nothing("dry")
        self.ok("cp", self.path("from/sub/two"), self.path("copy"))
        self.assertEqual(self.read("copy"), "2")

    def test_cp_describes(self):
        self.put("-", "s3://bucket/a", "--metadata", "who=me", "--content-type", "text/x",
                 "--tag", "t=1", data=b"12345")
        self.ok("cp", "--storage-class", "STANDARD_IA", "s3://bucket/a", "s3://bucket/a")
        one = self.lines("stat", "s3://bucket/a")[0]
        self.assertEqual((one["storage_class"], one["content_type"], one["metadata"]["who"],
                          one["tags"]), ("STANDARD_IA", "text/x", "me", 1))
        self.ok("cp", "--replace", "--cache-control", "no-store", "s3://bucket/a", "s3://bucket/b")
        one = self.lines("stat", "s3://bucket/b")[0]
        self.assertEqual((one["cache_control"], one["tags"]), ("no-store", 0))
        self.assertNotIn("who", one["metadata"])
        self.ok("cp", "--if-match", "x", "s3://bucket/a", "s3://bucket/c", code=1)
        self.ok("cp", "--if-match", one["etag"], "s3://bucket/b", "s3://bucket/c")
        self.ok("cp", "-r", "--if-match", "x", "s3://bucket/a", "s3://bucket/c", code=2)

    def test_cp_of_encrypted_objects(self):
        key, other = self.write("key", b"k" * 32), self.write("other", b"ab" * 32)
        self.put("--sse-c-key-file", key, "-", "s3://bucket/a", data=b"12345")
        self.ok("cp", "s3://bucket/a", "s3://bucket/b", code=1)
        self.ok("cp", "--source-key-file", key, "--sse-c-key-file", other,
                "s3://bucket/a", "s3://bucket/b")
        self.ok("stat", "--sse-c-key-file", key, "s3://bucket/b", code=1)
        self.assertEqual(self.lines("stat", "--sse-c-key-file", other, "s3://bucket/b")[0]["bytes"],
                         5)
        self.assertEqual(self.ok("cat", "--sse-c-key-file", other, "s3://bucket/b"), "12345")
        self.ok("cp", "--source-key-file", other, "s3://bucket/b", self.path("file"))
        self.assertEqual(self.read("file"), "12345")
        self.ok("mv", "--sse-c-key-file", key, self.path("file"), "s3://bucket/c")
        self.assertFalse(os.path.exists(self.path("file")))
        self.ok("mv", "--source-key-file", key, "s3://bucket/c", self.path("file"))
        self.assertEqual(self.urls("s3://bucket"), ["s3://bucket/a", "s3://bucket/b"])
        self.ok("rm", "s3://bucket/a", "s3://bucket/b")

    def test_keys_that_lead_out(self):
        self.fill("x/../../evil", "x//y", "x/good")
        self.ok("cp", "-r", "s3://bucket/x", self.path("inside"), code=1)
        self.assertEqual(self.read("inside/good"), "12345")
        self.assertFalse(os.path.exists(self.path("evil")))
        self.assertEqual(sorted(os.listdir(self.path("inside"))), ["good"])

    def test_mv(self):
        self.fill("a", "b/1")
        self.ok("mv", "-n", "s3://bucket/a", "s3://bucket/c")
        self.assertEqual(self.s3.get("a")[0], 200)
        self.ok("mv", "s3://bucket/a", "s3://bucket/c")
        self.assert_nothing("a")
        self.assert_object("c", b"12345")
        self.ok("mv", "s3://bucket/c", self.path("file"))
        self.assertEqual(self.read("file"), "12345")
        self.assert_nothing("c")
        self.ok("mv", self.path("file"), "s3://bucket/d/")
        self.assertFalse(os.path.exists(self.path("file")))
        self.assert_object("d/file", b"12345")
        self.ok("mv", "-r", "s3://bucket/b", "s3://bucket/e")
        self.assertEqual(self.urls("-r", "s3://bucket"), ["s3://bucket/d/file", "s3://bucket/e/1"])
        self.ok("mv", "s3://bucket/e/1", "s3://bucket/e/1", code=2)
        self.assert_object("e/1", b"12345")

    def test_buckets(self):
        self.ok("mb", "s3://fresh-bucket")
        self.ok("mb", "s3://fresh-bucket", code=1)
        self.put("-", "s3://fresh-bucket/key", data=b"x")
        self.ok("rb", "s3://fresh-bucket", code=1)
        self.ok("rm", "s3://fresh-bucket/key")
        self.ok("rb", "-n", "s3://fresh-bucket")
        self.ok("rb", "s3://fresh-bucket")
        self.ok("rb", "s3://fresh-bucket", code=1)
        self.ok("mb", self.path("folder"))
        self.assertTrue(os.path.isdir(self.path("folder")))

    def test_presign(self):
        self.fill("a b")
        url = self.ok("presign", "s3://bucket/a b").strip()
        with urllib.request.urlopen(url, timeout=20) as reply:
            self.assertEqual(reply.read(), b"12345")
        url = self.lines("presign", "--method", "PUT", "--expires", "5m", "s3://bucket/n")[0]["signed"]
        self.assertIn("X-Amz-Expires=300", url)
        request = urllib.request.Request(url, data=b"new", method="PUT")
        request.remove_header("Content-type")
        with urllib.request.urlopen(request, timeout=20) as reply:
            self.assertEqual(reply.status, 200)
        self.assert_object("n", b"new")
        self.ok("presign", "--expires", "8d", "s3://bucket/a", code=2)
        self.ok("presign", "/tmp/x", code=1)

    def test_the_example_on_s3(self):
        program = os.path.join(os.environ["CW_EXAMPLES"], "store")
        done = subprocess.run([program, "s3://bucket/some/prefix"], env=self.environment,
                              capture_output=True, text=True, timeout=harness.DEADLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1000000 bytes in 16 pieces", done.stdout)
        self.assertIn("1000000 bytes at once", done.stdout)
        self.assertIn("a second time: CW_E_ALREADY_EXISTS", done.stdout)
        self.assertIn("../elsewhere: CW_E_INVALID_ARGUMENT", done.stdout)
        self.assertEqual(self.urls("-r", "s3://bucket"), [])
        del self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"]
        done = subprocess.run([program, "s3://bucket"], env=self.environment, capture_output=True,
                              text=True, timeout=harness.DEADLINE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("usage: store", done.stderr)
        for arguments in ([], ["a", "b"]):
            done = subprocess.run([program, *arguments], capture_output=True, text=True,
                                  timeout=harness.DEADLINE)
            self.assertEqual(done.returncode, 1)
            self.assertIn("usage: store", done.stderr)

    def test_the_rules_of_a_store_on_s3(self):
        program = os.path.join(os.environ["CW_EXAMPLES"], "store_rules")
        done = subprocess.run([program, "s3://bucket/some/prefix"], env=self.environment,
                              capture_output=True, text=True, timeout=harness.DEADLINE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("ok  eight create at once", done.stdout)
        self.assertNotIn("NO ", done.stdout)
        self.assertEqual(self.urls("-r", "s3://bucket"), [])

    def test_help(self):
        for verb in ("ls", "glob", "stat", "rm", "cp", "mv", "mb", "rb", "du", "presign"):
            self.assertIn("usage: cloudwriter", self.ok("help", verb))
            with open(os.path.join(os.environ["CW_MANUAL"], "cloudwriter-store.1"),
                      encoding="utf-8") as f:
                manual = f.read()
            self.assertRegex(manual, r"\.It Cm (\w+ , )*%s\n" % verb)
        for option in ("recursive", "glob", "versions", "force", "dry-run", "create-only", "method",
                       "expires", "content-type", "replace", "storage-class", "metadata", "sse",
                       "sse-c-key-file", "source-key-file", "version-id", "if-match", "progress", "no-progress"):
            self.assertIn("Fl -" + option, manual)


if __name__ == "__main__":
    unittest.main()
