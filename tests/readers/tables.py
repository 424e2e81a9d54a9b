"""Tables of every type, and random ones: nested, sliced, with all kinds of nulls."""
import datetime
import decimal
import random

import pyarrow as pa


def some_null(rng, values, share=0.1):
    return [None if rng.random() < share else v for v in values]


def every_type(rows, seed=1):
    """One column of each type that Arrow can hand over, most of them with nulls."""
    r = random.Random(seed)

    def nulls(make, share=0.1):
        return some_null(r, [make() for _ in range(rows)], share)

    d = decimal.Decimal
    day = datetime.date(1970, 1, 1)
    return pa.table({
        "int8": pa.array(nulls(lambda: r.randrange(-128, 128)), pa.int8()),
        "int16": pa.array(nulls(lambda: r.randrange(-2**15, 2**15)), pa.int16()),
        "uint16": pa.array([r.randrange(2**16) for _ in range(rows)], pa.uint16()),
        "int32": pa.array(nulls(lambda: r.randrange(-2**31, 2**31)), pa.int32()),
        "uint32": pa.array(nulls(lambda: r.randrange(2**32)), pa.uint32()),
        "int64": pa.array([i * 3 + r.randrange(2) for i in range(rows)], pa.int64()),
        "uint64": pa.array(nulls(lambda: r.randrange(2**64)), pa.uint64()),
        "half": pa.array(nulls(r.random), pa.float16()),
        "float": pa.array(nulls(r.random), pa.float32()),
        "double": pa.array([r.choice([1.5, -0.0, 0.0, float("nan"), float("inf"), r.random()])
                            for _ in range(rows)], pa.float64()),
        "bool": pa.array(nulls(lambda: r.random() < 0.3), pa.bool_()),
        "string": pa.array(nulls(lambda: r.choice(["a", "", "ccc", "déjà vu " * 9, "x" * r.randrange(99)]))),
        "url": pa.array(nulls(lambda: f"http://example.org/{r.randrange(100)}/{r.randrange(10**6)}"),
                        pa.large_string()),
        "binary": pa.array(nulls(lambda: r.randbytes(r.randrange(20))), pa.binary()),
        "fixed": pa.array(nulls(lambda: r.randbytes(7)), pa.binary(7)),
        "date": pa.array(nulls(lambda: day + datetime.timedelta(r.randrange(-9999, 20000))), pa.date32()),
        "date64": pa.array(nulls(lambda: day + datetime.timedelta(r.randrange(-9999, 20000))), pa.date64()),
        "time_s": pa.array(nulls(lambda: datetime.time(r.randrange(24), 3, 4)), pa.time32("s")),
        "time_us": pa.array(nulls(lambda: r.randrange(86400 * 10**6)), pa.time64("us")),
        "timestamp_s": pa.array(nulls(lambda: r.randrange(10**9)), pa.timestamp("s")),
        "timestamp_us": pa.array(nulls(lambda: r.randrange(10**15)), pa.timestamp("us", "UTC")),
        "timestamp_ms": pa.array([1600000000000 + i * 7 for i in range(rows)], pa.timestamp("ms")),
        "decimal5": pa.array(nulls(lambda: d(r.randrange(-99999, 99999)).scaleb(-2)), pa.decimal128(5, 2)),
        "decimal15": pa.array(nulls(lambda: d(r.randrange(-10**15 + 1, 10**15)).scaleb(-2)),
                              pa.decimal128(15, 2)),
        "decimal38": pa.array(nulls(lambda: d(r.randrange(-10**27, 10**27))), pa.decimal128(38, 0)),
        "list": pa.array(nulls(lambda: some_null(r, list(range(r.randrange(5))))), pa.list_(pa.int32())),
        "list_list": pa.array(nulls(lambda: [["q" * r.randrange(4)] * r.randrange(3)
                                             for _ in range(r.randrange(3))]),
                              pa.list_(pa.list_(pa.string()))),
        "struct": pa.array(nulls(lambda: {"a": r.randrange(9), "b": r.choice([None, "z"]),
                                          "c": [1.0] * r.randrange(3)}),
                           pa.struct([("a", pa.int64()), ("b", pa.string()),
                                      ("c", pa.list_(pa.float64()))])),
        "map": pa.array(nulls(lambda: [(f"k{i}", i) for i in range(r.randrange(3))]),
                        pa.map_(pa.string(), pa.int64())),
        "dictionary": pa.array(nulls(lambda: r.choice("xyz"))).dictionary_encode(),
        "null": pa.nulls(rows),
        "all_null": pa.array([None] * rows, pa.string()),
        "all_nan": pa.array([float("nan")] * rows),
        "empty_text": pa.array([""] * rows),
        "fixed_list": pa.array(nulls(lambda: [r.random(), 1.0]), pa.list_(pa.float32(), 2)),
        "list_view": pa.array(nulls(lambda: [1, 2][:r.randrange(3)]), pa.list_view(pa.int16())),
        "string_view": pa.array(nulls(lambda: "v" * r.randrange(30)), pa.string_view()),
        "runs": pa.RunEndEncodedArray.from_arrays(
            pa.array(range(10, rows + 10, 10), pa.int32()),
            pa.array([r.choice([None, 1, 2, 3]) for _ in range(rows // 10)], pa.int64())),
    })


SIMPLE = [pa.bool_(), pa.int8(), pa.uint16(), pa.int32(), pa.int64(), pa.uint64(), pa.float32(),
          pa.float64(), pa.string(), pa.large_string(), pa.binary(), pa.binary(3), pa.date32(),
          pa.timestamp("us"), pa.decimal128(9, 3), pa.decimal128(30, 2), pa.string_view()]


def random_type(r, depth):
    if depth == 0 or r.random() < 0.35:
        return r.choice(SIMPLE)
    kind = r.randrange(5)
    if kind == 0:
        return pa.list_(pa.field("element", random_type(r, depth - 1), r.random() < 0.7))
    if kind == 1:
        return pa.large_list(random_type(r, depth - 1))
    if kind == 2:
        return pa.map_(r.choice([pa.string(), pa.int32()]), random_type(r, depth - 1))
    if kind == 3:
        return pa.list_view(random_type(r, depth - 1))
    return pa.struct([pa.field(f"f{i}", random_type(r, depth - 1), r.random() < 0.7)
                      for i in range(1 + r.randrange(3))])


def random_value(r, t, nullable=True):
    if nullable and r.random() < 0.15:
        return None
    if pa.types.is_boolean(t):
        return r.random() < 0.5
    if pa.types.is_integer(t):
        bits = t.bit_width
        low, high = (-2**(bits - 1), 2**(bits - 1)) if pa.types.is_signed_integer(t) else (0, 2**bits)
        return r.randrange(low, high) if r.random() < 0.5 else r.randrange(0, 5)
    if pa.types.is_floating(t):
        return r.choice([0.0, -0.0, 1.5, -2.25, float(r.randrange(1000))])
    if pa.types.is_fixed_size_binary(t):
        return r.randbytes(t.byte_width)
    if pa.types.is_binary(t):
        return r.randbytes(r.randrange(6))
    if pa.types.is_date32(t):
        return datetime.date(2020, 1, 1) + datetime.timedelta(r.randrange(500))
    if pa.types.is_timestamp(t):
        return datetime.datetime(2020, 1, 1) + datetime.timedelta(microseconds=r.randrange(10**12))
    if pa.types.is_decimal(t):
        digits = min(t.precision, 20)
        return decimal.Decimal(r.randrange(-10**digits + 1, 10**digits)).scaleb(-t.scale)
    if pa.types.is_struct(t):
        return {f.name: random_value(r, f.type, f.nullable) for f in t}
    if pa.types.is_map(t):
        keys = r.sample(range(100), r.randrange(3))
        key = (lambda k: f"k{k}") if pa.types.is_string(t.key_type) else (lambda k: k)
        return [(key(k), random_value(r, t.item_type)) for k in keys]
    if pa.types.is_nested(t):
        return [random_value(r, t.value_type, t.value_field.nullable)
                for _ in range(r.choice([0, 0, 1, 2, 5]))]
    return r.choice(["", "a", "déjà", "x" * r.randrange(40)])


def random_batches(seed):
    """Batches of one schema: sliced out of larger ones, some of them empty."""
    r = random.Random(seed)
    fields = [pa.field(f"c{i}", random_type(r, r.randrange(6)), r.random() < 0.7)
              for i in range(1 + r.randrange(4))]
    schema = pa.schema(fields)
    batches = []
    for _ in range(1 + r.randrange(4)):
        rows = r.choice([0, 1, 7, 100, 900])
        columns = [pa.array([random_value(r, f.type, f.nullable) for _ in range(rows)], f.type)
                   for f in fields]
        batch = pa.RecordBatch.from_arrays(columns, schema=schema)
        start = r.randrange(rows + 1)
        batches.append(batch.slice(start, r.randrange(rows - start + 1)) if r.random() < 0.5 else batch)
    return batches
