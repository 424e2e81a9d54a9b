"""text.py - what `cloudwriter parquet` makes of CSV and JSON Lines, read by pyarrow and DuckDB

Random tables are written as text by Python's own csv and json, turned into Parquet by the command, with
types given and inferred, and compared value by value with what was written.
"""
import csv
import datetime
import decimal
import io
import json
import os
import random
import subprocess
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

WORDS = ["", "a", "two words", 'a "quote"', "comma, semi; tab\t", "line\nbreak", "cr\r\nlf", "ünïcödé 😀", "NA",
         "null", " padded ", "-", "1e", "0x1", "x" * 300]


def moment(r):
    return datetime.datetime(1900, 1, 1) + datetime.timedelta(microseconds=r.randrange(7 * 10**15))


# name in a schema, Arrow type, a random value, its text
KINDS = {
    "int64": (pa.int64(), lambda r: r.randrange(-2**63, 2**63) >> r.randrange(63), str),
    "int8": (pa.int8(), lambda r: r.randrange(-128, 128), str),
    "uint64": (pa.uint64(), lambda r: r.randrange(2**64) >> r.randrange(63), str),
    "double": (pa.float64(), lambda r: r.choice([r.random(), r.gauss(0, 1e9), float(r.randrange(9)), 1e-300]), repr),
    "boolean": (pa.bool_(), lambda r: r.random() < 0.5, lambda v: "true" if v else "false"),
    "decimal(12,3)": (pa.decimal128(12, 3), lambda r: decimal.Decimal(r.randrange(-10**12 + 1, 10**12)).scaleb(-3), str),
    "decimal(38,9)": (pa.decimal128(38, 9), lambda r: decimal.Decimal(r.randrange(-10**27, 10**27)).scaleb(-9), str),
    "string": (pa.string(), lambda r: r.choice(WORDS), str),
    "date": (pa.date32(), lambda r: moment(r).date(), str),
    "timestamp(us,local)": (pa.timestamp("us"), moment, lambda v: v.isoformat(" ")),
    "timestamp(us,utc)": (pa.timestamp("us", "UTC"), moment, lambda v: v.isoformat() + "Z"),
    "time(us,local)": (pa.time64("us"), lambda r: moment(r).time(), str),
    "uuid": (pa.binary(16), lambda r: uuid.UUID(int=r.getrandbits(128)).bytes, lambda v: str(uuid.UUID(bytes=v))),
}
# What is inferred from their text, where that is another type.
INFERRED = {"int8": "int64", "decimal(12,3)": "double", "decimal(38,9)": "double", "uuid": "string"}


def table_of(r, rows, kinds):
    columns = {}
    for i, kind in enumerate(kinds):
        _, make, _ = KINDS[kind]
        columns[f"c{i} {kind}"] = [None if r.random() < 0.1 else make(r) for _ in range(rows)]
    return columns


def schema_text(kinds):
    fields = "".join(f'optional {kind} "c{i} {kind}";' for i, kind in enumerate(kinds))
    return "message m {" + fields + "}"


def as_csv(columns, kinds, r):
    """A null is an empty cell, an empty text a quoted one, which Python's writer does by QUOTE_NOTNULL alone."""
    out = io.StringIO()
    end = r.choice(["\n", "\r\n"])
    header = csv.writer(out, lineterminator=end)
    header.writerow(columns)
    for row in zip(*columns.values()):
        cells = []
        for kind, value in zip(kinds, row):
            text = "" if value is None else KINDS[kind][2](value)
            quoted = value is not None and (text == "" or any(c in text for c in ',"\n\r') or r.random() < 0.1)
            cells.append('"%s"' % text.replace('"', '""') if quoted else text)
        out.write(",".join(cells) + end)
    return out.getvalue()


def as_json(columns, kinds, r):
    lines = []
    for row in zip(*columns.values()):
        members = list(zip(columns, kinds, row))
        r.shuffle(members)
        plain = ("int64", "int8", "uint64", "double", "boolean", "string")
        lines.append(json.dumps({name: value if value is None or kind in plain else KINDS[kind][2](value)
                                 for name, kind, value in members if value is not None or r.random() < 0.5},
                                ensure_ascii=r.random() < 0.5))
    return "\n".join(lines) + "\n"


def convert(tool, source, target, *options):
    done = subprocess.run([tool, "parquet", *options, source, target], capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, (options, done.stderr.decode())


def comparable(kind, value):
    if kind == "timestamp(us,utc)" and value is not None:
        return value.replace(tzinfo=None)
    return value


def compare(path, columns, kinds, what):
    got = pq.read_table(path)
    for (name, values), kind in zip(columns.items(), kinds):
        there = got[name].to_pylist()
        if kind == "uuid":
            there = [v.bytes if isinstance(v, uuid.UUID) else v for v in there]
        there = [comparable(kind, v) for v in there]
        for row, (a, b) in enumerate(zip(values, there)):
            assert a == b, f"{what}, {name}, row {row}: {b!r} and not {a!r}"
        assert len(values) == len(there), (what, name)


def expected_type(kind, values):
    if all(v is None for v in values):
        return "string"
    return INFERRED.get(kind, kind)


def text_tables(lib, folder, seeds):
    """CSV and JSON Lines, with a schema and without."""
    tool = lib.tool
    for seed in range(0, seeds, 3):
        r = random.Random(seed)
        kinds = [r.choice(list(KINDS)) for _ in range(r.randrange(1, 9))]
        rows = r.choice([1, 3, 100, 3000])
        columns = table_of(r, rows, kinds)
        source, target = os.path.join(folder, "in"), os.path.join(folder, "out.parquet")
        schema = os.path.join(folder, "schema")
        with open(schema, "w", encoding="utf-8") as f:
            f.write(schema_text(kinds))
        for form, text in (("csv", as_csv(columns, kinds, r)), ("jsonl", as_json(columns, kinds, r))):
            with open(source, "w", encoding="utf-8", newline="") as f:
                f.write(text)
            if form == "csv" and len(kinds) > 1 or form == "jsonl":
                convert(tool, source, target, "--format", form, "--schema", schema)
                out, faults = lib.verify(target)
                assert not faults, (seed, form, faults[:3])
                compare(target, columns, kinds, f"seed {seed}, {form}")
                count = duckdb.sql(f"select count(*) from '{target}'").fetchall()[0][0]
                assert count == rows, (seed, form, count)
            if form == "csv" and len(kinds) > 1:
                convert(tool, source, target, "--format", form, "--infer", "all")
                types = {field.name: field.type for field in pq.read_schema(target)}
                for (name, values), kind in zip(columns.items(), kinds):
                    want = expected_type(kind, values)
                    if want in ("string", "double", "uint64", "timestamp(us,local)", "time(us,local)") or \
                            kind.startswith("decimal"):
                        continue  # narrower types may hold what this one happens to have
                    assert types[name] == KINDS[want][0], (seed, name, types[name])
