"""test_get_many.py - cloudwriter get of all below a URL, or that matches: what arrives, and what not"""
import json
import os
import signal
import subprocess
import unittest
import urllib.request

from harness import DEADLINE, MIB, ToolTest, wait_for

OWN_MOUNTS = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-m", "-r"]


class Many(ToolTest):
    def fill(self, objects):
        for key, content in objects.items():
            self.put("-", "s3://bucket/" + key, data=content)

    def get(self, *arguments, code=0):
        """Run get with --json: what it printed, by URL, and standard error."""
        got, out, err = self.run_tool("get", "--json", *arguments)
        self.assertEqual(got, code, out + err)
        told = [json.loads(line) for line in out.splitlines()]
        return {one["url"]: one for one in told}, err

    def tree(self, folder):
        found = {}
        for where, _, names in os.walk(self.path(folder)):
            for name in names:
                path = os.path.join(where, name)
                with open(path, "rb") as f:
                    found[os.path.relpath(path, self.path(folder))] = f.read()
        return found

    def gets(self):
        return self.s3.state()["requests"].get("GetObject", 0)

    def test_all_below(self):
        objects = {"in/a": b"1", "in/b/c": os.urandom(3 * MIB), "in/b/d e+%": b"", "in/z": b"2",
                   "in2": b"no", "other": b"no"}
        self.fill(objects)
        told, err = self.get("-r", "s3://bucket/in", "to")
        self.assertEqual(err, "")
        want = {key[3:]: content for key, content in objects.items() if key.startswith("in/")}
        self.assertEqual(self.tree("to"), want)
        self.assertEqual(sorted(told), ["s3://bucket/in/" + name for name in sorted(want)])
        self.assertTrue(all(one["status"] == "done" for one in told.values()))
        self.assertTrue(all(one["verified"] == "good" for one in told.values() if one["bytes"]))
        self.assertEqual(self.run_tool("get", "-r", "s3://bucket/in/"), (0, "", ""))  # here
        self.assertEqual(self.read("z"), "2")
        files, err = self.get("-r", "s3://bucket/nothing", "none")
        self.assertEqual(files, {})
        self.assertIn("nothing is below it", err)

    def test_several_at_once_and_in_pages(self):
        objects = {"many/%03d/x" % i: b"%d" % i for i in range(60)}
        self.fill(objects)
        for jobs in ("1", "16"):
            self.get("-r", "-j", jobs, "s3://bucket/many", "to" + jobs)
            self.assertEqual(self.tree("to" + jobs), {k[5:]: v for k, v in objects.items()})

    def test_patterns(self):
        self.fill({"logs/2026-01/a.csv": b"1", "logs/2026-01/b.txt": b"2", "logs/2027/a.csv": b"3"})
        self.get("--glob", "s3://bucket/logs/2026-*/*.csv", "to")
        self.assertEqual(self.tree("to"), {"2026-01/a.csv": b"1"})

    def test_files_of_this_machine(self):
        self.write("from/a", b"1")
        self.write("from/b/c", b"2")
        self.get("-r", self.path("from"), "to")
        self.assertEqual(self.tree("to"), {"a": b"1", "b/c": b"2"})

    def test_names_that_lead_out(self):
        bad = ["x/../../evil", "x//y", "x/./z", "x//etc/evil", "x/.."]
        self.fill({key: b"evil" for key in bad})
        self.fill({"x/good": b"good"})
        folder = self.run_tool("presign", "--method", "PUT", "s3://bucket/x/folder/")[1].strip()
        request = urllib.request.Request(folder, data=b"", method="PUT")
        request.add_header("Content-Type", "")
        urllib.request.urlopen(request, timeout=DEADLINE).close()
        told, err = self.get("-r", "s3://bucket/x", "inside/x", code=1)
        self.assertEqual(self.tree("."), {"inside/x/good": b"good"})
        self.assertEqual({url for url, one in told.items() if one["status"] == "failed"},
                         {"s3://bucket/" + key for key in bad})
        for key in bad:
            self.assertIn(key, err)

    def test_what_is_the_same(self):
        self.fill({"in/a": b"1" * 1000, "in/b": b"2" * 1000})
        self.get("-r", "s3://bucket/in", "to")
        modified = os.stat(self.path("to/a")).st_mtime
        self.assertLess(abs(modified - os.stat(self.path("to")).st_mtime), 100)
        before = self.gets()
        for how in ("time", "checksum"):
            told, _ = self.get("-r", "--same", how, "s3://bucket/in", "to")
            self.assertEqual([one["status"] for one in told.values()], ["same", "same"])
        self.assertEqual(self.gets(), before)
        self.write("to/a", b"3" * 1000)
        told, _ = self.get("-r", "--same", "checksum", "s3://bucket/in", "to")
        self.assertEqual(told["s3://bucket/in/a"]["status"], "done")
        self.assertEqual(told["s3://bucket/in/b"]["status"], "same")
        self.assertEqual(self.tree("to"), {"a": b"1" * 1000, "b": b"2" * 1000})
        os.utime(self.path("to/b"), (1, 1))
        self.write("to/a", b"short")
        told, _ = self.get("-r", "--same", "time", "s3://bucket/in", "to")
        self.assertEqual([one["status"] for one in told.values()], ["done", "done"])
        self.assertEqual(self.tree("to"), {"a": b"1" * 1000, "b": b"2" * 1000})

    def test_going_on(self):
        small, large = b"1" * 1000, os.urandom(20 * MIB)
        self.fill({"in/a": small, "in/b": large})
        self.s3.fault("op=GetObject key=in/b skip=2 times=inf do=status:403:AccessDenied")
        told, err = self.get("-r", "s3://bucket/in", "to", code=1)
        self.assertEqual(told["s3://bucket/in/a"]["status"], "done")
        self.assertEqual(told["s3://bucket/in/b"]["error"]["service_code"], "AccessDenied")
        self.assertIn("--continue", err)
        self.s3.request("DELETE", "/_test/fault")
        told, _ = self.get("-r", "--continue", "--same", "time", "s3://bucket/in", "to")
        self.assertEqual(told["s3://bucket/in/a"]["status"], "same")
        self.assertGreater(told["s3://bucket/in/b"]["resumed_from"], 0)
        self.assertEqual(told["s3://bucket/in/b"]["verified"], "good")
        self.assertEqual(self.tree("to"), {"a": small, "b": large})

    def test_dry_run_and_progress(self):
        self.fill({"in/a": b"1", "in/b": b"2"})
        before = self.gets()
        code, out, err = self.run_tool("get", "-r", "-n", "s3://bucket/in", "to")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("would get  s3://bucket/in/a -> to/a", out)
        self.assertFalse(os.path.exists(self.path("to")))
        self.assertEqual(self.gets(), before)
        code, out, err = self.run_tool("get", "-r", "--progress", "s3://bucket/in", "to")
        self.assertEqual((code, out), (0, ""))

    def test_what_fails(self):
        self.fill({"in/a": b"1", "in/a/b": b"2", "in/c": b"3"})
        told, _ = self.get("-r", "-j", "1", "s3://bucket/in", "to", code=1)
        self.assertEqual(told["s3://bucket/in/a/b"]["status"], "failed")  # a is a file
        self.assertEqual(self.tree("to"), {"a": b"1", "c": b"3"})
        self.get("-r", "s3://no-such-bucket/in", "to", code=1)
        for arguments in (["-r", "s3://bucket/in", "-"], ["-r"], ["--glob", "s3://b*/x"],
                          ["-r", "--version-id", "x", "s3://bucket/in"],
                          ["--same", "time", "s3://bucket/in/a"], ["-n", "s3://bucket/in/a"]):
            self.assertEqual(self.run_tool("get", *arguments)[0], 2, arguments)

    def test_a_signal_ends_it(self):
        self.fill({"in/%d" % i: b"x" * 300000 for i in range(20)})
        self.s3.fault("op=GetObject times=inf do=stall_reply:forever:100000")
        process = self.start("get", "-r", "s3://bucket/in", "to")
        wait_for(lambda: any(n.endswith(".part") for n in self.tree("to")), "a part")
        process.send_signal(signal.SIGINT)
        code, _, err = self.finish(process)
        self.assertEqual(code, 1)
        self.assertIn("signal", err)


class Disks(ToolTest):
    """All goes to disk/, a file system of its own, and 40 objects are more than it takes."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("disk"))
        mount = [*OWN_MOUNTS, "mount", "-t", "tmpfs", "none", self.path("disk")]
        tried = subprocess.run(mount, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if tried.returncode != 0:
            self.assertNotIn("CI", os.environ, tried.stdout)
            self.skipTest("no file system can be mounted")

    def into_disk(self, verb, url, options):
        """The command must fail: what it printed, standard error, and what the disk holds then."""
        script = ('mount -t tmpfs -o "$0" none disk && "$@"; code=$?\n'
                  'rm -rf held; cp -r disk held; exit $code')
        code, out, err = self.finish(self.start(verb, "-r", "--json", url, "disk", under=[
            *OWN_MOUNTS, "sh", "-c", script, options]))
        self.assertEqual(code, 1, out + err)
        held = {}
        for where, _, names in os.walk(self.path("held")):
            for name in names:
                with open(os.path.join(where, name), "rb") as f:
                    held[os.path.relpath(f.name, self.path("held"))] = f.read()
        return [json.loads(line) for line in out.splitlines()], err, held

    def fill(self, where):
        objects = {where % i: os.urandom(100000) for i in range(40)}
        for name, content in objects.items():
            self.write("from/" + name, content)
        self.put("-r", "from", "s3://bucket/")
        return objects

    def listed(self, url):
        code, out, err = self.run_tool("ls", "-r", "--json", url)
        self.assertEqual(code, 0, err)
        return [json.loads(line) for line in out.splitlines()]

    def check(self, told, err, why):
        self.assertEqual(err.count(why), 1, err)
        self.assertEqual(err.count("stopped: no further file can be written"), 1, err)
        self.assertLessEqual(len(err.splitlines()), 3, err)
        self.assertTrue({one["error"]["status"] for one in told if "error" in one}
                        & {"CW_E_IO", "CW_E_PERMISSION"}, told)
        self.assertLess(len(told), 30)

    def test_a_full_disk(self):
        objects = self.fill("in/%02d")
        told, err, held = self.into_disk("get", "s3://bucket/from/in", "size=1m")
        self.check(told, err, "No space left on device")
        whole = {"in/" + name for name in held if not name.endswith(".part")}
        self.assertEqual(whole, {one["url"][17:] for one in told if one["status"] == "done"})
        self.assertGreater(len(whole), 0)
        self.assertTrue(all(held[name[3:]] == objects[name] for name in whole))
        self.assertLess(self.s3.state()["requests"]["GetObject"], 30)

    def test_a_full_disk_ends_a_copy(self):
        objects = self.fill("in/%02d")
        for verb, source in (("cp", "s3://bucket/from/in"), ("cp", "from/in"),
                             ("mv", "s3://bucket/from/in"), ("mv", "from/in")):
            told, err, held = self.into_disk(verb, source, "size=1m")
            self.check(told, err, "No space left on device")
            done = {one["url"][len("disk/"):] for one in told if one["status"] != "failed"}
            self.assertEqual(set(held), done)
            self.assertGreater(len(done), 0)
            self.assertTrue(all(held[name] == objects["in/" + name] for name in done))
            self.assertEqual(len(told), len(done) + 1)
            left = {line["url"][-2:] for line in self.listed(source)}
            self.assertEqual(len(left), 40 if verb == "cp" else 40 - len(done))

    def test_a_disk_that_is_read_only(self):
        for where in ("flat/%02d", "deep/%02d/x"):
            self.fill(where)
            for verb in ("get", "cp"):
                told, err, held = self.into_disk(verb, "s3://bucket/from/" + where[:4], "ro")
                self.check(told, err, "Read-only file system")
                self.assertEqual(held, {})


if __name__ == "__main__":
    unittest.main()
