"""test_put.py - cloudwriter put, from the command line to the object"""
import gzip
import json
import os
import re
import socket
import subprocess
import unittest

from harness import MIB, ToolTest


class Files(ToolTest):
    def test_one_file(self):
        results, err = self.put(self.write("a.csv"), "s3://bucket/key")
        self.assertEqual(err, "")
        self.assertEqual(len(results), 1)
        result = results[0]
        self.assertEqual(result["url"], "s3://bucket/key")
        self.assertEqual(result["status"], "committed")
        self.assertEqual(result["bytes"], 8)
        self.assertEqual(result["parts"], 0)
        self.assertEqual(result["requests"], 1)
        self.assertEqual(result["retries"], 0)
        self.assertTrue(result["checksum"].startswith("crc64nvme:"))
        self.assertGreaterEqual(result["seconds"], 0)
        self.assertNotIn("error", result)
        headers = self.assert_object("key", b"content\n")
        self.assertEqual(headers["etag"].strip('"'), result["etag"])
        self.assertEqual(headers["content-type"], "text/csv")

    def test_silent_by_default(self):
        self.assertEqual(self.run_tool("put", self.write("a"), "s3://bucket/a"), (0, "", ""))

    def test_several_parts(self):
        content = os.urandom(23 * MIB + 5)
        results, _ = self.put("--part-size", "5MiB", "--fixed-parts", "--concurrency", "3",
                              self.write("big", content), "s3://bucket/big")
        self.assertEqual(results[0]["parts"], 5)
        self.assertEqual(results[0]["bytes"], len(content))
        self.assert_object("big", content)

    def test_empty_file(self):
        results, _ = self.put(self.write("empty", b""), "s3://bucket/empty")
        self.assertEqual(results[0]["bytes"], 0)
        self.assert_object("empty", b"")

    def test_folder_url_takes_the_name(self):
        self.put(self.write("x/y/name.txt"), "s3://bucket/in/")
        self.assert_object("in/name.txt", b"content\n")

    def test_several_files(self):
        files = [self.write("f%02d" % i, b"%d" % i) for i in range(20)]
        results, _ = self.put("-j", "8", *files, "s3://bucket/many/")
        self.assertEqual(len(results), 20)
        for i in range(20):
            self.assert_object("many/f%02d" % i, b"%d" % i)

    def test_one_bad_file_among_good_ones(self):
        results, err = self.put(self.write("good"), self.path("missing"), self.write("fine"),
                                "s3://bucket/mixed/", code=1)
        by_url = {r["url"]: r for r in results}
        self.assertEqual(len(results), 3)
        self.assertEqual(by_url["s3://bucket/mixed/missing"]["status"], "not_committed")
        self.assertEqual(by_url["s3://bucket/mixed/missing"]["error"]["errno"], 2)
        self.assertEqual(by_url["s3://bucket/mixed/good"]["status"], "committed")
        self.assertIn("No such file", err)
        self.assert_object("mixed/good", b"content\n")
        self.assert_object("mixed/fine", b"content\n")
        self.assert_nothing("mixed/missing")

    def test_descriptions_reach_the_object(self):
        self.put("--content-type", "x/y", "--content-encoding", "identity", "--cache-control",
                 "no-store", "--content-disposition", "inline", "--content-language", "de",
                 "--metadata", "colour=blue", "--metadata=shape=a=b", self.write("a"),
                 "s3://bucket/described")
        headers = self.assert_object("described", b"content\n")
        self.assertEqual(headers["content-type"], "x/y")
        self.assertEqual(headers["cache-control"], "no-store")
        self.assertEqual(headers["content-disposition"], "inline")
        self.assertEqual(headers["content-language"], "de")
        self.assertEqual(headers["x-amz-meta-colour"], "blue")
        self.assertEqual(headers["x-amz-meta-shape"], "a=b")

    def test_create_only_and_if_match(self):
        first, _ = self.put("--create-only", self.write("a", b"1"), "s3://bucket/once")
        results, _ = self.put("--create-only", self.write("b", b"2"), "s3://bucket/once", code=1)
        self.assertEqual(results[0]["error"]["status"], "CW_E_ALREADY_EXISTS")
        self.assertEqual(results[0]["error"]["http_status"], 412)
        self.put("--if-match", first[0]["etag"], self.write("c", b"3"), "s3://bucket/once")
        results, _ = self.put("--if-match", first[0]["etag"], self.write("d", b"4"),
                              "s3://bucket/once", code=1)
        self.assertEqual(results[0]["error"]["status"], "CW_E_PRECONDITION")
        self.assert_object("once", b"3")

    def test_gzip_and_zstd(self):
        content = b"the same line again and again\n" * 300000
        path = self.write("log.txt", content)
        results, _ = self.put("--gzip", path, "s3://bucket/log.gz")
        self.assertEqual(results[0]["bytes_in"], len(content))
        self.assertLess(results[0]["bytes"], len(content) // 20)
        _, headers, body = self.s3.get("log.gz")
        self.assertEqual(headers["content-encoding"], "gzip")
        self.assertEqual(headers["content-type"], "text/plain")
        self.assertTrue(gzip.decompress(body) == content)
        results, _ = self.put("--zstd=3", "--threads", "2", path, "s3://bucket/log.zst")
        self.assertLess(results[0]["bytes"], len(content) // 20)
        _, headers, body = self.s3.get("log.zst")
        self.assertEqual(headers["content-encoding"], "zstd")
        self.assertEqual(body[:4], b"\x28\xb5\x2f\xfd")

    def test_checksums(self):
        for kind in ("crc64nvme", "crc32c", "crc32", "sha256"):
            results, _ = self.put("--checksum", kind, self.write("a"), "s3://bucket/" + kind)
            self.assertTrue(results[0]["checksum"].startswith(kind + ":"), results)
        results, _ = self.put("--checksum", "none", self.write("a"), "s3://bucket/none")
        self.assert_object("none", b"content\n")

    def test_customer_key(self):
        bad = self.write("short.key", b"too short")
        code, _, err = self.run_tool("put", "--sse-c-key-file", bad, self.write("a"),
                                     "s3://bucket/a")
        self.assertEqual(code, 2)
        self.assertIn("32 bytes", err)

    def test_file_and_bare_path_urls(self):
        source = self.write("a", os.urandom(100000))
        for url in ("file://" + self.path("copy1"), self.path("copy2")):
            results, _ = self.put(source, url)
            self.assertEqual(results[0]["bytes"], 100000)
        with open(source, "rb") as a, open(self.path("copy1"), "rb") as b, \
                open(self.path("copy2"), "rb") as c:
            content = a.read()
            self.assertTrue(content == b.read() == c.read())
        self.assertEqual(sorted(os.listdir(self.folder)), ["a", "copy1", "copy2"])


class Names(ToolTest):
    def test_odd_names_arrive_byte_for_byte(self):
        names = ["with space", "plus+and&and=", "per%20cent", "quote\"s'", "back\\slash", "ünï",
                 "new\nline", "tab\there", "*star?", "-dash", "#hash", "semi;colon", "a:b",
                 "\u65e5\u672c", "~tilde", "{brace}", "esc\x1b[31m"]
        for name in names:
            self.write("odd/" + name, name.encode())
        results, _ = self.put("-r", "odd/", "s3://bucket/odd/")
        self.assertEqual(len(results), len(names))
        for name in names:
            self.assert_object("odd/" + name, name.encode())
        self.assertEqual({r["url"] for r in results}, {"s3://bucket/odd/" + n for n in names})

    def test_a_name_that_is_not_utf8_makes_valid_json(self):
        path = os.fsencode(self.folder) + b"/bad\xff\xc3name"
        with open(path, "wb") as f:
            f.write(b"x")
        code, out, _ = self.run_tool("put", "--json", path, "file://" + self.folder + "/out")
        self.assertEqual(code, 0)
        self.assertIn("bad\ufffd\ufffdname", json.loads(out)["source"])

    def test_control_characters_do_not_reach_the_terminal(self):
        code, _, err = self.run_tool("put", "missing\x1b[2J\n", "s3://bucket/a")
        self.assertEqual(code, 1)
        self.assertNotIn("\x1b", err)
        self.assertIn("missing\\x1b[2J\\x0a", err)
        self.assertEqual(err.count("\n"), 1)

    def test_dashes(self):
        self.write("-x", b"1")
        self.put("--", "-x", "s3://bucket/x")
        self.put("./-x", "s3://bucket/y")
        self.assert_object("x", b"1")
        self.assert_object("y", b"1")


class Folders(ToolTest):
    def setUp(self):
        super().setUp()
        for name in ("tree/a", "tree/sub/b", "tree/sub/deep/c"):
            self.write(name, name.encode())

    def keys(self):
        return sorted(o["key"] for o in self.s3.state()["objects"])

    def test_folder_by_name(self):
        self.put("-r", "tree", "s3://bucket/up/")
        self.assertEqual(self.keys(), ["up/tree/a", "up/tree/sub/b", "up/tree/sub/deep/c"])
        self.assert_object("up/tree/sub/deep/c", b"tree/sub/deep/c")

    def test_content_of_a_folder(self):
        self.put("-r", "tree/", "s3://bucket/")
        self.assertEqual(self.keys(), ["a", "sub/b", "sub/deep/c"])

    def test_dot(self):
        self.put("-r", ".", "s3://bucket/dot/")
        self.assertEqual(self.keys(), ["dot/tree/a", "dot/tree/sub/b", "dot/tree/sub/deep/c"])

    def test_to_a_local_folder(self):
        os.mkdir(self.path("out"))
        self.put("-r", "tree", self.path("out/"))
        with open(self.path("out/tree/sub/deep/c"), "rb") as f:
            self.assertEqual(f.read(), b"tree/sub/deep/c")

    def test_links_and_special_files(self):
        self.write("outside", b"outside")
        os.symlink(self.path("outside"), self.path("tree/link"))
        os.symlink(self.path("tree"), self.path("tree/loop"))
        os.mkfifo(self.path("tree/fifo"))
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.bind(self.path("tree/socket"))
        os.symlink("tree", self.path("named"))
        os.symlink("outside", self.path("named-file"))
        _, err = self.put("-r", "named", "named-file", "s3://bucket/l/")
        self.assertEqual(self.keys(), ["l/named-file", "l/named/a", "l/named/sub/b",
                                       "l/named/sub/deep/c"])
        for name in ("link", "loop", "fifo", "socket"):
            self.assertIn("named/%s: skipped" % name, err)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_unreadable_folder(self):
        os.chmod(self.path("tree/sub"), 0)
        self.addCleanup(os.chmod, self.path("tree/sub"), 0o700)
        results, err = self.put("-r", "tree", "s3://bucket/up/", code=1)
        self.assertIn("Permission denied", err)
        self.assertEqual(self.keys(), ["up/tree/a"])
        self.assertEqual(len(results), 2)

    def test_folder_without_r(self):
        code, _, err = self.run_tool("put", "tree", "s3://bucket/up/")
        self.assertEqual(code, 2)
        self.assertIn("-r", err)
        self.assertEqual(self.keys(), [])


class StandardInput(ToolTest):
    def test_pipe(self):
        content = os.urandom(11 * MIB + 3)
        results, _ = self.put("-", "s3://bucket/in.bin", data=content)
        self.assertEqual(results[0]["source"], "-")
        self.assert_object("in.bin", content)

    def test_type_comes_from_the_key(self):
        self.put("-", "s3://bucket/rows.csv", data=b"a,b\n")
        self.assertEqual(self.assert_object("rows.csv", b"a,b\n")["content-type"], "text/csv")

    def test_redirected_file_from_where_it_stands(self):
        with open(self.write("f", b"0123456789"), "rb") as f:
            f.read(0)
            os.lseek(f.fileno(), 4, os.SEEK_SET)
            process = self.start("put", "-", "s3://bucket/rest", stdin=f)
            self.assertEqual(self.finish(process)[0], 0)
        self.assert_object("rest", b"456789")

    def test_closed(self):
        process = subprocess.run(
            ["sh", "-c", 'exec "$0" put - s3://bucket/closed <&-', os.environ["CW_TOOL"]],
            env=self.environment, capture_output=True, timeout=60, check=False)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"standard input", process.stderr)
        self.assert_nothing("closed")

    def test_read_error(self):
        folder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        process = self.start("put", "-", "s3://bucket/error", stdin=folder)
        code, _, err = self.finish(process)
        self.assertEqual(code, 1)
        self.assertIn("standard input", err)
        self.assert_nothing("error")

    def test_named_fifo(self):
        os.mkfifo(self.path("fifo"))
        process = self.start("put", "fifo", "s3://bucket/fifo")
        with open(self.path("fifo"), "wb") as f:
            f.write(b"through a fifo")
        self.assertEqual(self.finish(process)[0], 0)
        self.assert_object("fifo", b"through a fifo")


class Usage(ToolTest):
    def check(self, *arguments, says=""):
        code, out, err = self.run_tool(*arguments)
        self.assertEqual((code, out), (2, ""), err)
        self.assertTrue(err.startswith("cloudwriter: "), err)
        self.assertIn(says, err)
        self.assertEqual(sum(self.s3.state()["requests"].values()), 0)

    def test_wrong_usage(self):
        self.write("a")
        self.write("d/a")
        self.check(says="verb is missing")
        self.check("give", says="no verb 'give'")
        self.check("put", says="URL")
        self.check("put", "a", says="URL")
        self.check("put", "a", "d/a", "s3://bucket/key", says="several sources")
        self.check("put", "a", "d/a", "s3://bucket/f/", says="both a and d/a")
        self.check("put", "-", "s3://bucket/f/", says="no name")
        self.check("put", "--nonsense", "a", "s3://bucket/a", says="--nonsense")
        self.check("put", "-Z", "a", "s3://bucket/a", says="-Z")
        self.check("put", "--older-than", "1d", "a", "s3://bucket/a", says="--older-than")
        self.check("put", "--part-size", "12 parsecs", "a", "s3://bucket/a", says="size")
        self.check("put", "--part-size", says="value")
        self.check("put", "--jobs", "0", "a", "s3://bucket/a", says="number")
        self.check("put", "--timeout", "soon", "a", "s3://bucket/a", says="time")
        self.check("put", "--checksum", "md4", "a", "s3://bucket/a", says="md4")
        self.check("put", "--create-only=yes", "a", "s3://bucket/a", says="no value")
        self.check("put", "--gzip=12", "a", "s3://bucket/a", says="level")
        self.check("put", "--gzip", "--zstd", "a", "s3://bucket/a", says="compression")
        self.check("put", "--metadata", "x", "a", "s3://bucket/a", says="NAME=VALUE")
        self.check("put", "--exec", "true", "a", "s3://bucket/a", says="no sources")
        self.check("put", "--exec", "true", "s3://bucket/f/", says="no name")
        self.check("put", "a", "ftp://bucket/a", says="ftp")
        self.check("put", "--endpoint-url", "nonsense", "a", "s3://bucket/a")
        self.check("uploads", says="'ls'")
        self.check("uploads", "rm", "s3://bucket", says="'ls'")
        self.check("uploads", "ls", says="URL")
        self.check("uploads", "abort", "s3://bucket/a", says="--older-than")
        self.check("uploads", "abort", "s3://bucket/a", "id", "--all", says="either")
        self.check("uploads", "ls", "--all", "s3://bucket", says="abort")
        self.check("uploads", "abort", "--older-than", "yesterday", "s3://bucket", says="age")

    def test_help_and_version(self):
        for arguments in (["--help"], ["help"], ["help", "put"], ["put", "--help"],
                          ["help", "uploads"], ["uploads", "-h"]):
            code, out, err = self.run_tool(*arguments)
            self.assertEqual((code, err), (0, ""))
            self.assertIn("usage: cloudwriter", out)
        code, out, _ = self.run_tool("--version")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^cloudwriter \d+\.\d+\.\d+ ")

    def test_the_manual_names_every_option(self):
        manual = os.environ["CW_MANUAL"]
        pages = {"cat": "get", "head": "get", "schema": "meta", "verify": "meta",
                 **dict.fromkeys("ls stat rm cp mv mb rb du presign glob".split(), "store")}
        for verb in ("put", "uploads", "parquet", "get", "meta", "whoami", "config", *pages):
            page = pages.get(verb, verb)
            with open(os.path.join(manual, "cloudwriter-%s.1" % page), encoding="utf-8") as f:
                text = f.read()
            with open(os.path.join(manual, "cloudwriter.1"), encoding="utf-8") as f:
                text += f.read()
            _, out, _ = self.run_tool("help", verb)
            options = {word.split("=")[0].split("[")[0].rstrip(",")
                       for line in out.split("options (", 1)[1].splitlines()
                       if line.startswith("  ") for word in line[:34].split()
                       if word.startswith("--")}
            self.assertGreater(len(options), 10)
            for option in sorted(options):
                self.assertTrue(re.search(r"\bFl -%s(?![-\w])" % option[2:], text),
                                "cloudwriter-%s(1) does not know %s" % (verb, option))


class Examples(ToolTest):
    def test_examples_on_s3(self):
        for name, key in (("write_bytes", "w"), ("csv_stdio", "p.csv"), ("csv", "q.csv"),
                          ("gzip_log", "l.gz"), ("reserve_commit", "s.bin"),
                          ("three_answers", "t")):
            program = os.path.join(os.environ["CW_EXAMPLES"], name)
            done = subprocess.run([program, "s3://bucket/" + key], env=self.environment,
                                  capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.s3.get(key)[0], 200, name)
        self.assertEqual(self.s3.get("q.csv")[2],
                         b'name,stock,price,sold\n"bolt, 5 mm",12000,0.05,true\n'
                         b'"the ""good"" nut",9000,0.1,true\n,3,1234.5,false\n"",0,1e-7,false\n'
                         b"washer,,0.02,true\n")
        self.assertEqual(self.s3.get("w")[2].count(b"\n"), 1001)
        self.assertEqual(len(self.s3.get("s.bin")[2]), 20000000)
        self.assertEqual(gzip.decompress(self.s3.get("l.gz")[2]).count(b"\n"), 5002)

    def test_many_writers_share_connections(self):
        program = os.path.join(os.environ["CW_EXAMPLES"], "many_writers")
        done = subprocess.run([program, "s3://bucket/m", "200"], env=self.environment,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        state = self.s3.state()
        self.assertEqual(len(state["objects"]), 200)
        self.assertLessEqual(state["connections"], 64)

    def test_three_answers_on_failure(self):
        self.s3.fault("op=PutObject times=inf do=status:403:AccessDenied")
        program = os.path.join(os.environ["CW_EXAMPLES"], "three_answers")
        done = subprocess.run([program, "s3://bucket/t"], env=self.environment,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"not committed", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
