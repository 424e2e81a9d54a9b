"""test_get.py - cloudwriter get, cat and head: from the object to a file or a pipe"""
import gzip
import json
import os
import signal
import subprocess
import time
import unittest

from harness import MIB, TOOL, DEADLINE, ToolTest, wait_for


class Reading(ToolTest):
    def object(self, key, content):
        status, _, body = self.s3.request("POST", "/_test/fault", "")
        self.assertLess(status, 300, body)
        self.put(self.write("source", content), "s3://bucket/" + key)
        os.unlink(self.path("source"))

    def get(self, *arguments, code=0):
        """Run get with --json: what it printed, and standard error."""
        got, out, err = self.run_tool("get", "--json", *arguments)
        self.assertEqual(got, code, err)
        return (json.loads(out) if out else None), err

    def bytes_of(self, *arguments, code=0):
        done = subprocess.run([TOOL, *arguments], env=self.environment, cwd=self.folder,
                              capture_output=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def content(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def parts(self):
        return [n for n in os.listdir(self.folder) if n.endswith(".part")]


class Get(Reading):
    def test_to_a_file_a_folder_and_here(self):
        content = os.urandom(3 * MIB + 5)
        self.object("in/name.bin", content)
        os.mkdir(self.path("folder"))
        for to, name in ((["there"], "there"), (["folder"], "folder/name.bin"),
                         (["folder/"], "folder/name.bin"), ([], "name.bin")):
            result, err = self.get("s3://bucket/in/name.bin", *to)
            self.assertEqual(err, "")
            self.assertEqual(self.content(name), content)
            self.assertEqual(result["status"], "done")
            self.assertEqual(result["bytes"], len(content))
            self.assertEqual(result["verified"], "good")
            self.assertEqual(result["resumed_from"], 0)
            self.assertEqual(result["file"].lstrip("./"), name)
            self.assertTrue(result["etag"])
        self.assertEqual(self.parts(), [])

    def test_to_standard_output(self):
        self.object("key", b"some bytes")
        self.assertEqual(self.bytes_of("get", "s3://bucket/key", "-"), b"some bytes")

    def test_silent_by_default(self):
        self.object("key", b"x")
        self.assertEqual(self.run_tool("get", "s3://bucket/key", "file"), (0, "", ""))

    def test_empty(self):
        self.object("key", b"")
        self.get("s3://bucket/key", "file")
        self.assertEqual(self.content("file"), b"")

    def test_files_of_this_machine(self):
        self.write("a", b"content")
        self.environment["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:1"
        result, _ = self.get("file://" + self.path("a"), "b")
        self.assertEqual(self.content("b"), b"content")
        self.assertEqual(result["verified"], "no_checksum")

    def test_what_is_there_stays_until_all_is_there(self):
        self.write("file", b"older")
        self.object("key", os.urandom(2 * MIB))
        self.s3.fault("op=GetObject skip=1 times=inf do=status:403:AccessDenied")
        result, err = self.get("s3://bucket/key", "file", code=1)
        self.assertEqual(result["status"], "failed")
        self.assertEqual(result["error"]["service_code"], "AccessDenied")
        self.assertIn("--continue", err)
        self.assertEqual(self.content("file"), b"older")
        self.assertEqual(len(self.parts()), 1)

    def test_nothing_is_left_of_what_never_began(self):
        result, err = self.get("s3://bucket/missing", "file", code=1)
        self.assertEqual(result["error"]["status"], "CW_E_NOT_FOUND")
        self.assertIn("missing", err)
        self.assertEqual(os.listdir(self.folder), [])

    def test_continue(self):
        content = os.urandom(20 * MIB)
        self.object("key", content)
        self.s3.fault("op=GetObject skip=2 times=inf do=status:403:AccessDenied")
        self.get("s3://bucket/key", "file", code=1)
        part = self.parts()[0]
        size = os.path.getsize(self.path(part))
        self.assertGreater(size, 0)
        self.s3.request("DELETE", "/_test/fault")
        result, _ = self.get("--continue", "s3://bucket/key", "file")
        self.assertEqual(result["resumed_from"], size)
        self.assertEqual(result["bytes"], len(content))
        self.assertEqual(result["verified"], "good")
        self.assertTrue(self.content("file") == content)
        self.assertEqual(self.parts(), [])

    def test_continue_verifies_what_was_there(self):
        content = os.urandom(20 * MIB)
        self.object("key", content)
        self.s3.fault("op=GetObject skip=2 times=inf do=status:403:AccessDenied")
        self.get("s3://bucket/key", "file", code=1)
        with open(self.path(self.parts()[0]), "r+b") as part:
            part.seek(1000)
            part.write(bytes([content[1000] ^ 1]))
        self.s3.request("DELETE", "/_test/fault")
        result, err = self.get("--continue", "s3://bucket/key", "file", code=1)
        self.assertEqual(result["error"]["status"], "CW_E_INTEGRITY")
        self.assertEqual(result["verified"], "bad")
        self.assertEqual(os.listdir(self.folder), [])
        self.get("--continue", "s3://bucket/key", "file")
        self.assertTrue(self.content("file") == content)

    def test_continue_what_is_all_there(self):
        content = os.urandom(2 * MIB)
        self.object("key", content)
        etag = self.s3.get("key")[1]["etag"].strip('"')
        self.write("file.%s.part" % etag, content)
        before = self.s3.state()["requests"].get("GetObject", 0)
        result, _ = self.get("--continue", "s3://bucket/key", "file")
        self.assertEqual((result["verified"], result["resumed_from"]), ("good", len(content)))
        self.assertEqual(self.s3.state()["requests"].get("GetObject", 0), before)
        self.assertTrue(self.content("file") == content)

    def test_continue_with_another_version_starts_anew(self):
        self.object("key", os.urandom(20 * MIB))
        self.s3.fault("op=GetObject skip=2 times=inf do=status:403:AccessDenied")
        self.get("s3://bucket/key", "file", code=1)
        self.s3.request("DELETE", "/_test/fault")
        content = os.urandom(20 * MIB)
        self.object("key", content)
        result, _ = self.get("--continue", "s3://bucket/key", "file")
        self.assertEqual(result["resumed_from"], 0)
        self.assertTrue(self.content("file") == content)

    def test_without_continue_what_was_left_is_overwritten(self):
        content = os.urandom(2 * MIB)
        self.object("key", content)
        etag = self.s3.get("key")[1]["etag"].strip('"')
        self.write("file.%s.part" % etag, b"rubbish")
        self.get("s3://bucket/key", "file")
        self.assertTrue(self.content("file") == content)

    def test_damage_is_not_kept(self):
        self.object("key", os.urandom(2 * MIB))
        self.s3.fault("op=GetObject times=inf do=corrupt_reply:100000")
        result, err = self.get("s3://bucket/key", "file", code=1)
        self.assertEqual(result["error"]["status"], "CW_E_INTEGRITY")
        self.assertEqual(result["verified"], "bad")
        self.assertIn("checksum", err)
        self.assertEqual(os.listdir(self.folder), [])
        self.get("--no-checksum", "s3://bucket/key", "file")

    def test_a_connection_that_is_cut_again_and_again(self):
        content = os.urandom(40 * MIB)
        self.object("key", content)
        self.s3.fault("op=GetObject times=inf do=truncate_body:1000000")
        result, _ = self.get("s3://bucket/key", "file")
        self.assertTrue(self.content("file") == content)
        self.assertEqual(result["verified"], "good")
        self.assertGreater(result["retries"], 10)

    def test_a_signal_ends_it(self):
        self.object("key", os.urandom(2 * MIB))
        self.s3.fault("op=GetObject times=inf do=stall_reply:forever:900000")
        process = self.start("get", "s3://bucket/key", "file")
        wait_for(lambda: self.parts() and os.path.getsize(self.path(self.parts()[0])), "bytes")
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        code, _, err = self.finish(process)
        self.assertEqual(code, 1)
        self.assertIn("signal", err)
        self.assertLess(time.monotonic() - begun, 10)
        self.assertFalse(os.path.exists(self.path("file")))

    def test_progress(self):
        self.object("key", os.urandom(2 * MIB))
        _, _, err = self.run_tool("get", "--progress", "s3://bucket/key", "file")
        self.assertNotIn("in flight", err)
        self.assertEqual(self.run_tool("get", "--no-progress", "s3://bucket/key", "f")[2], "")

    def test_wrong_usage(self):
        for arguments in ([], ["a", "b", "c"], ["--json", "a", "-"], ["--continue", "a", "-"],
                          ["--continue", "--gunzip", "a", "b"], ["s3://bucket/x/"],
                          ["s3://bucket/.."], ["s3://bucket/x", "--connections", "100000"]):
            code, _, err = self.run_tool("get", *arguments)
            self.assertEqual(code, 2, arguments)
            self.assertTrue(err)


class Cat(Reading):
    def test_several(self):
        first, second = os.urandom(3 * MIB), os.urandom(700000)
        self.object("a", first)
        self.object("b", second)
        self.write("c", b"end")
        got = self.bytes_of("cat", "s3://bucket/a", "s3://bucket/b", "c")
        self.assertTrue(got == first + second + b"end")

    def test_the_first_failure_ends_it(self):
        self.object("a", b"one")
        self.object("b", b"two")
        got = self.bytes_of("cat", "s3://bucket/a", "s3://bucket/none", "s3://bucket/b", code=1)
        self.assertEqual(got, b"one")

    def test_decompressed(self):
        plain = b"a line of text\n" * 200000
        packed = gzip.compress(plain[:1000]) + gzip.compress(plain[1000:])
        self.object("gz", packed)
        self.put("--zstd", self.write("plain", plain), "s3://bucket/zst")
        self.assertTrue(self.bytes_of("cat", "--gunzip", "s3://bucket/gz") == plain)
        self.assertTrue(self.bytes_of("cat", "--unzstd", "s3://bucket/zst") == plain)
        for key in ("gz", "zst"):
            self.assertTrue(
                self.bytes_of("cat", "--decompress", "auto", "s3://bucket/" + key) == plain)
        self.assertTrue(self.bytes_of("cat", "--decompress", "auto", "plain") == plain)
        self.assertTrue(self.bytes_of("cat", "s3://bucket/gz") == packed)
        self.bytes_of("cat", "--gunzip", "plain", code=1)
        self.object("cut", packed[:-5])
        self.bytes_of("cat", "--gunzip", "s3://bucket/cut", code=1)

    def test_nobody_reads(self):
        self.object("a", os.urandom(20 * MIB))
        process = self.start("cat", "s3://bucket/a")
        process.stdout.read(10)
        process.stdout.close()
        self.assertEqual(process.wait(DEADLINE), 1)
        self.assertEqual(process.stderr.read(), b"")

    def test_a_full_disk(self):
        self.object("a", b"x" * 1000)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([TOOL, "cat", "s3://bucket/a"], env=self.environment,
                                  stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE,
                                  check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"No space left", done.stderr)

    def test_wrong_usage(self):
        self.assertEqual(self.run_tool("cat")[0], 2)
        self.assertEqual(self.run_tool("cat", "--json", "x")[0], 2)
        self.assertEqual(self.run_tool("cat", "--decompress", "lzma", "x")[0], 2)


class Head(Reading):
    def test_bytes(self):
        content = os.urandom(9 * MIB)
        self.object("key", content)
        for n in (0, 1, 1000, 600000, 5 * MIB, 20 * MIB):
            got = self.bytes_of("head", "-c", str(n), "s3://bucket/key")
            self.assertTrue(got == content[:n], n)
        self.assertEqual(self.bytes_of("head", "--bytes=4KiB", "s3://bucket/key"), content[:4096])

    def test_few_bytes_are_one_small_request(self):
        self.object("key", os.urandom(9 * MIB))
        self.s3.fault("op=GetObject times=inf do=truncate_body:1000")
        self.bytes_of("head", "-c", "1000", "s3://bucket/key")

    def test_lines(self):
        content = b"".join(b"line %d\n" % i for i in range(100000)) + b"no end"
        self.object("key", content)
        lines = content.splitlines(keepends=True)
        self.assertEqual(self.bytes_of("head", "s3://bucket/key"), b"".join(lines[:10]))
        for n in (0, 1, 50000, 100000, 100001, 200000):
            got = self.bytes_of("head", "-n", str(n), "s3://bucket/key")
            self.assertTrue(got == b"".join(lines[:n]), n)

    def test_decompressed(self):
        self.object("key", gzip.compress(b"one\ntwo\nthree\n"))
        self.assertEqual(self.bytes_of("head", "-n2", "--gunzip", "s3://bucket/key"),
                         b"one\ntwo\n")
        self.assertEqual(self.bytes_of("head", "-c5", "--gunzip", "s3://bucket/key"), b"one\nt")

    def test_wrong_usage(self):
        self.assertEqual(self.run_tool("head", "-c", "1", "-n", "1", "x")[0], 2)
        self.assertEqual(self.run_tool("head", "-c", "many", "x")[0], 2)


if __name__ == "__main__":
    unittest.main()
