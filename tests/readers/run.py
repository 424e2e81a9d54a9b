#!/usr/bin/env python3
"""run.py - other people's readers read what the encoder writes, value by value

    run.py --library LIBRARY --tool COMMAND [--server COMMAND] [--seeds N] [TEST...]

And the verifier accepts what other writers write, and finds damage. What a reader cannot represent is
named in CANNOT, here and, by type, in properties.py.
"""
import argparse
import math
import os
import random
import sys
import tempfile
import traceback

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from damage import deliberate_damage, not_understood
from encoder import Library
from golden import Missing, golden
from large import large_columns
from order import order_of_rows
from properties import others_agree, same_bytes, written_is_read
from settings import settings_for_others
from tables import every_type, random_batches
from text import text_tables

ROWS = 5000

# Columns of every_type that a reader has no type for, or another one.
CANNOT = {
    "duckdb": {
        "half": "becomes FLOAT, which is compared apart",
        "map": "MAP comes back as another Python shape",
        "decimal38": "compared as text", "uint64": None, "null": "becomes INTEGER",
        "timestamp_us": "comes back in the session's time zone",
    },
    "polars": {
        "half": "read as Float16, compared as float", "map": "read as a list of structs",
        "time_s": "becomes Time in nanoseconds", "time_us": "becomes Time in nanoseconds",
        "fixed_list": "read as a list", "decimal38": "compared as text",
    },
}
for skipped in CANNOT.values():
    for column in [k for k, why in skipped.items() if why is None]:
        del skipped[column]

OPTIONS = {
    "default": {}, "v2": {"data_page_v2": 1}, "uncompressed": {"codec": 1},
    "gzip, small pages": {"codec": 3, "page_rows": 333}, "snappy": {"codec": 4}, "lz4": {"codec": 5},
    "arrow schema, bloom, threads": {"arrow_schema": 1, "bloom_filters": 1, "threads": 3},
    "plain": {"encoding": 1}, "dictionary": {"encoding": 2}, "delta": {"encoding": 4},
    "delta length": {"encoding": 5}, "delta bytes": {"encoding": 6},
    "many row groups": {"row_group_rows": 700}, "row groups by bytes": {"row_group_bytes": 100000},
    "no statistics, no checksums": {"statistics": 2, "page_checksums": 2},
}


def same(value):
    """Comparable: NaN equal to itself, times without a zone's name."""
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, (list, tuple)):
        return [same(v) for v in value]
    if isinstance(value, dict):
        return {k: same(v) for k, v in value.items()}
    if hasattr(value, "tzinfo") and hasattr(value, "replace"):
        return value.replace(tzinfo=None)
    return value


def plain_types(table):
    """Views, runs and dictionaries as what they stand for."""
    return {name: same(table[name].to_pylist()) for name in table.column_names}


def check_columns(who, expected, got, leave=()):
    for name, values in expected.items():
        if name in leave:
            continue
        there = same(got[name].to_pylist())
        if there == values:
            continue
        at = next((i for i, (a, b) in enumerate(zip(values, there)) if a != b), min(len(values), len(there)))
        raise AssertionError(f"{who}, column {name}, row {at}: {there[at:at + 1]} and not {values[at:at + 1]}")


def check_sound(lib, path, **at_least):
    out, faults = lib.verify(path)
    assert not faults, "verify: " + "; ".join(faults[:3])
    assert out.skipped == 0, f"verify skipped {out.skipped} chunks"
    for name, least in at_least.items():
        assert getattr(out, name) >= least, (name, getattr(out, name))


def every_reader(lib, folder, _):
    """Every type, under every set of options, by pyarrow, DuckDB, Polars and verify."""
    table = every_type(ROWS)
    expected = plain_types(table)
    path = os.path.join(folder, "types.parquet")
    for what, options in OPTIONS.items():
        lib.write(path, table, **options)
        try:
            check_sound(lib, path, values=ROWS * len(table.column_names))
            check_columns("pyarrow", expected, pq.read_table(path, page_checksum_verification=True))
            rows = duckdb.sql(f"select * from read_parquet('{path}')").to_arrow_table()
            check_columns("DuckDB", expected, rows, CANNOT["duckdb"])
            columns = [c for c in table.column_names if c not in CANNOT["polars"]]
            check_columns("Polars", {c: expected[c] for c in columns},
                          pl.read_parquet(path, columns=columns).to_arrow())
        except Exception as e:
            raise AssertionError(f"with {what}: {e}") from e


def random_tables(lib, folder, seeds):
    """Random schemas to depth five: the same values by pyarrow, the same number of rows by DuckDB."""
    path = os.path.join(folder, "random.parquet")
    for seed in range(seeds):
        batches = random_batches(seed)
        r = random.Random(seed)
        options = {"page_rows": r.choice([0, 1, 50]), "row_group_rows": r.choice([0, 3, 500]),
                   "data_page_v2": r.randrange(2), "threads": r.randrange(4),
                   "encoding": r.choice([0, 0, 1, 2]), "codec": r.choice([0, 1, 3, 4, 5])}
        try:
            lib.write(path, batches, **options)
            table = pa.Table.from_batches(batches)
            check_sound(lib, path)
            check_columns("pyarrow", plain_types(table), pq.read_table(path))
            rows = duckdb.sql(f"select count(*) from read_parquet('{path}')").fetchall()[0][0]
            assert rows == table.num_rows, (rows, table.num_rows)
        except Exception as e:
            raise AssertionError(f"seed {seed}, {options}, {batches[0].schema}: {e}") from e


def the_law(lib, folder, seeds):
    """However the rows are split into batches, and on however many threads: the same bytes."""
    a, b = (os.path.join(folder, name) for name in ("a.parquet", "b.parquet"))
    for seed in range(0, seeds, 4):
        table = pa.Table.from_batches(random_batches(seed)).combine_chunks()
        whole = table.to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]
        options = {"row_group_rows": 200, "page_rows": 30}
        lib.write(a, whole, **options)
        for rows, threads in ((1, 0), (7, 3), (64, 2)):
            pieces = table.to_batches(max_chunksize=rows) or whole
            lib.write(b, pieces, threads=threads, **options)
            with open(a, "rb") as x, open(b, "rb") as y:
                assert x.read() == y.read(), f"seed {seed}, batches of {rows}, {threads} threads"


def pruning(lib, folder, seeds):
    """Filters answer what they answer without statistics: on clustered, nullable and NaN columns.

    The column with NaN is for DuckDB alone, to which NaN is the greatest number: pyarrow takes all rows
    of a row group whose minimum fulfils a filter, NaN included, whoever wrote the file.
    """
    r = random.Random(5)
    rows = 20000
    table = pa.table({
        "id": pa.array(range(rows), pa.int64()),
        "near": pa.array([None if r.random() < 0.05 else i // 50 + r.randrange(9) for i in range(rows)]),
        "real": pa.array([r.choice([0.0, -0.0, i / 7, -i / 9]) for i in range(rows)]),
        "nan": pa.array([float("nan") if i % 3000 > 2000 or r.random() < 0.1 else i / 7
                         for i in range(rows)]),
        "text": pa.array([None if i % 11 == 0 else f"prefix-{'x' * 70}-{i // 100:06d}" for i in range(rows)]),
        "big": pa.array([i * 2**40 for i in range(rows)], pa.uint64()),
    })
    path = os.path.join(folder, "pruning.parquet")
    lib.write(path, table, page_rows=500, row_group_rows=3000, bloom_filters=1)
    check_sound(lib, path, statistics=100, bloom_filters=20)
    data, memory = ds.dataset(path), ds.dataset(table)
    duckdb.register("memory", table)
    for _ in range(seeds):
        column = r.choice(table.column_names)
        value = table[column][r.randrange(rows)].as_py()
        if value is None or value != value:
            continue
        op = r.choice(["==", "<", ">=", "!="])
        field = pa.compute.field(column)
        wanted = {"==": field == value, "<": field < value, ">=": field >= value, "!=": field != value}[op]
        if column != "nan":
            assert data.count_rows(filter=wanted) == memory.count_rows(filter=wanted), (column, op, value)
        sql = f"where {column} {'=' if op == '==' else op} ?"
        count = [duckdb.execute(f"select count(*) from {source} {sql}", [value]).fetchall()[0][0]
                 for source in (f"read_parquet('{path}')", "memory")]
        assert count[0] == count[1], (column, op, value, count)


def other_writers(lib, folder, seeds):
    """Good files of pyarrow, DuckDB and Polars have no faults."""
    source = every_type(ROWS).drop(["string_view", "runs", "list_view"])
    path = os.path.join(folder, "other.parquet")
    for codec in ("snappy", "zstd", "gzip", "lz4", "none"):
        for version in ("1.0", "2.0"):
            pq.write_table(source, path, compression=codec, data_page_version=version,
                           write_page_index=True, write_page_checksum=True, data_page_size=9000)
            check_sound(lib, path, pages=30)
    pq.write_table(source, path, use_dictionary=False, write_page_index=True,
                   column_encoding={"int64": "DELTA_BINARY_PACKED", "string": "DELTA_BYTE_ARRAY",
                                    "url": "DELTA_LENGTH_BYTE_ARRAY", "bool": "RLE"})
    check_sound(lib, path)
    pq.write_table(source.select(["dictionary"]), path, data_page_size=10, write_batch_size=10)
    check_sound(lib, path)
    flat = source.select(["int8", "int64", "double", "string", "binary", "date", "bool", "list"])
    duckdb.register("flat", flat)
    for how in ("", ", parquet_version v2, compression zstd"):
        duckdb.sql(f"copy (select * from flat) to '{path}' (format parquet{how})")
        check_sound(lib, path)
    pl.from_arrow(flat).write_parquet(path)
    check_sound(lib, path)
    for seed in range(seeds):
        r, table = random.Random(seed), pa.Table.from_batches(random_batches(seed))
        options = {"compression": r.choice(["snappy", "zstd", "gzip", "lz4", "none"]),
                   "data_page_version": r.choice(["1.0", "2.0"]), "write_page_index": r.randrange(2) == 1,
                   "data_page_size": r.choice([100, 1000, 10**6]), "row_group_size": r.choice([5, 100, 10**6]),
                   "use_dictionary": r.randrange(2) == 1, "write_batch_size": r.choice([1, 10, 1024])}
        try:
            pq.write_table(table, path, **options)
        except pa.ArrowNotImplementedError:  # what it reads and cannot write
            continue
        try:
            check_sound(lib, path)
        except AssertionError as e:
            raise AssertionError(f"seed {seed}, {options}: {e}") from e


def damage(lib, folder, _):
    """A bit that is wrong, anywhere in the pages, is found."""
    path = os.path.join(folder, "damage.parquet")
    table = every_type(1000)
    lib.write(path, table)
    with open(path, "rb") as f:
        good = f.read()
    meta = pq.read_metadata(path)
    end = max(c.data_page_offset + c.total_compressed_size
              for c in (meta.row_group(0).column(i) for i in range(meta.num_columns)))
    r, missed = random.Random(9), 0
    for _ in range(300):
        bad = bytearray(good)
        bad[r.randrange(4, min(end, len(bad) - 8))] ^= 1 << r.randrange(8)
        with open(path, "wb") as f:
            f.write(bad)
        try:
            missed += not lib.verify(path)[1]
        except RuntimeError:
            pass
    # Headers have fields that say nothing that could be wrong, such as an encoding of levels there are none of.
    assert missed <= 6, f"{missed} of 300 were missed"


TESTS = [every_reader, random_tables, the_law, pruning, other_writers, text_tables, damage,
         order_of_rows, deliberate_damage, not_understood, golden, written_is_read, same_bytes, others_agree,
         large_columns, settings_for_others]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", required=True)
    parser.add_argument("--tool", required=True, help="the command cloudwriter")
    parser.add_argument("--server", help="the endpoint cw-test-s3")
    parser.add_argument("--corpus", help="a folder with the public files, see golden.py")
    parser.add_argument("--seeds", type=int, default=120, help="random cases of each kind")
    parser.add_argument("tests", nargs="*")
    o = parser.parse_args()
    lib = Library(o.library)
    lib.tool = o.tool
    lib.server = o.server
    lib.corpus = o.corpus or os.environ.get("CW_PARQUET_TESTING")
    passed = failed = 0
    missing = []
    duckdb.sql("set timezone='UTC'")
    for test in TESTS:
        if o.tests and test.__name__ not in o.tests:
            continue
        with tempfile.TemporaryDirectory(prefix="cw-readers-") as folder:
            try:
                test(lib, folder, o.seeds)
                passed += 1
                print(f"ok   {test.__name__}", flush=True)
            except Missing as e:
                missing.append(test.__name__)
                print(f"MISSING {test.__name__}: it cannot run here: {e}", flush=True)
            except Exception:
                failed += 1
                traceback.print_exc(limit=2)
                print(f"FAIL {test.__name__}", flush=True)
    print(f"readers: pyarrow {pa.__version__}, DuckDB {duckdb.__version__}, Polars {pl.__version__}")
    if missing:
        print(f"readers: MISSING, and not tried: {', '.join(missing)}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
