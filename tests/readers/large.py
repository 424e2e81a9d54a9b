"""Columns so large that the encoder keeps their Arrow arrays instead of copying them (in/lending.c).

The same rows in batches that are kept, and in ones that are all too small for it, on any number of threads,
in as little memory as there may be: the same bytes, and every reader reads the values.
"""
import dataclasses
import itertools
import os
import random

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from properties import (CANNOT, FLOATS, READERS, T, build, is_bytes, is_text, leaves, limits, plain_column, repeat,
                        storage, values, within)

MOST_ROWS = 30000
SMALL = 400  # rows of batches that are copied
MIB = 1 << 20


# ---- values: from a few that are made up, or many that are made by a rule ------------------------


def rising(t, r, n):
    """Numbers that mostly rise."""
    low, high = limits(t)
    step = r.choice([0, 1, 3, 1000, (high - low) // (2 * n)])
    start = r.randint(low, high)
    return [low + (start - low + i * step + r.randrange(1 + step // 2)) % (high - low + 1) for i in range(n)]


def near(t, r, n):
    """Numbers of a small range somewhere."""
    low, high = limits(t)
    wide = r.choice([2, 100, 5000, 70000, 2**20])
    start = r.randint(low, max(low, high - wide))
    return [min(high, start + r.randrange(wide)) for _ in range(n)]


def any_numbers(t, r, n):
    return [r.randint(*limits(t)) for _ in range(n)]


def texts(t, r, n):
    """Long enough to be kept: alike, with long beginnings in common, or with nothing in common."""
    kind, long, alphabet = r.randrange(4), r.choice([12, 40, 300]), r.choice(["ab", "abcdefghij", "aé\U0001f600"])
    some = ["".join(r.choices(alphabet, k=r.randrange(long))) for _ in range(r.choice([2, 50, 3000]))]
    made = {0: lambda i: r.choice(some), 1: lambda i: f"{some[0]}/{i // 7:09d}/{some[-1]}",
            2: lambda i: f"{r.getrandbits(128):032x}", 3: lambda i: some[i * len(some) // n]}[kind]
    return [made(i) if is_text(t) else made(i).encode() for i in range(n)]


def ruled(t, r, n):
    """Values of a leaf in the plain form; None: there is no rule for this type."""
    if is_text(t) or is_bytes(t):
        return texts(t, r, n)
    if t in FLOATS or T.is_integer(t):
        return r.choice([rising, near, any_numbers])(storage(t), r, n)
    return None


# ---- cases ---------------------------------------------------------------------------------------


@dataclasses.dataclass
class Column:
    """Rows are picked from a pool: values made up, or by a rule, and put into lists and structs."""
    field: pa.Field
    pool: list
    nulls: str
    seed: int

    def places(self, rows):
        """Of each row in the pool; None: null."""
        r, n = random.Random(self.seed), len(self.pool)
        places = [i % n for i in range(rows)] if n > 100 else [r.randrange(n) for _ in range(rows)]
        if self.field.nullable and self.nulls == "few":
            places = [None if r.random() < 0.03 else i for i in places]
        if self.field.nullable and self.nulls == "blocks":
            edges = sorted(r.randrange(rows + 1) for _ in range(6))
            for a, b in list(itertools.pairwise(edges))[::2]:
                places[a:b] = [None] * (b - a)
        return places

    def array(self, places, layout):
        """Of the rows with these, with values before and after them that do not count."""
        r = random.Random(layout.seed) if layout.seed else None
        before, after = (places[:r.randrange(20)], places[:r.randrange(3)]) if r else ([], [])
        return self.laid_out(before + places + after, r).slice(len(before), len(places))

    def laid_out(self, places, r):
        """With few null values that have bytes, as pyarrow picks them, unless it cannot pick from such a type."""
        if not r or r.random() < 0.6:
            try:
                return build(self.field.type, self.pool, r).take(pa.array(places, pa.int32()))
            except pa.ArrowNotImplementedError:
                pass
        return build(self.field.type, [None if i is None else self.pool[i] for i in places], r)

    def _repr_pretty_(self, printer, _):
        printer.text(f"<{self.field}: seed {self.seed}, nulls {self.nulls}, of {len(self.pool)}: {self.pool[:5]!r}>")


@dataclasses.dataclass
class Layout:
    cuts: list  # where batches end
    seed: int  # 0: the plainest arrays
    apart: bool = False  # each batch has arrays of its own, and does not share slices


@dataclasses.dataclass
class Case:
    columns: list
    rows: int
    options: dict

    def batches(self, layout):
        places = [c.places(self.rows) for c in self.columns]
        cuts = [0] + sorted(min(cut, self.rows) for cut in layout.cuts) + [self.rows]
        schema = pa.schema([c.field for c in self.columns])

        def batch(a, b):
            arrays = [c.array(p[a:b], layout) for c, p in zip(self.columns, places)]
            return pa.RecordBatch.from_arrays(arrays, schema=schema)

        if layout.apart:
            return [batch(a, b) for a, b in itertools.pairwise(cuts)]
        whole = batch(0, self.rows)
        return [whole.slice(a, b - a) for a, b in itertools.pairwise(cuts)]

    def table(self):
        return pa.Table.from_batches(self.batches(Layout([], 0)))


def around(kind, leaf, pool, r):
    """A type with the leaf in it, and values of it from those of the leaf."""
    if kind == "leaf":
        return leaf, pool
    if kind == "struct":
        return pa.struct([pa.field("x", leaf), pa.field("y", pa.int8())]), [{"x": v, "y": 1} for v in pool]
    if kind == "fixed":
        return pa.list_(leaf, 2), [[v, r.choice(pool)] for v in pool]
    lists = [[v] * r.randrange(2) + r.choices(pool, k=r.randrange(3)) for v in pool]
    if kind == "map":
        return pa.map_(pa.int16(), leaf), [[{"key": k, "value": v} for k, v in enumerate(x)] for x in lists]
    return (pa.list_ if kind == "list" else pa.large_list)(leaf), lists


kept = st.sampled_from([pa.int64(), pa.uint64(), pa.float64(), pa.timestamp("us"), pa.int32(), pa.float32(),
                        pa.string(), pa.large_string(), pa.binary()])


@st.composite
def columns(draw, name, rows):
    kind = draw(st.sampled_from(["leaf"] * 6 + ["struct", "fixed", "map", "list", "large_list", "dictionary"]))
    leaf = draw(kept | kept | leaves.filter(lambda t: not T.is_null(t)))
    seed, r = draw(st.integers(0, 10**6)), random.Random(draw(st.integers(0, 10**6)))
    pool = ruled(leaf, r, rows if draw(st.booleans()) else r.choice([3, 60, 500])) if draw(st.integers(0, 5)) else None
    pool = pool or draw(st.lists(values(leaf, False), min_size=1, max_size=8))
    if kind == "dictionary":
        pool = list({repr(v): v for v in pool[:2000]}.values())
        t = pa.dictionary(pa.int16(), leaf)
    else:
        t, pool = around(kind, leaf, pool, r)
    return Column(pa.field(name, t, draw(st.booleans())), pool,
                  draw(st.sampled_from(["none", "few", "blocks"])), seed)


options = st.fixed_dictionaries({}, optional={
    "page_rows": st.sampled_from([300, 5000]), "row_group_rows": st.sampled_from([1000, 25000]),
    "page_bytes": st.sampled_from([4096, 30000]), "row_group_bytes": st.sampled_from([150000, 2 * MIB]),
    "data_page_v2": st.just(1), "encoding": st.integers(1, 7), "codec": st.integers(1, 5),
    "bloom_filters": st.just(1), "statistics": st.just(2), "statistics_bytes": st.sampled_from([1, 1000]),
    "page_checksums": st.just(2), "arrow_schema": st.just(1), "memory_bytes": st.sampled_from([4 * MIB, 16 * MIB])})

cuts = st.sampled_from([[8300, 17001], [13000, 21500]]) | st.lists(st.integers(0, MOST_ROWS), max_size=3)
layouts = st.builds(Layout, cuts, st.integers(0, 1000), st.booleans())


@st.composite
def cases(draw):
    rows = draw(st.sampled_from([9000, 17000, MOST_ROWS, MOST_ROWS]))
    made = [draw(columns(f"c{i}", rows)) for i in range(draw(st.integers(1, 3)))]
    return Case(made, rows, draw(options))


# ---- the property --------------------------------------------------------------------------------


def readable(reader, case, column):
    return not any(cannot(case, column, t) for cannot in CANNOT[reader] for t in within(column.field.type))


def compare(who, found, wanted, names, exact=True):
    for name in names:
        got, want = plain_column(found[name], exact), plain_column(wanted[name], exact)
        if got != want:
            at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
            there, there_was = (str(v[at:at + 1])[:300] for v in (got, want))
            raise AssertionError(f"{who}, {name}, row {at}: {there} and not {there_was}")


def large_columns(lib, folder, seeds):
    """What is kept and what is copied becomes the same bytes, and what all read is what was handed over."""
    paths = [os.path.join(folder, name) for name in ("kept.parquet", "copied.parquet")]

    def check(case, one, other, threads):
        lib.write(paths[0], case.batches(one), threads=threads[0], **case.options)
        small = Layout(range(SMALL, case.rows, SMALL), other.seed)
        lib.write(paths[1], case.batches(small), threads=threads[1], **case.options)
        with open(paths[0], "rb") as a, open(paths[1], "rb") as b:
            assert a.read() == b.read(), "other bytes"
        out, faults = lib.verify(paths[0])
        assert not faults and out.skipped == 0, (faults[:3], out.skipped)
        wanted = case.table()
        compare("pyarrow", pq.read_table(paths[0], page_checksum_verification=True), wanted, wanted.column_names)
        for reader, read in READERS.items():
            names = [c.field.name for c in case.columns if readable(reader, case, c)]
            if names:
                compare(reader, read(paths[0], names), wanted, names, False)

    threads = st.integers(1, 9)
    repeat(seeds, 1 / 6, check, cases(), layouts, layouts, st.tuples(threads, threads))
