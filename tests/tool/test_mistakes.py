"""test_mistakes.py - what a person types wrong is told by name, with what to do, and does nothing"""
import os
import subprocess
import unittest

from harness import DEADLINE, TOOL, ToolTest

# Exit code, what the message has, the words of the command.
MISTAKES = [
    (2, "there is no verb 'pit'", "pit f"),
    (2, "there is no option '--nosuch'", "put --nosuch f s3://bucket/k"),
    (2, "name at least one source, and a URL", "put f"),
    (2, "'s3://' has no bucket: write s3://bucket/key", "put f s3://"),
    (2, "names a bucket: add a slash and the key", "put f s3://bucket"),
    (2, "begins with 's3:', which is not known here: write s3://bucket/key", "put f s3:/bucket/k"),
    (2, "give a server other than AWS as the client's endpoint_url", "put f http://bucket/k"),
    (2, "is a folder: say -r", "put folder s3://bucket/k/"),
    (2, "a folder can only go to a URL that ends in '/'", "put -r folder s3://bucket/k"),
    (2, "several sources can only go to a URL that ends in '/'", "put f f s3://bucket/k"),
    (2, "'foo' is none of these: AES256, aws:kms, aws:kms:dsse", "put --sse foo f s3://bucket/k"),
    (2, "'x' is none of these: csv, tsv, jsonl", "parquet --format x f s3://bucket/k"),
    (2, "is not a size such as 16MiB", "put --part-size eight f s3://bucket/k"),
    (2, "must be at least 12 MiB", "put --memory 1MiB f s3://bucket/k"),
    (2, "is not NAME=VALUE", "put --metadata foo f s3://bucket/k"),
    (2, "32 bytes, or 64 hexadecimal digits", "put --sse-c-key-file f f s3://bucket/k"),
    (2, "--older-than AGE or --all", "uploads abort s3://bucket"),
    (2, "a '[' or '{' is not closed", "glob s3://bucket/[a"),
    (2, "GET, HEAD, PUT or DELETE", "presign --method FOO s3://bucket/k"),
    (1, "nofile: No such file", "put nofile s3://bucket/k"),
    (1, "NoSuchBucket: create the bucket, or check its name", "put f s3://no-such/k"),
    (1, "nothing is there: check the key, the bucket and the endpoint", "stat s3://bucket/none"),
    (1, "/none/x: its folder does not exist: make it first", "get s3://bucket/there /none/x"),
    (1, "it is not sound gzip", "cat --gunzip s3://bucket/there"),
    (1, "is no Parquet file: it is too short", "verify f"),
    (1, "the name of f does not tell its format: use --format", "parquet f s3://bucket/k"),
    (1, "line 2: this is no JSON object", "parquet list.jsonl s3://bucket/k"),
    (0, "nothing is below it", "get -r s3://bucket/none out"),
    (0, "nothing is below it", "rm -r s3://bucket/there"),
    (0, "nothing is below it", "cp -r s3://bucket/there s3://bucket/copy"),
    (0, "nothing matches", "get --glob s3://bucket/*.zzz out"),
]

ENVIRONMENTS = [
    (2, "AWS_SECRET_ACCESS_KEY is not", {"AWS_SECRET_ACCESS_KEY": None}),
    (1, "no credentials were found", {"AWS_SECRET_ACCESS_KEY": None, "AWS_ACCESS_KEY_ID": None,
                                      "AWS_EC2_METADATA_DISABLED": "true"}),
    (2, "write http://host[:port] or https://host[:port]", {"AWS_ENDPOINT_URL_S3": "nonsense"}),
    (1, "check the endpoint, the region, and the network",
     {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}),
    (2, "there is no profile 'nobody'", {"AWS_PROFILE": "nobody", "AWS_SECRET_ACCESS_KEY": None,
                                         "AWS_ACCESS_KEY_ID": None}),
    (1, "get new temporary credentials", {"AWS_SESSION_TOKEN": "stale"}),
    (1, "check the secret access key", {"AWS_SECRET_ACCESS_KEY": "wrong"}),
    (1, "check the access key id", {"AWS_ACCESS_KEY_ID": "wrong"}),
]


class Mistakes(ToolTest):
    def setUp(self):
        super().setUp()
        self.write("f")
        self.write("folder/a")
        self.write("list.jsonl", b'{"a":1}\n[1]\n')
        self.put(self.path("f"), "s3://bucket/there")

    def check(self, code, words, command):
        got, _, err = self.run_tool(*command.split())
        self.assertEqual(got, code, command + ": " + err)
        self.assertIn(words, err, command)
        self.assertLess(len(err.splitlines()), 4, err)

    def test_words(self):
        for code, words, command in MISTAKES:
            with self.subTest(command):
                self.check(code, words, command)
        self.assertEqual([o["key"] for o in self.s3.state()["objects"]], ["there"])

    def test_environments(self):
        usual = dict(self.environment)
        for code, words, changes in ENVIRONMENTS:
            self.environment = {**usual, **changes}
            self.environment = {k: v for k, v in self.environment.items() if v is not None}
            with self.subTest(changes):
                self.check(code, words, "put f s3://bucket/k")
        self.assertEqual(self.s3.get("k")[0], 404)

    def test_output_that_cannot_be_written(self):
        full = os.open("/dev/full", os.O_WRONLY)
        self.addCleanup(os.close, full)
        self.write("t.csv", b"a\n1\n")
        self.assertEqual(self.run_tool("parquet", "t.csv", "t.parquet")[0], 0)
        for code, command in ((1, "ls s3://bucket"), (1, "meta --json t.parquet"), (1, "stat s3://bucket/there"),
                              (1, "du s3://bucket"), (1, "config"), (0, "put --json f s3://bucket/k")):
            done = subprocess.run([TOOL, *command.split()], env=self.environment, cwd=self.folder,
                                  stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE)
            err = done.stderr.decode()
            self.assertEqual(done.returncode, code, command + err)
            self.assertIn("standard output: No space left", err, command)
        self.assert_object("k", b"content\n")


if __name__ == "__main__":
    unittest.main()
