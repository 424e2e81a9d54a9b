"""Properties of the encoder, on schemas and tables that Hypothesis makes up.

A case is a schema, its columns' values in a plain form (numbers for moments, bits for floats, lists and
dicts), how they are laid out as Arrow arrays, and options. `build` lays values out, with all the freedom
that Arrow gives where `layout` is not 0: offsets, values behind nulls, lists in any order, dictionaries
with entries that are null, double or unused. `plain` takes any array back to the plain form.

In scripts/test the cases are always the same ones. With more --seeds than by default they are random,
that many of each kind; a failure says the seed, and CW_PROPERTY_SEED=seed repeats it.
"""
import dataclasses
import decimal
import functools
import itertools
import math
import os
import random
import struct

import duckdb
import hypothesis as h
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

DEFAULT_SEEDS = 120  # of run.py
DEPTH = 5
MOST_ROWS = 400
MOST_SIZE = 8000  # elements of one column of a case, about

T = pa.types
FLOATS = {pa.float16(): ("<e", "<H", 0x7E00), pa.float32(): ("<f", "<I", 0x7FC00000),
          pa.float64(): ("<d", "<Q", 0x7FF8 << 48)}
NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}

# ---- what a type is ------------------------------------------------------------------------------


def is_text(t):
    return T.is_string(t) or T.is_large_string(t) or T.is_string_view(t)


def is_bytes(t):
    return T.is_binary(t) or T.is_large_binary(t) or T.is_binary_view(t)


def is_view(t):
    return T.is_list_view(t) or T.is_large_list_view(t)


def is_list(t):
    return T.is_list(t) or T.is_large_list(t) or is_view(t) or T.is_fixed_size_list(t)


def below(t):
    """The types that a type is made of."""
    if T.is_run_end_encoded(t) or T.is_dictionary(t):
        return [t.value_type]
    if T.is_map(t):
        return [t.key_type, t.item_type]
    if T.is_struct(t):
        return [f.type for f in t]
    return [t.value_type] if is_list(t) else []


def within(t):
    """A type and all that it is made of."""
    return [t] + [u for b in below(t) for u in within(b)]


def storage(t):
    """The type in which the plain values of a leaf are handed to pyarrow."""
    if t in FLOATS:
        return {16: pa.uint16(), 32: pa.uint32(), 64: pa.uint64()}[t.bit_width]
    if T.is_temporal(t):
        return pa.int32() if t.bit_width == 32 else pa.int64()
    return t


def zero(t):
    """A plain value that any array of this type can have behind a null."""
    if T.is_null(t):
        return None
    if T.is_dictionary(t) or T.is_run_end_encoded(t):
        return zero(t.value_type)
    if T.is_struct(t):
        return {f.name: zero(f.type) for f in t}
    if T.is_fixed_size_list(t):
        return [zero(t.value_type)] * t.list_size
    if T.is_map(t) or is_list(t):
        return []
    if T.is_decimal(t):
        return decimal.Decimal(0)
    if T.is_fixed_size_binary(t):
        return bytes(t.byte_width)
    return "" if is_text(t) else b"" if is_bytes(t) else False if T.is_boolean(t) else 0


# ---- types, made up ------------------------------------------------------------------------------

UNITS = ["s", "ms", "us", "ns"]
ZONES = [None, "UTC", "Europe/Zurich", "+02:00"]
DECIMALS = [(pa.decimal32, 9), (pa.decimal64, 18), (pa.decimal128, 38), (pa.decimal256, 76)]
NAMES = ["a", "b", "A", "a.b", "é", "list", "element", "key", "value", "key_value", " x\n"]

decimals = st.sampled_from(DECIMALS).flatmap(
    lambda d: st.integers(1, d[1]).flatmap(
        lambda precision: st.integers(0, precision).map(lambda scale: d[0](precision, scale))))

leaves = st.one_of(
    st.sampled_from([pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(),
                     pa.uint32(), pa.uint64()]),
    st.sampled_from(list(FLOATS)),
    st.sampled_from([pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(),
                     pa.binary_view()]),
    st.sampled_from([1, 2, 3, 4, 5, 8, 12, 16, 17]).map(pa.binary),
    decimals,
    st.sampled_from([pa.date32(), pa.date64(), pa.time32("s"), pa.time32("ms"), pa.time64("us"),
                     pa.time64("ns")]),
    st.builds(pa.timestamp, st.sampled_from(UNITS), st.sampled_from(ZONES)),
    st.sampled_from(UNITS).map(pa.duration),
    st.just(pa.null()),
)
keys = leaves.filter(lambda t: not T.is_null(t))
indices = st.sampled_from([pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(),
                           pa.int64(), pa.uint64()])
run_ends = st.sampled_from([pa.int16(), pa.int32(), pa.int64()])


def fields(name, kinds):
    """The null type has to be nullable."""
    return st.builds(lambda t, nullable: pa.field(name, t, nullable or T.is_null(t)), kinds, st.booleans())


@st.composite
def structs(draw, deep):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    return pa.struct([draw(fields(name, types(min(deep, 1) if i else deep)))
                      for i, name in enumerate(names)])


def bare_types(deep):
    return types(deep).filter(lambda t: not (T.is_null(t) or T.is_dictionary(t) or T.is_run_end_encoded(t)))


@st.composite
def types(draw, deep):
    """Dictionaries and runs are of anything but what is such itself; runs of dictionaries as well."""
    kind = draw(st.sampled_from(["leaf", "list", "fixed", "struct", "map", "dictionary", "runs"])) \
        if deep else "leaf"
    if kind == "leaf":
        return draw(leaves)
    if kind == "struct":
        return draw(structs(deep - 1))
    if kind in ("dictionary", "runs"):
        value = draw(bare_types(deep - 1))
        if kind == "dictionary" or draw(st.booleans()):
            value = pa.dictionary(draw(indices), value)
        return value if kind == "dictionary" else pa.run_end_encoded(draw(run_ends), value)
    item = draw(fields("item", types(deep - 1)))
    if kind == "fixed":
        return pa.list_(item, draw(st.integers(1, 3)))
    if kind == "map":
        return pa.map_(pa.field("key", draw(keys), False), item.with_name("value"))
    return draw(st.sampled_from([pa.list_, pa.large_list, pa.list_view, pa.large_list_view]))(item)


# ---- values, made up -----------------------------------------------------------------------------


def numbers(low, high):
    return st.one_of(st.integers(low, high), st.sampled_from([low, high, max(low, 0)]))


def float_bits(t):
    pack, bits, nan = FLOATS[t]
    edges = [0.0, -0.0, math.inf, -math.inf, 1.0, -1.5]
    edges = [struct.unpack(bits, struct.pack(pack, v))[0] for v in edges] + [nan, nan + 5, 1]
    return st.one_of(st.sampled_from(edges), st.integers(0, 2**t.bit_width - 1))


repeated = [("x", 13), ("ab", 32), ("é", 64), ("\U0001F600", 20), ("\0", 1000), ("a", 70)]
texts = st.one_of(
    st.text(max_size=12), st.just(""), st.builds(lambda c, n: c * n, st.characters(exclude_categories=["Cs"]),
                                                 st.sampled_from([1, 16, 63, 64, 65])),
    st.sampled_from(repeated * 4 + [("x", 100000), ("ü", 50000)]).map(lambda c: c[0] * c[1]),
    st.text("ab", max_size=70))


def moments(t):
    if T.is_date32(t):
        return numbers(-2**31, 2**31 - 1)
    if T.is_date64(t):
        return numbers(-2**31, 2**31 - 1).map(lambda day: day * 86400000)
    if T.is_time(t):
        return numbers(0, 86400 * 10**9 // NANOSECONDS[t.unit] - 1)
    if T.is_timestamp(t) and t.unit == "s":  # stored as milliseconds
        return numbers(-2**63 // 1000 + 1, 2**63 // 1000 - 1)
    return numbers(-2**63, 2**63 - 1)


def leaf_values(t, only):
    if only == "nan" and t in FLOATS:
        return st.just(FLOATS[t][2])
    if t in FLOATS:
        return float_bits(t)
    if T.is_boolean(t):
        return st.booleans()
    if T.is_integer(t):
        return numbers(*limits(t))
    if T.is_decimal(t):
        most = 10**t.precision - 1
        return numbers(-most, most).map(
            lambda v: decimal.Decimal((int(v < 0), tuple(map(int, str(abs(v)))), -t.scale)))
    if T.is_temporal(t):
        return moments(t)
    if T.is_fixed_size_binary(t):
        return st.binary(min_size=t.byte_width, max_size=t.byte_width)
    return texts if is_text(t) else texts.map(str.encode) | st.binary(max_size=20)


def limits(t):
    bits = t.bit_width
    return (-2**(bits - 1), 2**(bits - 1) - 1) if T.is_signed_integer(t) else (0, 2**bits - 1)


@functools.lru_cache(4096)
def values(t, nullable, only=None):
    """Plain values. `only`: "nan" for floats that are nothing else, "null" for leaves that are null."""
    if T.is_null(t):
        return st.none()
    if T.is_dictionary(t) or T.is_run_end_encoded(t):
        return values(t.value_type, nullable, only)
    if T.is_struct(t):
        there = st.fixed_dictionaries({f.name: values(f.type, f.nullable, only) for f in t})
    elif T.is_map(t):
        there = st.lists(st.fixed_dictionaries({
            "key": values(t.key_type, False), "value": values(t.item_type, t.item_field.nullable, only)}),
            max_size=3, unique_by=lambda e: repr(e["key"]))
    elif T.is_fixed_size_list(t):
        there = st.lists(values(t.value_type, t.value_field.nullable, only), min_size=t.list_size,
                         max_size=t.list_size)
    elif is_list(t):
        there = st.lists(values(t.value_type, t.value_field.nullable, only), max_size=4)
    else:
        there = leaf_values(t, only)
        if nullable and only == "null":
            return st.none()
    return st.one_of(there, there, st.none()) if nullable else there


def size(value):
    """How much a plain value is, in elements; text by its length."""
    if isinstance(value, dict):
        return 1 + sum(map(size, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(size, value))
    return 1 + len(value) // 500 if isinstance(value, (str, bytes)) else 1


# ---- plain values to Arrow -----------------------------------------------------------------------


def bits(flags):
    return pa.array(flags, pa.bool_()).buffers()[1]


def validity(items, r):
    nulls = [v is None for v in items]
    return bits([not n for n in nulls]) if any(nulls) or r and r.random() < 0.2 else None


def numbers_buffer(items, kind):
    return pa.array(items, kind).buffers()[1]


def filled(t, items, r):
    """The items with something else than None, for leaves."""
    there = [v for v in items if v is not None] if r else []
    return [v if v is not None else r.choice(there) if there else zero(t) for v in items]


def build_leaf(t, items, r):
    under = pa.array(filled(t, items, r), storage(t))
    return pa.Array.from_buffers(t, len(items), [validity(items, r)] + under.buffers()[1:])


def behind_null(t, nullable, there, r):
    """What an element has that nobody sees."""
    if r and there and r.random() < 0.6:
        return r.choice(there)
    return None if nullable else zero(t)


def build_struct(t, items, r):
    children = []
    for f in t:
        there = [v[f.name] for v in items if v is not None]
        seen = [v[f.name] if v is not None else behind_null(f.type, f.nullable, there, r) for v in items]
        children.append(build(f.type, seen, r))
    return pa.Array.from_buffers(t, len(items), [validity(items, r)], children=children)


def build_fixed_list(t, items, r):
    there = [e for v in items if v is not None for e in v]
    f = t.value_field
    seen = [e for v in items for e in
            (v if v is not None else [behind_null(f.type, f.nullable, there, r)] * t.list_size)]
    return pa.Array.from_buffers(t, len(items), [validity(items, r)], children=[build(f.type, seen, r)])


def entries_of(t):
    return pa.struct([t.key_field, t.item_field])


def build_list(t, items, r):
    element = entries_of(t) if T.is_map(t) else t.value_type
    there = [e for v in items if v is not None for e in v]
    hidden = there[:2] if r and r.random() < 0.4 else []
    seen, offsets = list(hidden), []
    for v in items:
        offsets.append(len(seen))
        seen += hidden if v is None else v
    offsets.append(len(seen))
    kind = pa.int64() if T.is_large_list(t) else pa.int32()
    return pa.Array.from_buffers(t, len(items), [validity(items, r), numbers_buffer(offsets, kind)],
                                 children=[build(element, seen + hidden, r)])


def build_view(t, items, r):
    """In any order, and equal lists in the same place."""
    order = list(range(len(items)))
    if r:
        r.shuffle(order)
    seen, places, shared = [], [(0, 0)] * len(items), {}
    for i in order:
        v = items[i] or []
        at = shared.get(repr(v)) if r and r.random() < 0.5 else None
        if at is None:
            at = shared[repr(v)] = len(seen)
            seen += v
        places[i] = (at, len(v))
    kind = pa.int64() if T.is_large_list_view(t) else pa.int32()
    return pa.Array.from_buffers(
        t, len(items), [validity(items, r)] + [numbers_buffer([p[k] for p in places], kind) for k in (0, 1)],
        children=[build(t.value_type, seen, r)])


def build_dictionary(t, items, r):
    entries = list({repr(v): v for v in items if v is not None}.values())
    if r:
        entries += entries[:r.randrange(3)] + r.choice([[], [zero(t.value_type)], [None]])
        r.shuffle(entries)
    if len(entries) > limits(t.index_type)[1]:
        h.reject()
    places = {}
    for i, v in enumerate(entries):
        places.setdefault(repr(v), []).append(i)
    choose = r.choice if r else lambda some: some[0]
    index = [choose(places[repr(v)]) if repr(v) in places and not (v is None and r.random() < 0.5) else None
             for v in items]
    return pa.DictionaryArray.from_arrays(build_leaf(t.index_type, index, r),
                                          build(t.value_type, entries, r))


def build_runs(t, items, r):
    ends, heads = [], []
    for i, v in enumerate(items):
        if heads and repr(heads[-1]) == repr(v) and not (r and r.random() < 0.2):
            ends[-1] = i + 1
        else:
            ends.append(i + 1)
            heads.append(v)
    if ends and ends[-1] > limits(t.run_end_type)[1]:
        h.reject()
    return pa.RunEndEncodedArray.from_arrays(pa.array(ends, t.run_end_type), build(t.value_type, heads, r), t)


def build_bare(t, items, r):
    if T.is_null(t):
        return pa.nulls(len(items))
    if T.is_dictionary(t):
        return build_dictionary(t, items, r)
    if T.is_run_end_encoded(t):
        return build_runs(t, items, r)
    if T.is_struct(t):
        return build_struct(t, items, r)
    if T.is_fixed_size_list(t):
        return build_fixed_list(t, items, r)
    if is_view(t):
        return build_view(t, items, r)
    if T.is_map(t) or is_list(t):
        return build_list(t, items, r)
    return build_leaf(t, items, r)


def build(t, items, r):
    """An array of the plain values `items`, often a slice of a longer one; `r` None: the plainest."""
    if not r or not items or r.random() < 0.6:
        return build_bare(t, items, r)
    before, after = items[-r.randrange(1, 10):], items[:r.randrange(3)]
    return build_bare(t, before + items + after, r).slice(len(before), len(items))


# ---- Arrow to plain values -----------------------------------------------------------------------


def plain_float(v, t, exact):
    pack, bits_of, _ = FLOATS[t]
    if exact or v is None:
        return v
    number = struct.unpack(pack, struct.pack(bits_of, v))[0]
    return "NaN" if math.isnan(number) else (number, math.copysign(1, number))


def plain_leaf(array, exact):
    t = array.type
    if t in FLOATS:
        return [plain_float(v, t, exact) for v in array.view(storage(t)).to_pylist()]
    if not T.is_temporal(t):
        return array.to_pylist()
    one = NANOSECONDS[t.unit] if T.is_time(t) or T.is_timestamp(t) else 1
    found = [v if v is None else v * one for v in array.view(storage(t)).to_pylist()]
    return [v if v is None else v // 86400000 for v in found] if T.is_date64(t) else found


def plain_runs(array, exact):
    heads, found, at = plain(array.values, exact), [], array.offset
    for end, v in zip(array.run_ends.to_pylist(), heads):
        n = min(end, array.offset + len(array)) - at
        if n > 0:
            found += [v] * n
            at += n
    return found


def extents(array):
    """Where each list begins and ends in the child."""
    t = array.type
    if T.is_fixed_size_list(t):
        return [((array.offset + i) * t.list_size, (array.offset + i + 1) * t.list_size)
                for i in range(len(array))]
    offsets = array.offsets.to_pylist()
    if is_view(t):
        return [(at, at + n) for at, n in zip(offsets, array.sizes.to_pylist())]
    return list(itertools.pairwise(offsets))


def plain_lists(array, exact):
    if T.is_map(array.type):
        inside = [{"key": k, "value": v}
                  for k, v in zip(plain(array.keys, exact), plain(array.items, exact))]
    else:
        inside = plain(array.values, exact)
    return [inside[a:b] for a, b in extents(array)]


def plain(array, exact=True):
    """The plain values of any array. Not `exact`: the same for floats of any width, and any NaN."""
    t = array.type
    if T.is_null(t):
        return [None] * len(array)
    if T.is_dictionary(t):
        entries = plain(array.dictionary, exact)
        return [None if i is None else entries[i] for i in array.indices.to_pylist()]
    if T.is_run_end_encoded(t):
        return plain_runs(array, exact)
    if T.is_struct(t):
        children = [plain(array.field(i), exact) for i in range(t.num_fields)]
        names = [f.name for f in t]
        found = [dict(zip(names, row)) for row in zip(*children)]
    elif T.is_map(t) or is_list(t):
        found = plain_lists(array, exact)
    else:
        return plain_leaf(array, exact)
    return [v if there else None for v, there in zip(found, array.is_valid().to_pylist())]


def plain_column(column, exact=True):
    return [v for chunk in column.chunks for v in plain(chunk, exact)]


# ---- cases ---------------------------------------------------------------------------------------


@dataclasses.dataclass
class Column:
    field: pa.Field
    pool: list
    pattern: str
    seed: int

    def items(self, rows):
        """So many values, picked from the pool."""
        r, pool = random.Random(self.seed), self.pool
        if self.pattern == "cycle":
            return [pool[i % len(pool)] for i in range(rows)]
        if self.pattern == "runs":
            return [pool[min(i * len(pool) // rows, len(pool) - 1)] for i in range(rows)]
        if self.pattern == "count":
            low, high = limits(self.field.type)
            return [low + (pool[0] - low + i * (self.seed + 1)) % (high - low + 1) for i in range(rows)]
        return [r.choice(pool) for _ in range(rows)]

    def _repr_pretty_(self, printer, _):
        pool = repr(self.pool)
        pool = pool if len(pool) < 4000 else f"{pool[:2000]} ... {pool[-100:]}"
        printer.text(f"<{self.field}: {self.pattern}, seed {self.seed}, of {pool}>")


@dataclasses.dataclass
class Layout:
    cuts: list  # where batches end
    seed: int  # 0: the plainest arrays
    apart: bool  # each batch has arrays of its own, and does not share slices


@dataclasses.dataclass
class Case:
    columns: list
    rows: int
    options: dict

    @property
    def schema(self):
        return pa.schema([c.field for c in self.columns])

    def batches(self, layout):
        r = random.Random(layout.seed) if layout.seed else None
        items = [c.items(self.rows) for c in self.columns]
        cuts = [0] + sorted(min(cut, self.rows) for cut in layout.cuts) + [self.rows]

        def batch(a, b):
            arrays = [build(c.field.type, v[a:b], r) for c, v in zip(self.columns, items)]
            return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

        if layout.apart:
            return [batch(a, b) for a, b in itertools.pairwise(cuts)]
        whole = batch(0, self.rows)
        return [whole.slice(a, b - a) for a, b in itertools.pairwise(cuts)]


@st.composite
def columns(draw, name, kinds):
    field = draw(fields(name, kinds))
    only = draw(st.sampled_from([None, None, None, "nan", "null"]))
    pool = draw(st.lists(values(field.type, field.nullable, only), min_size=1, max_size=8))
    counting = T.is_integer(field.type) and pool[0] is not None
    pattern = draw(st.sampled_from(["pick", "cycle", "runs"] + ["count"] * counting))
    return Column(field, pool, pattern, draw(st.integers(0, 1000)))


options = st.fixed_dictionaries({}, optional={
    "page_rows": st.sampled_from([1, 7, 50]), "row_group_rows": st.sampled_from([3, 50]),
    "page_bytes": st.sampled_from([100, 5000]), "row_group_bytes": st.sampled_from([1000, 30000]),
    "data_page_v2": st.just(1), "threads": st.integers(2, 4), "encoding": st.integers(1, 7),
    "codec": st.integers(1, 5), "bloom_filters": st.just(1), "statistics": st.just(2),
    "statistics_bytes": st.sampled_from([1, 8, 1000]), "page_checksums": st.just(2),
    "arrow_schema": st.just(1)})

layouts = st.builds(Layout, st.lists(st.integers(0, MOST_ROWS), max_size=5), st.integers(0, 1000),
                    st.booleans())


@st.composite
def cases(draw, names=st.sampled_from(NAMES), kinds=types):
    which = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    made = [draw(columns(name, kinds(draw(st.integers(0, DEPTH))))) for name in which]
    most = min(MOST_ROWS, MOST_SIZE // max(size(v) for c in made for v in c.pool) + 1)
    return Case(made, draw(st.integers(0, most) | st.just(most)), draw(options))


# ---- readers that cannot represent everything ----------------------------------------------------


def is_huge_decimal(case, column, t):
    return T.is_decimal(t) and t.precision > 38


def is_far_moment(case, column, t):
    """Beyond what 64 bits of microseconds hold."""
    return T.is_timestamp(t) and NANOSECONDS[t.unit] > 1000 and \
        max(map(largest, column.pool)) * NANOSECONDS[t.unit] // 1000 >= 2**63 - 1


def is_split_bytes(case, column, t):
    fixed = T.is_fixed_size_binary(t) or T.is_decimal(t) and t.precision > 18 or t == pa.float16()
    return fixed and case.options.get("encoding") == 7


def is_flat(t):
    return not any(T.is_struct(u) or T.is_map(u) or is_list(u) for u in within(t))


def is_required_in_struct(case, column, t):
    """Where one page may have null structs among others, and the next one none, or nothing else."""
    leaves = [within(f.type)[-1] for f in t if not f.nullable and is_flat(f.type)] if T.is_struct(t) else []
    some = any(not T.is_boolean(leaf) for leaf in leaves)
    several = {"page_rows", "page_bytes"} & set(case.options)
    return some and several and case.options.get("encoding") not in (1, 2) and any(map(has_null, column.pool))


def is_struct_of_nulls(case, column, t):
    return T.is_struct(t) and all(T.is_null(u) for u in within(t) if not below(u))


def is_wide_decimal(case, column, t):
    return T.is_decimal256(t) and case.options.get("arrow_schema") == 1


def is_map_of_floats(case, column, t):
    return T.is_map(t) and any(u in FLOATS for u in within(t.key_type))


def is_seconds(case, column, t):
    return T.is_duration(t) and t.unit == "s" and case.options.get("arrow_schema") == 1


def differs_by_case(case, column, t):
    return T.is_struct(t) and len({f.name.lower() for f in t}) < t.num_fields


def has_null(value):
    if isinstance(value, (dict, list)):
        return any(map(has_null, value.values() if isinstance(value, dict) else value))
    return value is None


def largest(value):
    """The largest number in a plain value, by its amount."""
    if isinstance(value, (dict, list)):
        return max(map(largest, value.values() if isinstance(value, dict) else value), default=0)
    return abs(value) if isinstance(value, int) else 0


# Columns with such a type anywhere within, in a case with such options.
CANNOT = {
    "duckdb": {
        is_huge_decimal: "becomes DOUBLE", is_far_moment: "has timestamps in microseconds only",
        is_split_bytes: "BYTE_STREAM_SPLIT of fixed bytes is refused",
        is_struct_of_nulls: "within a struct with a list, one of the null type alone is never null",
        differs_by_case: "names that differ by case only are changed",
    },
    "polars": {
        is_huge_decimal: "at most 38 digits", is_split_bytes: "BYTE_STREAM_SPLIT of fixed bytes is refused",
        is_required_in_struct: "panics at delta or split pages where only some have nulls, pyarrow's as well",
        is_wide_decimal: "panics where the Arrow schema tells of decimal256, pyarrow's as well",
        is_map_of_floats: "0.0 and -0.0, and NaNs, are one key",
        is_seconds: "durations become milliseconds, where the Arrow schema tells of them",
    },
}


def readable(reader, case, column):
    return not any(cannot(case, column, t) for cannot in CANNOT[reader] for t in within(column.field.type))


# ---- properties ----------------------------------------------------------------------------------


def compare(who, case, found, exact=True, names=None):
    for c in case.columns:
        if names is not None and c.field.name not in names:
            continue
        wanted = plain_column(pa.chunked_array([build(c.field.type, c.items(case.rows), None)]), exact)
        got = plain_column(found[c.field.name], exact)
        if got != wanted:
            at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
            there, there_was = (str(v[at:at + 1])[:300] for v in (got, wanted))
            raise AssertionError(f"{who}, {c.field}, row {at} of {case.rows}: {there} and not {there_was}")


def repeat(seeds, times, check, *strategies):
    """Check so many cases: always the same ones, or random ones where more than usual are asked for."""
    campaign = seeds > DEFAULT_SEEDS
    seed = int(os.environ.get("CW_PROPERTY_SEED") or random.SystemRandom().randrange(2**32))
    checked = h.given(*strategies)(check)
    checked = h.settings(
        max_examples=seeds if campaign else int(seeds * times), derandomize=not campaign,
        database=None, deadline=None, print_blob=campaign,
        suppress_health_check=[h.HealthCheck.too_slow, h.HealthCheck.data_too_large,
                               h.HealthCheck.large_base_example, h.HealthCheck.filter_too_much])(checked)
    try:
        (h.seed(seed)(checked) if campaign else checked)()
    except Exception as e:
        if campaign:
            e.add_note(f"again: CW_PROPERTY_SEED={seed}, with --seeds {seeds}")
        raise


def written_is_read(lib, folder, seeds):
    """Whatever is written is read by pyarrow, value for value and bit for bit, and has no faults."""
    path = os.path.join(folder, "written.parquet")

    def check(case, layout):
        lib.write(path, case.batches(layout), **case.options)
        out, faults = lib.verify(path)
        assert not faults and out.skipped == 0, (faults[:3], out.skipped)
        found = pq.read_table(path, page_checksum_verification=True)
        assert found.column_names == case.schema.names and found.num_rows == case.rows
        compare("pyarrow", case, found)

    # Once read beyond its values, which is seen only where memory there is not zero.
    narrow = Case([Column(pa.field("a", pa.int64(), False), [0], "pick", 0),
                   Column(pa.field("b", pa.binary(1), False), [b"\0"], "pick", 0)], 59, {})
    repeat(seeds, 2, h.example(narrow, Layout([], 0, False))(check), cases(), layouts)


def same_bytes(lib, folder, seeds):
    """The same rows in other batches, laid out in another way, on other threads: the same bytes."""
    paths = [os.path.join(folder, name) for name in ("a.parquet", "b.parquet")]

    def check(case, one, other, threads):
        lib.write(paths[0], case.batches(one), **case.options)
        lib.write(paths[1], case.batches(other), **{**case.options, "threads": threads})
        with open(paths[0], "rb") as a, open(paths[1], "rb") as b:
            assert a.read() == b.read(), "other bytes"

    repeat(seeds, 2, check, cases(), layouts, layouts, st.integers(0, 4))


def by_duckdb(path, names):
    some = ", ".join('"' + name + '"' for name in names)
    return duckdb.sql(f"select {some} from read_parquet('{path}')").to_arrow_table()


def by_polars(path, names):
    try:
        return pl.read_parquet(path, columns=names).to_arrow()
    except pl.exceptions.PanicException as e:
        raise AssertionError(f"Polars: {e}") from None


READERS = {"duckdb": by_duckdb, "polars": by_polars}


def others_agree(lib, folder, seeds):
    """DuckDB and Polars read the same values in the columns that they can represent."""
    path = os.path.join(folder, "others.parquet")

    def check(case, layout):
        lib.write(path, case.batches(layout), **case.options)
        for reader, read in READERS.items():
            names = [c.field.name for c in case.columns if readable(reader, case, c)]
            if names:
                compare(reader, case, read(path, names), False, names)

    repeat(seeds, 2, check, cases(st.sampled_from(["c0", "c1", "c2", "c3"])), layouts)
