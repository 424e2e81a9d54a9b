"""test_failures.py - whatever goes wrong, nothing is published, and the exit code says so"""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

from harness import DEADLINE, MIB, TOOL, Endpoint, ToolTest, wait_for


class Exec(ToolTest):
    def test_success(self):
        results, err = self.put("--exec", "printf abc; printf def", "s3://bucket/e.txt")
        self.assertEqual(err, "")
        self.assertEqual(results[0]["source"], "--exec")
        self.assertEqual(self.assert_object("e.txt", b"abcdef")["content-type"], "text/plain")

    def test_failure_after_output(self):
        results, err = self.put("--part-size", "5MiB", "--exec",
                                "head -c 17000000 /dev/urandom; exit 3", "s3://bucket/e", code=1)
        self.assertEqual(results[0]["status"], "not_committed")
        self.assertEqual(results[0]["error"]["status"], "CW_E_CANCELLED")
        self.assertIn("status 3", err)
        self.assertIn("CreateMultipartUpload", self.s3.state()["requests"])
        self.assert_nothing("e")

    def test_failure_keeps_the_old_object(self):
        self.put("--exec", "echo old", "s3://bucket/e")
        self.put("--exec", "echo new; false", "s3://bucket/e", code=1)
        self.assert_object("e", b"old\n")

    def test_killed(self):
        _, err = self.put("--exec", "echo x; kill -9 $$", "s3://bucket/e", code=1)
        self.assertIn("signal 9", err)
        self.assert_nothing("e")

    def test_command_not_found(self):
        _, err = self.put("--exec", "/no/such/program", "s3://bucket/e", code=1)
        self.assertIn("status 127", err)
        self.assert_nothing("e")

    def test_failure_while_its_child_holds_the_pipe(self):
        start = time.monotonic()
        self.put("--exec", "sleep 30 & exit 5", "s3://bucket/e", code=1)
        self.assertLess(time.monotonic() - start, 10)
        self.assert_nothing("e")

    def test_closes_its_output_and_fails_later(self):
        self.put("--exec", "echo x; exec >&-; sleep 0.3; exit 1", "s3://bucket/e", code=1)
        self.assert_nothing("e")

    def test_sigpipe_is_as_usual_in_the_command(self):
        # yes must die of SIGPIPE, quietly, when head has enough.
        results, err = self.put("--exec", "yes | head -c 1000", "s3://bucket/e")
        self.assertEqual((results[0]["bytes"], err), (1000, ""))

    def test_upload_failure_ends_the_command(self):
        self.s3.fault("op=CreateMultipartUpload times=inf do=status:403:AccessDenied")
        start = time.monotonic()
        _, err = self.put("--part-size", "5MiB", "--exec",
                          "head -c 20000000 /dev/zero; sleep 60", "s3://bucket/e", code=1)
        self.assertLess(time.monotonic() - start, 30)
        self.assertIn("cloudwriter: s3://bucket/e: ", err)
        self.assert_nothing("e")

    def test_timeout(self):
        start = time.monotonic()
        results, _ = self.put("--timeout", "1s", "--exec", "echo x; sleep 60", "s3://bucket/e",
                              code=1)
        self.assertLess(time.monotonic() - start, 10)
        self.assertEqual(results[0]["error"]["status"], "CW_E_TIMEOUT")
        self.assert_nothing("e")


class Signals(ToolTest):
    def part_is_there(self):
        return self.s3.state()["requests"].get("UploadPart", 0) >= 1

    def check_signal(self, sig):
        process = self.start("put", "--part-size", "5MiB", "-", "s3://bucket/s",
                             stdin=subprocess.PIPE)
        process.stdin.write(os.urandom(12 * MIB))
        process.stdin.flush()
        wait_for(self.part_is_there, "a part")
        process.send_signal(sig)
        # Its input stays open: the signal alone must end it.
        self.assertEqual(process.wait(DEADLINE), 1)
        self.assertIn("stopped by a signal", self.finish(process)[2])
        self.assert_nothing("s")

    def test_sigint(self):
        self.check_signal(signal.SIGINT)

    def test_sigterm(self):
        self.check_signal(signal.SIGTERM)

    def test_sighup(self):
        self.check_signal(signal.SIGHUP)

    def test_ends_the_command_and_all_it_started(self):
        command = "echo $$ > pid; echo x; sleep 61 & sleep 61; echo never"
        process = self.start("put", "--exec", command, "s3://bucket/s", start_new_session=True)
        group = int(wait_for(lambda: self.read("pid"), "the command"))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(process)[0], 1)
        self.assert_nothing("s")

        def group_is_gone():
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return True
            return False
        wait_for(group_is_gone, "the command's processes to end", 10)

    def test_ctrl_c_on_a_terminal(self):
        pid, leader = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(TOOL, [TOOL, "put", "--exec", "echo $$ > pid; echo x; sleep 62; echo never",
                             "s3://bucket/s"], self.environment)
        self.addCleanup(os.close, leader)
        shell = int(wait_for(lambda: self.read("pid"), "the command"))
        os.write(leader, b"\x03")
        status = wait_for(lambda: os.waitpid(pid, os.WNOHANG)[1] or None, "the end")
        self.assertEqual(os.waitstatus_to_exitcode(status), 1)
        self.assertFalse(os.path.exists("/proc/%d" % shell))
        self.assert_nothing("s")

    def test_during_the_commit(self):
        # Once the commit is under way only its outcome counts, and that must be told.
        self.s3.fault("op=PutObject times=inf do=status:503:SlowDown")
        process = self.start("put", "--max-attempts", "4", self.write("a"), "s3://bucket/s")
        wait_for(lambda: self.s3.state()["requests"].get("PutObject", 0) >= 2, "a retry")
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process)[0], 1)
        self.assert_nothing("s")

    def test_further_files_are_not_begun(self):
        self.s3.fault("op=PutObject times=inf do=delay:500")
        for i in range(50):
            self.write("many/%02d" % i)
        process = self.start("put", "--json", "-r", "-j", "2", "many", "s3://bucket/")
        wait_for(lambda: self.s3.state()["requests"].get("PutObject", 0) >= 1, "a request")
        process.send_signal(signal.SIGTERM)
        code, out, _ = self.finish(process)
        self.assertEqual(code, 1)
        results = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(len(results), 50)
        committed = {r["url"][len("s3://bucket/"):] for r in results if r["status"] == "committed"}
        self.assertEqual(committed, {o["key"] for o in self.s3.state()["objects"]})
        self.assertLess(len(committed), 50)

    def test_second_signal_kills(self):
        self.s3.fault("op=AbortMultipartUpload times=inf do=stall_reply:forever")
        process = self.start("put", "--part-size", "5MiB", "-", "s3://bucket/s",
                             stdin=subprocess.PIPE)
        process.stdin.write(os.urandom(12 * MIB))
        process.stdin.flush()
        wait_for(self.part_is_there, "a part")
        process.send_signal(signal.SIGINT)
        wait_for(lambda: self.s3.state()["requests"].get("AbortMultipartUpload"), "the abort")
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process)[0], -signal.SIGINT)
        self.assertEqual(self.s3.get("s")[0], 404)

    def test_ignored_hangup_stays_ignored(self):
        process = subprocess.Popen(
            ["sh", "-c", "trap '' HUP; exec \"$0\" put - s3://bucket/nohup", TOOL],
            env=self.environment, stdin=subprocess.PIPE)
        process.stdin.write(b"still ")
        process.stdin.flush()
        time.sleep(0.3)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.1)
        process.communicate(b"here", timeout=DEADLINE)
        self.assertEqual(process.returncode, 0)
        self.assert_object("nohup", b"still here")


class Changes(ToolTest):
    def test_file_that_shrinks(self):
        path = self.write("big", bytes(64 * MIB))
        self.s3.fault("op=UploadPart part=1 times=1 do=delay:1500")
        process = self.start("put", "--part-size", "5MiB", "--memory", "24MiB", "--concurrency",
                             "1", "big", "s3://bucket/big")
        wait_for(lambda: self.s3.state()["requests"].get("UploadPart", 0) >= 1, "a part")
        os.truncate(path, 30 * MIB)
        code, _, err = self.finish(process)
        self.assertEqual(code, 1)
        self.assertIn("became shorter", err)
        self.assert_nothing("big")

    def test_file_that_is_written_to(self):
        path = self.write("big", bytes(64 * MIB))
        self.s3.fault("op=UploadPart part=1 times=1 do=delay:1500")
        process = self.start("put", "--part-size", "5MiB", "--memory", "24MiB", "--concurrency",
                             "1", "big", "s3://bucket/big")
        wait_for(lambda: self.s3.state()["requests"].get("UploadPart", 0) >= 1, "a part")
        with open(path, "ab") as f:
            f.write(b"more")
        code, _, err = self.finish(process)
        self.assertEqual(code, 0)
        self.assertIn("was written to", err)


class ExitCodes(ToolTest):
    FAST = ("--max-attempts", "2", "--retry-base", "1ms", "--retry-cap", "5ms")

    def test_not_committed(self):
        self.s3.fault("op=UploadPart part=2 times=inf do=status:500:InternalError")
        results, err = self.put(*self.FAST, "--part-size", "5MiB",
                                self.write("a", bytes(12 * MIB)), "s3://bucket/a", code=1)
        error = results[0]["error"]
        self.assertEqual(results[0]["status"], "not_committed")
        self.assertEqual(error["service_code"], "InternalError")
        self.assertEqual(error["http_status"], 500)
        self.assertGreaterEqual(error["attempts"], 2)
        self.assertRegex(err, r"^cloudwriter: s3://bucket/a: .+\n$")
        self.assert_nothing("a")

    def test_no_bucket_and_no_keys(self):
        results, _ = self.put(self.write("a"), "s3://no-such-bucket/a", code=1)
        self.assertEqual(results[0]["error"]["status"], "CW_E_BUCKET_NOT_FOUND")
        del self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"]
        results, _ = self.put(self.write("a"), "s3://bucket/a", code=1)
        self.assertEqual(results[0]["error"]["status"], "CW_E_CREDENTIALS_MISSING")

    def test_upload_left_behind_is_named(self):
        self.s3.fault("op=UploadPart part=2 times=inf do=status:403:AccessDenied\n"
                      "op=AbortMultipartUpload times=inf do=status:403:AccessDenied")
        results, err = self.put(*self.FAST, "--part-size", "5MiB",
                                self.write("a", bytes(12 * MIB)), "s3://bucket/a", code=1)
        uploads = self.s3.state()["uploads"]
        self.assertEqual(len(uploads), 1)
        self.assertTrue(results[0]["error"]["upload_id"])
        self.assertIn(results[0]["error"]["upload_id"], err)

    def test_lost_reply_is_committed(self):
        self.s3.fault("op=CompleteMultipartUpload times=1 do=drop_reply_after_commit")
        content = os.urandom(12 * MIB)
        results, _ = self.put("--part-size", "5MiB", self.write("a", content), "s3://bucket/a")
        self.assertEqual(results[0]["status"], "committed")
        self.assert_object("a", content)

    def test_results_that_cannot_be_printed(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([TOOL, "put", "--json", self.write("a"), "s3://bucket/a"],
                                  env=self.environment, stdout=full, stderr=subprocess.PIPE,
                                  timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"standard output", done.stderr)
        self.assert_object("a", b"content\n")


class Indeterminate(ToolTest):
    """Its endpoint goes away for good, so every test has its own."""

    def setUp(self):
        self.s3.stop()
        type(self).s3 = Endpoint()
        super().setUp()

    def check(self, size):
        self.s3.fault("op=CompleteMultipartUpload do=drop_reply_after_commit,gone\n"
                      "op=PutObject do=drop_reply_after_commit,gone")
        results, err = self.put(*ExitCodes.FAST, "--connect-timeout", "500ms", "--part-size",
                                "5MiB", self.write("a", bytes(size)), "s3://bucket/a", code=4)
        self.assertEqual(results[0]["status"], "indeterminate")
        self.assertEqual(results[0]["error"]["status"], "CW_E_INDETERMINATE")
        self.assertTrue(results[0]["error"]["commit_token"])
        self.assertIn(results[0]["error"]["commit_token"], err)
        return results[0]["error"]

    def test_multipart(self):
        self.assertTrue(self.check(12 * MIB)["upload_id"])

    def test_single_put(self):
        self.check(100)

    def test_it_wins_over_other_failures(self):
        self.s3.fault("op=PutObject key=b do=drop_reply_after_commit,gone")
        code, _, _ = self.run_tool("put", *ExitCodes.FAST, "--connect-timeout", "500ms",
                                   self.path("missing"), self.write("b"), "s3://bucket/")
        self.assertEqual(code, 4)


class Progress(ToolTest):
    def run_on_terminal(self, *arguments, size=(24, 100)):
        """What a terminal on standard error would have seen, and the exit code."""
        leader, follower = pty.openpty()
        subprocess.run(["stty", "rows", str(size[0]), "cols", str(size[1])], stdin=follower,
                       check=True)
        process = subprocess.Popen([TOOL, *arguments], env=self.environment, cwd=self.folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=follower)
        os.close(follower)
        self.addCleanup(self.reap, process)
        seen = b""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if select.select([leader], [], [], 0.1)[0]:
                try:
                    data = os.read(leader, 65536)
                except OSError:
                    break
                if not data:
                    break
                seen += data
        os.close(leader)
        process.wait(timeout=DEADLINE)
        return seen.decode(), process.returncode, process.stdout.read().decode()

    def slow_down(self):
        self.s3.fault("op=UploadPart part=2 times=1 do=status:503:SlowDown\n"
                      "op=UploadPart times=inf do=delay:400")

    def test_bar(self):
        self.slow_down()
        self.write("big", bytes(21 * MIB))
        seen, code, out = self.run_on_terminal("put", "--json", "--part-size", "5MiB",
                                               "--concurrency", "2", "big",
                                               "s3://bucket/big")
        self.assertEqual(code, 0, seen)
        frames = seen.split("\r\x1b[K")
        self.assertGreater(len(frames), 3)
        self.assertIn("of 21.0 MiB", seen)
        self.assertIn("in flight", seen)
        self.assertIn("1 retry", seen)
        self.assertRegex(seen, r" \d+%")
        self.assertRegex(seen, r"\[#*-+\]")
        self.assertRegex(seen, r"iB/s")
        self.assertTrue(all(len(frame) < 100 for frame in frames[:-1]), frames)
        # Nothing is left of it, and the result is not in its way.
        self.assertEqual(frames[-1].strip(), "")
        self.assertEqual(json.loads(out)["status"], "committed")
        percent = [int(p) for p in re.findall(r" (\d+)%", seen)]
        self.assertEqual(percent, sorted(percent))

    def test_not_drawn_too_often(self):
        self.slow_down()
        self.write("big", bytes(21 * MIB))
        start = time.monotonic()
        seen, _, _ = self.run_on_terminal("put", "--part-size", "5MiB", "big", "s3://bucket/big")
        seconds = time.monotonic() - start
        self.assertLessEqual(seen.count("in flight"), 10 * seconds + 2)

    def test_narrow_terminal(self):
        self.slow_down()
        self.write("big", bytes(21 * MIB))
        seen, code, _ = self.run_on_terminal("put", "--part-size", "5MiB", "big",
                                             "s3://bucket/big", size=(24, 30))
        self.assertEqual(code, 0)
        self.assertTrue(all(len(frame) < 30 for frame in seen.split("\r\x1b[K")[:-1]), seen)

    def test_unknown_size_shows_no_percentage(self):
        self.slow_down()
        seen, code, _ = self.run_on_terminal("put", "--part-size", "5MiB", "--exec",
                                             "head -c 21000000 /dev/zero", "s3://bucket/big")
        self.assertEqual(code, 0)
        self.assertIn("in flight", seen)
        self.assertNotIn("%", seen)

    def test_an_error_is_not_mixed_with_the_bar(self):
        self.s3.fault("op=UploadPart times=inf do=delay:300,status:403:AccessDenied")
        self.write("big", bytes(21 * MIB))
        seen, code, _ = self.run_on_terminal("put", "--part-size", "5MiB", "big",
                                             "s3://bucket/big")
        self.assertEqual(code, 1)
        self.assertRegex(seen, r"(^|\x1b\[K)cloudwriter: s3://bucket/big: [^\r\n]+\r\n")

    def test_off(self):
        self.slow_down()
        self.write("big", bytes(21 * MIB))
        for option in ("--no-progress", "-q"):
            seen, code, _ = self.run_on_terminal("put", option, "--part-size", "5MiB", "big",
                                                 "s3://bucket/big")
            self.assertEqual((seen, code), ("", 0))

    def test_silent_without_a_terminal(self):
        self.slow_down()
        code, out, err = self.run_tool("put", "--part-size", "5MiB",
                                       self.write("big", bytes(21 * MIB)), "s3://bucket/big")
        self.assertEqual((code, out, err), (0, "", ""))

    def test_forced(self):
        self.slow_down()
        code, _, err = self.run_tool("put", "--progress", "--part-size", "5MiB",
                                     self.write("big", bytes(21 * MIB)), "s3://bucket/big")
        self.assertEqual(code, 0)
        self.assertIn("in flight", err)

    def test_log(self):
        code, _, err = self.run_tool("put", "-vv", self.write("a"), "s3://bucket/a")
        self.assertEqual(code, 0)
        self.assertIn("PUT", err)
        self.assertNotIn("test-secret", err)
        self.assertNotIn("Signature=", err.replace("Signature=***", ""))


class Uploads(ToolTest):
    def leave_upload(self, key):
        """An upload that was killed. Its id."""
        process = self.start("put", "--part-size", "5MiB", "-", "s3://bucket/" + key,
                             stdin=subprocess.PIPE)
        before = self.s3.state()["requests"].get("UploadPart", 0)
        process.stdin.write(bytes(6 * MIB))
        process.stdin.flush()
        wait_for(lambda: self.s3.state()["requests"].get("UploadPart", 0) > before, "a part")
        process.kill()
        process.wait()

    def uploads(self, *arguments, code=0):
        got, out, err = self.run_tool("uploads", *arguments)
        self.assertEqual(got, code, err)
        return out, err

    def open_keys(self):
        return sorted(u["key"] for u in self.s3.state()["uploads"])

    def test_ls(self):
        self.assertEqual(self.uploads("ls", "s3://bucket"), ("", ""))
        self.leave_upload("one")
        self.leave_upload("dir/two and more")
        out, _ = self.uploads("ls", "s3://bucket")
        lines = out.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[0],
                         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  s3://bucket/dir/two and more  \S+$")
        out, _ = self.uploads("ls", "--json", "s3://bucket/dir/")
        upload = json.loads(out)
        self.assertEqual(upload["url"], "s3://bucket/dir/two and more")
        self.assertEqual(upload["status"], "in_progress")
        self.assertTrue(upload["upload_id"])
        out, _ = self.uploads("ls", "--older-than", "1h", "s3://bucket")
        self.assertEqual(out, "")

    def test_abort_by_id(self):
        self.leave_upload("one")
        self.leave_upload("two")
        upload = json.loads(self.uploads("ls", "--json", "s3://bucket/one")[0])
        self.uploads("abort", "s3://bucket/one", upload["upload_id"])
        self.assertEqual(self.open_keys(), ["two"])

    def test_abort_of_what_is_not_there(self):
        self.leave_upload("one")
        for arguments in (["s3://bucket/one", "unknown"], ["s3://bucket/two", "unknown"]):
            out, err = self.uploads("abort", *arguments, code=1)
            self.assertEqual(out, "")
            self.assertIn("it was completed or aborted", err)
            out, _ = self.uploads("abort", "--json", *arguments, code=1)
            self.assertEqual(json.loads(out)["status"], "failed")
            self.assertEqual(json.loads(out)["error"]["status"], "CW_E_NOT_FOUND")
            self.uploads("abort", "-n", *arguments, code=1)
            out, err = self.uploads("abort", "-f", *arguments)
            self.assertEqual((out, err), ("gone  %s  unknown\n" % arguments[0], ""))
        self.assertEqual(self.open_keys(), ["one"])

    def test_abort_of_one_that_cannot_be_listed(self):
        self.leave_upload("one")
        upload = json.loads(self.uploads("ls", "--json", "s3://bucket/one")[0])
        self.s3.fault("op=ListMultipartUploads times=inf do=status:403:AccessDenied")
        self.uploads("abort", "-n", "s3://bucket/one", upload["upload_id"])
        out, err = self.uploads("abort", "s3://bucket/one", upload["upload_id"])
        self.assertEqual((out.split()[0], err, self.open_keys()), ("aborted", "", []))

    def test_what_ends_after_it_was_listed(self):
        self.leave_upload("one")
        self.s3.fault("op=AbortMultipartUpload times=1 do=status:404:NoSuchUpload")
        out, err = self.uploads("abort", "--all", "--json", "s3://bucket")
        self.assertEqual((json.loads(out)["status"], err), ("gone", ""))

    def test_abort_by_age(self):
        self.leave_upload("one")
        self.leave_upload("two")
        self.assertEqual(self.uploads("abort", "--older-than", "1h", "s3://bucket")[0], "")
        self.assertEqual(self.open_keys(), ["one", "two"])
        time.sleep(1.1)
        out, _ = self.uploads("abort", "--older-than", "1s", "--dry-run", "s3://bucket")
        self.assertEqual(out.count("would abort"), 2)
        self.assertEqual(self.open_keys(), ["one", "two"])
        out, _ = self.uploads("abort", "--older-than", "1s", "s3://bucket/t")
        self.assertEqual(out.count("aborted"), 1)
        self.assertEqual(self.open_keys(), ["one"])
        self.uploads("abort", "-q", "--all", "s3://bucket")
        self.assertEqual(self.open_keys(), [])

    def test_abort_that_fails(self):
        self.leave_upload("one")
        self.s3.fault("op=AbortMultipartUpload times=inf do=status:403:AccessDenied")
        out, err = self.uploads("abort", "--json", "--all", "s3://bucket", code=1)
        self.assertEqual(json.loads(out)["status"], "failed")
        self.assertEqual(json.loads(out)["error"]["service_code"], "AccessDenied")
        self.assertIn("s3://bucket/one", err)

    def test_no_such_bucket(self):
        _, err = self.uploads("ls", "s3://no-such-bucket", code=1)
        self.assertIn("s3://no-such-bucket", err)


class ManyPages(ToolTest):
    options = ("--max-keys", "2", "--min-part-bytes", "1")

    def test_all_pages_are_aborted(self):
        for i in range(5):
            self.s3.fault("op=AbortMultipartUpload times=1 do=status:403:AccessDenied\n"
                          "op=CompleteMultipartUpload times=1 do=status:403:AccessDenied")
            self.run_tool("put", "--part-size", "5MiB", self.write("a", bytes(6 * MIB)),
                          "s3://bucket/k%d" % i)
        self.assertEqual(len(self.s3.state()["uploads"]), 5)
        code, out, _ = self.run_tool("uploads", "abort", "--all", "s3://bucket/k")
        self.assertEqual((code, out.count("aborted")), (0, 5))
        self.assertEqual(self.s3.state()["uploads"], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
