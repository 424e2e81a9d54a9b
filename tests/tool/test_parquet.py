"""test_parquet.py - cloudwriter parquet, from text to a Parquet file or an error that says where"""
import json
import os
import subprocess
import unittest

from harness import TOOL, ToolTest


class ParquetTest(ToolTest):
    def parquet(self, *arguments, data=None, code=0):
        """Run it with --json; answer the objects that it printed, and standard error."""
        got, out, err = self.run_tool("parquet", "--json", *arguments, data=data)
        self.assertEqual(got, code, err)
        return [json.loads(line) for line in out.splitlines()], err

    def make(self, name, content, *options):
        """A local file of it: its rows and its schema, a line for each field."""
        source = self.write(name, content.encode() if isinstance(content, str) else content)
        results, err = self.parquet(*options, source, self.path("out.parquet"))
        self.assertEqual(err, "")
        self.sound("out.parquet")
        return results[0]["rows"], self.schema("out.parquet")

    def schema(self, url):
        code, out, err = self.run_tool("schema", url)
        self.assertEqual(code, 0, err)
        return [line.strip() for line in out.splitlines()[1:-1]]

    def sound(self, url):
        code, out, err = self.run_tool("verify", url)
        self.assertEqual(code, 0, out + err)

    def refused(self, content, *options, name="in.csv", says=(), code=1):
        """Nothing is published, and the error says all of `says`."""
        source = self.write(name, content.encode() if isinstance(content, str) else content)
        results, err = self.parquet(*options, source, self.path("none.parquet"), code=code)
        self.assertFalse(os.path.exists(self.path("none.parquet")))
        if results:
            self.assertEqual(results[0]["status"], "not_committed")
        for text in (says,) if isinstance(says, str) else says:
            self.assertIn(text, err)


class Csv(ParquetTest):
    def test_types_are_inferred(self):
        rows, schema = self.make("in.csv", "i,u,d,b,day,t,local,utc,ns,zip,s,none\n"
                                 "1,18446744073709551615,1,true,2024-02-29,12:30,2024-01-01 00:00:00,"
                                 "2024-01-01T00:00:00Z,2024-01-01T00:00:00.123456789,01234,x,\n"
                                 "-5,0,.5,FALSE,1969-12-31,23:59:59.5,2024-01-01,"
                                 "2024-01-01 02:00+02:00,2024-01-01,1,1,\n")
        self.assertEqual(rows, 2)
        self.assertEqual(schema, [
            "optional int64 i;", "optional uint64 u;", "optional double d;", "optional boolean b;",
            "optional date day;", "optional time(us,local) t;", "optional timestamp(us,local) local;",
            "optional timestamp(us,utc) utc;", "optional timestamp(ns,local) ns;",
            "optional string zip;", "optional string s;", "optional string none;"])

    def test_what_no_timestamp_holds_is_text(self):
        """Nanoseconds, and what they do not reach."""
        fine = "2024-01-01T00:00:00.123456789"
        for far in ("1677-09-21", "1500-01-01T00:00:00", "2262-04-11T23:47:16.854776", "9999-12-31"):
            rows, schema = self.make("in.csv", f"a,b\n{fine},{fine}\n{far},1677-09-22\n", "--infer", "all")
            self.assertEqual((rows, schema), (2, ["optional string a;", "optional timestamp(ns,local) b;"]))
            record = '{"a": "%s"}\n'
            self.assertEqual(self.make("in.jsonl", record % fine + record % far)[1], ["optional string a;"])

    def test_what_no_double_holds_is_text(self):
        _, schema = self.make("in.csv", "a,b\n9007199254740993,18446744073709551615\n0.5,-1\n")
        self.assertEqual(schema, ["optional string a;", "optional string b;"])

    def test_quotes_and_lines(self):
        content = 'a,b\r\n"x, ""y""",1\r\n\r\n"two\nlines",\r\n5" pipe,2'
        self.assertEqual(self.make("in.csv", content)[0], 3)
        self.assertEqual(self.make("in.csv", 'a,b\n"x,y"\n', "--quote", "none")[0], 1)

    def test_tsv_and_other_delimiters(self):
        self.assertEqual(self.make("in.tsv", "a\tb\n1\t2\n")[1], ["optional int64 a;", "optional int64 b;"])
        self.assertEqual(self.make("in.txt", "a|b\n1|2\n", "--format", "csv", "--delimiter", "|")[1],
                         ["optional int64 a;", "optional int64 b;"])
        self.assertEqual(self.make("in.txt", "a\tb\n1\t2\n", "--format", "csv", "--delimiter", "tab")[0], 1)

    def test_without_a_header(self):
        rows, schema = self.make("in.csv", "1,x\n2,y\n", "--no-header")
        self.assertEqual((rows, schema), (2, ["optional int64 column_1;", "optional string column_2;"]))

    def test_nulls(self):
        self.write("s", b"message m { optional int64 a; required string b; optional string c; }")
        self.assertEqual(self.make("in.csv", 'a,b,c\nNA,x,"NA"\n1,"",NA\n', "--null", "NA",
                                   "--schema", self.path("s"))[0], 2)
        rows, _ = self.make("in.csv", 'a,b,c\n,,\n1,"",x\n', "--schema", self.path("s"))
        self.assertEqual(rows, 2)
        code, out, _ = self.run_tool("meta", "--json", self.path("out.parquet"))
        self.assertEqual(code, 0)
        self.assertIn('"null_count":1', out.replace(" ", ""))

    def test_the_header_is_matched_by_name(self):
        self.write("s", b"message m { optional decimal(9,2) price; optional int32 id; }")
        rows, schema = self.make("in.csv", "id,price\n1,2.5\n", "--schema", self.path("s"))
        self.assertEqual((rows, schema), (1, ["optional decimal(9,2) price;", "optional int32 id;"]))
        self.refused("id,price,more\n1,2.5,3\n", "--schema", self.path("s"),
                     says=("'more'", "--ignore-unknown"))
        self.refused("id\n1\n", "--schema", self.path("s"), says="'price'")
        self.assertEqual(self.make("in.csv", "more,price,id\nx,2.5,3\n", "--schema", self.path("s"),
                                   "--ignore-unknown")[0], 1)
        self.refused("1,2,3\n", "--schema", self.path("s"), "--no-header", says="3 columns, the schema 2")

    def test_every_type_of_a_schema(self):
        self.write("s", b"""message m { optional boolean b; optional int8 i8; optional uint16 u16;
            optional float f; optional float16 h; optional decimal(38,3) d; optional decimal256(60,0) w;
            optional uuid id; optional fixed(3) x; optional enum e; optional json j; optional binary y;
            optional time(ms,local) t; optional timestamp(ns,utc) n; optional null z; }""")
        rows, _ = self.make("in.csv", "b,i8,u16,f,h,d,w,id,x,e,j,y,t,n,z\n"
                            't,-128,65535,1e30,0.5,-1.234,' + "9" * 60 +
                            ',01234567-89ab-cdef-0123-456789ABCDEF,abc,red,"{""a"": [1]}",z,12:00,'
                            "2024-01-01T00:00:00+01,\n", "--schema", self.path("s"))
        self.assertEqual(rows, 1)

    def test_a_bad_value_is_named_with_its_place(self):
        cases = (("int8", "300"), ("int64", "1.5"), ("uint32", "-1"), ("decimal(4,2)", "123.45"),
                 ("decimal(4,2)", "1.234"), ("date", "2023-02-29"), ("boolean", "maybe"),
                 ("timestamp(ms,utc)", "2024-01-01T00:00:00.0001Z"), ("uuid", "0123"),
                 ("timestamp(us,local)", "2024-01-01T00:00:00Z"), ("time(us,local)", "25:00"),
                 ("fixed(2)", "abc"), ("json", "{"), ("double", "1,5"), ("float16", "1e6"))
        for kind, value in cases:
            self.write("s", ("message m { optional string k; optional %s v; }" % kind).encode())
            quoted = '"%s"' % value.replace('"', '""')
            self.refused('k,v\na,\n"b\nb",\nc,%s\n' % quoted, "--schema", self.path("s"),
                         says=("in.csv, line 5, column 'v': '%s' is no " % value))

    def test_a_column_of_nothing_has_no_value(self):
        self.write("s", b"message m { optional null v; }")
        self.refused("v\nx\n", "--schema", self.path("s"), says="'x' is not empty")

    def test_the_first_bad_row_is_told(self):
        self.refused("a,b\n1,1\n2,x\ny,2\n", "--schema", self.write(
            "s", b"message m { optional int64 a; optional int64 b; }"), says="line 3, column 'b'")

    def test_a_required_value_is_missing(self):
        self.write("s", b"message m { required int64 a; }")
        self.refused("a\n1\n\n2\n", "--schema", self.path("s"), says=("line 3", "required"))

    def test_records_that_are_wrong(self):
        self.refused("a,b\n1,2\n3\n", says=("in.csv, line 3", "1 cell where there are 2"))
        self.refused("a,b\n1,2,3\n", says=("line 2", "3 cells"))
        self.refused('a,b\n1,"x"y\n', says=("line 2", "closing quote"))
        self.refused('a,b\n1,"x\n\n', says=("line 2", "never closed"))
        self.refused("a,a\n1,2\n", says="two columns of the header are named 'a'")
        self.refused("", says="is empty")
        self.refused("a,b\r1,2\r", says="its lines end with CR")
        self.refused(b"a\0b,c\n1,2\n", says="a name in the header has a NUL")
        self.refused(b"a\n\xff\n", says=("line 2", "UTF-8"))
        self.refused(b"\xff\xfea\x00", says="UTF-16")
        self.refused(b"\x1f\x8b\x08\x00", says="gzip -dc")
        self.refused(b"PAR1", says="Parquet file already")
        self.refused("a\n1\n", name="in.dat", says="--format")

    def test_a_byte_order_mark_is_none_of_the_name(self):
        self.assertEqual(self.make("in.csv", b"\xef\xbb\xbfid\n1\n")[1], ["optional int64 id;"])

    def test_header_alone(self):
        rows, schema = self.make("in.csv", "a,b\n")
        self.assertEqual((rows, schema), (0, ["optional string a;", "optional string b;"]))

    def test_a_late_value_does_not_fit(self):
        content = "n,s\n" + "1,%s\n" % ("x" * 200) * 60000 + "oops,y\n"
        self.refused(content, says=("line 60002, column 'n': 'oops' is no int64", "--infer all"))
        rows, schema = self.make("in.csv", content, "--infer", "all")
        self.assertEqual((rows, schema), (60001, ["optional string n;", "optional string s;"]))

    def test_infer_all_wants_a_file(self):
        results, err = self.parquet("--infer", "all", "--format", "csv", "-", self.path("none"),
                                    data=b"a\n1\n", code=1)
        self.assertEqual(results[0]["status"], "not_committed")
        self.assertIn("--infer all reads twice", err)

    def test_long_records(self):
        long = "x" * (3 << 20)
        rows, _ = self.make("in.csv", "a,b\n1,%s\n2,y\n3,%s\n" % (long, long))
        self.assertEqual(rows, 3)


class JsonLines(ParquetTest):
    def test_types_are_inferred(self):
        rows, schema = self.make("in.jsonl", '{"i":1,"l":[1,null],"o":{"x":1.5,"t":"2024-01-01"}}\n'
                                 '\n{"o":{"x":2,"y":true},"i":null,"m":[],"n":null}\n'
                                 '{"mix":1}\n{"mix":"s"}\n')
        self.assertEqual(rows, 4)
        self.assertEqual(schema, [
            "optional int64 i;", "optional list l {", "optional int64 element;", "}",
            "optional struct o {", "optional double x;", "optional date t;", "optional boolean y;", "}",
            "optional list m {", "optional string element;", "}", "optional string n;",
            "optional json mix;"])

    def test_maps_and_more_by_a_schema(self):
        self.write("s", b"""message m { required map tags { required string key; optional int32 value; }
            optional decimal(9,2) price; required list l { required struct element { required int64 a; } } }""")
        rows, _ = self.make("in.ndjson", '{"tags":{"a":1,"b":null},"price":"1.25","l":[{"a":1}]}\n'
                            '{"l":[],"tags":{},"price":2.5}\n', "--schema", self.path("s"))
        self.assertEqual(rows, 2)

    def test_what_is_wrong_is_named_with_its_place(self):
        self.write("s", b"message m { optional struct p { required int32 x; optional string s; } }")
        def refused(line, *says, options=()):
            self.refused('{"p":null}\n' + line + "\n", "--schema", self.path("s"), *options,
                         name="in.jsonl", says=("in.jsonl, line 2",) + says)
        refused('{"p":{"x":1.5}}', "column 'p.x'", "'1.5'", "no int32")
        refused('{"p":{}}', "required")
        refused('{"p":{"x":1,"x":2}}', "twice")
        refused('{"p":{"x":1,"z":2}}', "'z' is a name that no field of the schema has")
        refused('{"p":{"x":1,"s":2}}', "a number that is no string")
        refused('{"p":[1]}', "a list that is no struct")
        refused('{"p":', "byte 6", "no JSON value")
        refused('{"p":null} x', "behind the value")
        refused('{"p":{"x":1,"s":"\\ud800"}}', "no escape")
        refused("3", "no JSON object")
        self.refused(b'{"a":"\xff"}\n', name="in.jsonl", says=("line 1", "not UTF-8"))
        self.refused('[{"a":1}]', name="in.json", says="jq -c")
        self.refused("\n\n", name="in.jsonl", says="--schema")
        self.write("in.jsonl", b'{"p":{"x":1,"z":2},"q":[]}\n')
        self.parquet("--schema", self.path("s"), "--ignore-unknown", self.path("in.jsonl"),
                     self.path("out.parquet"))

    def test_a_late_value_does_not_fit(self):
        line = json.dumps({"a": 1, "b": "x" * 200}) + "\n"
        content = line * 60000 + '{"a":"one"}\n'
        self.refused(content, name="in.jsonl", says=("line 60001, column 'a'", "--infer all"))
        self.assertEqual(self.make("in.jsonl", content, "--infer", "all")[1],
                         ["optional json a;", "optional string b;"])


class Objects(ParquetTest):
    def test_into_a_bucket(self):
        content = "id,text\n" + "".join("%d,row %d\n" % (i, i * i) for i in range(200000))
        results, _ = self.parquet(self.write("rows.csv", content.encode()), "s3://bucket/in/")
        self.assertEqual(results[0]["url"], "s3://bucket/in/rows.parquet")
        self.assertEqual(results[0]["rows"], 200000)
        self.assertEqual(results[0]["row_groups"], 1)
        self.assertEqual(results[0]["bytes_in"], len(content))
        status, headers, body = self.s3.get("in/rows.parquet")
        self.assertEqual((status, body[:4], body[-4:]), (200, b"PAR1", b"PAR1"))
        self.assertEqual(headers["content-type"], "application/vnd.apache.parquet")
        self.assertEqual(results[0]["bytes"], len(body))
        self.sound("s3://bucket/in/rows.parquet")

    def test_options_of_the_encoder(self):
        rows = "".join("%d,x\n%d,y\n" % (i, i) for i in range(500, 0, -1))
        self.write("a.csv", b"a,b\n" + rows.encode())
        self.parquet("--codec", "gzip", "--level", "9", "--row-group-rows", "300", "--data-page-v2",
                     "--bloom-filter", "b", "--sorted-by", "a:desc", "--key-value", "by=me",
                     "--threads", "2", "--encoder-memory", "64MiB", "--readers", "spark",
                     self.path("a.csv"), self.path("out.parquet"))
        _, out, _ = self.run_tool("meta", self.path("out.parquet"))
        for text in ("GZIP", "by"):
            self.assertIn(text, out)
        self.sound("out.parquet")

    def test_several_files_and_their_names(self):
        files = [self.write("f%d.csv" % i, b"a\n%d\n" % i) for i in range(5)]
        results, _ = self.parquet("-j", "2", *files, "s3://bucket/all/")
        self.assertEqual(sorted(r["url"] for r in results),
                         ["s3://bucket/all/f%d.parquet" % i for i in range(5)])
        self.write("f1.jsonl", b"{}")
        code, _, err = self.run_tool("parquet", files[1], self.path("f1.jsonl"), "s3://bucket/all/")
        self.assertEqual(code, 2)
        self.assertIn("f1.parquet", err)

    def test_a_command(self):
        results, _ = self.parquet("--format", "jsonl", "--exec", "echo '{\"a\":1}'", "s3://bucket/c")
        self.assertEqual(results[0]["rows"], 1)
        results, err = self.parquet("--format", "csv", "--exec", "printf 'a\\n1\\n'; exit 3",
                                    "s3://bucket/d", code=1)
        self.assertIn("exited with status 3", err)
        self.assert_nothing("d")

    def test_a_bad_row_publishes_nothing(self):
        rows = "".join("%d,%s\n" % (i, os.urandom(60).hex()) for i in range(150000))
        source = self.write("big.csv", ("i,x\n" + rows + "bad\n").encode())
        _, err = self.parquet("--row-group-rows", "20000", "--part-size", "5MiB", source,
                              "s3://bucket/big", code=1)
        self.assertIn("line 150002", err)
        self.assert_nothing("big")

    def test_standard_input_as_it_comes(self):
        process = self.start("parquet", "--format", "csv", "-", "s3://bucket/slow", stdin=subprocess.PIPE)
        process.stdin.write(b"a,b\n1,")
        process.stdin.flush()
        process.stdin.write(b"2\n3,4\n")
        self.assertEqual(self.finish(process)[0], 0)
        self.sound("s3://bucket/slow")

    def test_wrong_usage(self):
        self.write("a.csv", b"a\n1\n")
        for arguments, says in ((("a.csv",), "URL"), (("--delimiter", "ab", "a.csv", "x"), "character"),
                                (("--codec", "lzo", "a.csv", "x"), "lzo"),
                                (("--infer", "some", "a.csv", "x"), "some"),
                                (("--gzip", "a.csv", "x"), "no option"),
                                (("--key-value", "x", "a.csv", "x"), "NAME=VALUE")):
            code, out, err = self.run_tool("parquet", *arguments)
            self.assertEqual((code, out), (2, ""), err)
            self.assertIn(says, err)
        self.write("s", b"message m { optional int a; }")
        self.refused("a\n1\n", "--schema", self.path("s"), says=("s: line 1", "int"))
        self.refused("a\n1\n", "--schema", self.path("missing"), says="missing")
        self.write("s", b"message m { optional geometry a; }")
        self.refused("a\n1\n", "--schema", self.path("s"), says="geometry", code=2)

    def test_progress(self):
        self.write("a.csv", b"a\n" + b"1\n" * 1000)
        done = subprocess.run([TOOL, "parquet", "--progress", "a.csv", "s3://bucket/a"],
                              env=self.environment, cwd=self.folder, capture_output=True, timeout=60,
                              check=True)
        self.assertIn(b"%", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
