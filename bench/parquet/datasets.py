#!/usr/bin/env python3
"""datasets.py - the seven tables that bench/parquet/run encodes, as Arrow IPC files

    datasets.py [--tpch FOLDER] FOLDER [NAME...]

Seeded, so that they are the same everywhere. lineitem is TPC-H's at scale 1, by DuckDB's tpch
extension where there is one (--tpch: a folder with duckdb and duckdb_extension_tpch, as made by
bench/parquet/build); else it is drawn here from the distributions that the specification gives, and
says so in the schema's metadata. The others are made up: each is written down below in a few lines.
What is in FOLDER already is kept.
"""
import argparse
import glob
import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

BATCH_ROWS = 65536

WORDS = ["able", "amber", "anchor", "apple", "basket", "bright", "canyon", "carbon", "cedar", "circle",
         "cloud", "copper", "cotton", "cradle", "delta", "desert", "ember", "falcon", "feather", "field",
         "fossil", "garden", "garnet", "glacier", "granite", "harbor", "hazel", "hollow", "island", "ivory",
         "jasper", "juniper", "kettle", "lantern", "linen", "lunar", "maple", "marble", "meadow", "mirror",
         "needle", "nickel", "oak", "ocean", "onyx", "orbit", "paper", "pebble", "pepper", "pine", "quartz",
         "raven", "ribbon", "river", "saddle", "sailor", "silver", "spruce", "stone", "timber", "valley",
         "velvet", "willow", "winter"]


# --- drawing columns ---------------------------------------------------------------------------

class Draw:
    """Random columns of `n` rows, or of `n` given anew."""

    def __init__(self, seed, n):
        self.random = np.random.default_rng(seed)
        self.n = n

    def ints(self, low, high, dtype=np.int64, n=None):
        """From low to below high."""
        return self.random.integers(low, high, n or self.n).astype(dtype)

    def nulls(self, share, n=None):
        return self.random.random(self.n if n is None else n) < share

    def holes(self, column, share):
        """The column (of any kind) with a share of its values made null."""
        if isinstance(column, np.ndarray):
            return pa.array(column, mask=self.nulls(share, len(column)))
        there = pa.array(~self.nulls(share, len(column)))
        return pc.if_else(there, column, pa.scalar(None, column.type))

    def pick(self, choices, weights=None, n=None):
        """One of some texts."""
        index = self.random.choice(len(choices), self.n if n is None else n, p=weights)
        return pa.array(choices, pa.string()).take(pa.array(index))

    def rank(self, count, exponent, n=None):
        """Ranks below count, the small ones often: 1 / rank ** exponent."""
        weight = np.cumsum(1 / np.arange(1, count + 1) ** exponent)
        drawn = self.random.random(self.n if n is None else n) * weight[-1]
        return np.minimum(np.searchsorted(weight, drawn), count - 1)

    def hex(self, *groups):
        """Hexadecimal digits, in groups of so many with a dash between."""
        digits = np.frombuffer(b"0123456789abcdef", np.uint8)
        width = sum(groups) + len(groups) - 1
        text = digits[self.random.integers(0, 16, (self.n, width), dtype=np.uint8)]
        at = -1
        for group in groups[:-1]:
            at += group + 1
            text[:, at] = ord("-")
        offsets = np.arange(self.n + 1, dtype=np.int32) * np.int32(width)
        return pa.StringArray.from_buffers(self.n, pa.py_buffer(offsets), pa.py_buffer(text))


def join(*parts):
    """Columns of text or numbers, and constants, one after the other."""
    return pc.binary_join_element_wise(
        *(p if isinstance(p, str) else pc.cast(pa.array(p), pa.string()) for p in parts), "")


def timestamp(values, unit, nulls=None):
    return pa.array(values, mask=nulls).cast(pa.timestamp(unit))


# --- TPC-H -------------------------------------------------------------------------------------

def decimal(hundredths):
    halves = np.zeros((len(hundredths), 2), np.int64)
    halves[:, 0] = hundredths
    halves[:, 1] = hundredths >> 63
    return pa.Array.from_buffers(pa.decimal128(15, 2), len(hundredths), [None, pa.py_buffer(halves)])


def lineitem_of_duckdb(tpch):
    """The real one, or None where the extension cannot be loaded."""
    if tpch:
        sys.path.insert(0, tpch)
    import duckdb
    found = glob.glob(os.path.join(tpch or "", "**", "tpch.duckdb_extension"), recursive=True) if tpch else []
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true", "threads": 1})
    try:
        connection.execute(f"LOAD '{found[0]}'" if found else "LOAD tpch")
    except duckdb.Error as e:
        print(f"datasets: no tpch extension ({str(e).splitlines()[0]}): lineitem is drawn here", file=sys.stderr)
        return None
    connection.execute("CALL dbgen(sf=1)")
    table = connection.execute("FROM lineitem").to_arrow_table()
    fields = [f.with_nullable(True) for f in table.schema]
    return pa.Table.from_arrays(table.columns, schema=pa.schema(fields, {"made by": "dbgen"}))


def lineitem_drawn():
    orders = 1_500_000
    d = Draw(101, orders)
    lines = d.ints(1, 8)
    key = np.arange(orders)
    key = np.repeat(key // 8 * 32 + key % 8 + 1, lines)  # eight keys of each 32 are used
    number = np.arange(len(key)) - np.repeat(np.cumsum(lines) - lines, lines) + 1
    ordered = np.repeat(d.ints(8035, 10441), lines)  # days since 1970: 1992-01-01 to 1998-08-02
    d.n = len(key)
    part, quantity = d.ints(1, 200_001), d.ints(1, 51)
    supplier = (part + d.ints(0, 4) * (2500 + (part - 1) // 10_000)) % 10_000 + 1
    price = 90_000 + part // 10 % 20_001 + 100 * (part % 1000)
    shipped = ordered + d.ints(1, 122)
    received = shipped + d.ints(1, 31)
    today = 9298  # 1995-06-17
    returned = np.where(received <= today, d.ints(0, 2), 2)
    # Comments are pieces of one long text.
    text = " ".join(WORDS[i] for i in d.ints(0, len(WORDS), n=2_000_000))
    body = np.frombuffer(text.encode(), np.uint8)
    size = d.ints(10, 44)
    at = d.ints(0, len(body) - 44)
    offsets = np.concatenate(([0], np.cumsum(size))).astype(np.int32)
    index = np.arange(offsets[-1]) + np.repeat(at - offsets[:-1], size)
    comment = pa.StringArray.from_buffers(d.n, pa.py_buffer(offsets), pa.py_buffer(body[index]))

    def days(values):
        return pa.array(values.astype(np.int32)).cast(pa.date32())

    return pa.table({
        "l_orderkey": key, "l_partkey": part, "l_suppkey": supplier, "l_linenumber": number,
        "l_quantity": decimal(quantity * 100), "l_extendedprice": decimal(quantity * price),
        "l_discount": decimal(d.ints(0, 11)), "l_tax": decimal(d.ints(0, 9)),
        "l_returnflag": pa.array(["R", "A", "N"]).take(pa.array(returned)),
        "l_linestatus": pa.array(["F", "O"]).take(pa.array((shipped > today).astype(np.int8))),
        "l_shipdate": days(shipped), "l_commitdate": days(ordered + d.ints(30, 91)),
        "l_receiptdate": days(received),
        "l_shipinstruct": d.pick(["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"]),
        "l_shipmode": d.pick(["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"]),
        "l_comment": comment,
    }).replace_schema_metadata({"made by": "datasets.py"})


def lineitem(tpch):
    return lineitem_of_duckdb(tpch) or lineitem_drawn()


# --- the others --------------------------------------------------------------------------------

def taxi(_):
    """Trips of three months, nearly in order; a tenth of most columns is null."""
    n = 5_000_000
    d = Draw(102, n)
    r = d.random
    start = 1_704_067_200 + np.sort(d.ints(0, 90 * 86_400)) + d.ints(-1800, 1800)
    miles = np.round(r.lognormal(0.7, 0.8, n), 2)
    seconds = 60 + (240 * miles * r.lognormal(0, 0.4, n)).astype(np.int64)
    fare = np.round(np.floor((3 + 2.5 * miles + seconds / 120) / 0.7) * 0.7, 2)
    tip = np.round(fare * r.choice([0.1, 0.15, 0.2, 0.25, 0.3], n), 2) * (r.random(n) >= 0.35)
    tolls = 6.94 * (r.random(n) < 0.08)
    return pa.table({
        "vendor_id": d.ints(1, 3, np.int32), "pickup": timestamp(start * 1_000_000, "us"),
        "dropoff": timestamp((start + seconds) * 1_000_000, "us", d.nulls(0.1)),
        "passenger_count": d.holes(r.choice([1, 2, 3, 4, 5, 6], n, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.1]).astype(np.int8), 0.1),
        "trip_distance": miles,
        "ratecode": d.holes(np.where(r.random(n) < 0.95, 1, d.ints(2, 7)).astype(np.int16), 0.1),
        "store_fwd": d.holes(d.pick(["N", "Y"], [0.99, 0.01]), 0.1),
        "pu_location": (d.rank(265, 0.8) + 1).astype(np.int32),
        "do_location": (d.rank(265, 0.7) + 1).astype(np.int32),
        "payment_type": r.choice([1, 2, 3], n, p=[0.6, 0.2, 0.2]),
        "fare": fare, "extra": d.holes(r.choice([0, 0.5, 1, 2.5], n), 0.1),
        "mta_tax": np.where(r.random(n) < 0.98, 0.5, 0.0), "tip": tip, "tolls": tolls,
        "surcharge": np.ones(n), "total": np.round(fare + tip + tolls + 4.3, 2),
        "congestion": d.holes(np.where(r.random(n) < 0.9, 2.5, 0.0), 0.1),
        "airport_fee": d.holes(np.where(r.random(n) < 0.9, 0.0, 1.75), 0.1)})


def user_agents(d, count):
    system = ["Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64",
              "iPhone; CPU iPhone OS 17_4 like Mac OS X", "Linux; Android 14; Pixel 8"]
    kit = join(d.ints(530, 620, n=count), ".", d.ints(1, 60, n=count))
    return join("Mozilla/5.0 (", d.pick(system, n=count), ") AppleWebKit/", kit, " (KHTML, like Gecko) ",
                d.pick(["Chrome", "Version", "Edg", "OPR"], n=count), "/", d.ints(80, 130, n=count), ".0.",
                d.ints(1000, 7000, n=count), ".", d.ints(0, 250, n=count), " Safari/", kit)


def logs(_):
    """What a web server writes down of each request, JSON text in it."""
    n = 2_000_000
    d = Draw(103, n)
    r = d.random
    section = ["catalog", "api/v2/items", "user", "search", "static/img", "blog", "cart", "checkout/step"]
    took = np.round(r.lognormal(3, 1, n), 3)

    def words():
        return d.pick(WORDS)

    payload = join(
        '{"level":"', d.pick(["info", "warn", "error", "debug"], [0.8, 0.1, 0.05, 0.05]), '","service":"',
        d.pick(["gateway", "catalog", "auth", "cart"]), '","trace":"', d.hex(32), '","user_id":',
        d.ints(1, 10_000_000), ',"latency_ms":', took, ',"tags":["', words(), '","', words(),
        '"],"region":"', d.pick(["eu-west-1", "us-east-1", "ap-south-1"]), '","msg":"', words(), " ",
        words(), " ", words(), '"}')
    site = ["www.search.example", "news.example.org", "duck.example", "t.example"]
    return pa.table({
        "ts": timestamp(1_735_689_600_000_000_000 + np.cumsum(d.ints(1, 2_000_000)), "ns"),
        "request_id": d.hex(8, 4, 4, 4, 12),
        "ip": join(*sum(([d.ints(1, 255), "."] for _ in range(3)), []), d.ints(1, 255)),
        "method": d.pick(["GET", "POST", "PUT", "DELETE"], [0.85, 0.1, 0.03, 0.02]),
        "url": join("https://shop.example.com/", d.pick(section), "/", d.ints(0, 5_000_000), "?ref=", words(),
                    "&q=", words(), "&sid=", d.hex(10)),
        "status": r.choice([200, 304, 404, 301, 500], n, p=[0.6, 0.1, 0.1, 0.1, 0.1]).astype(np.int32),
        "bytes": r.lognormal(8, 1.5, n).astype(np.int64),
        "user_agent": user_agents(d, 40_000).take(pa.array(d.rank(40_000, 0.9))),
        "referer": d.holes(join("https://", d.pick(site), "/", d.rank(100_000, 1.2)), 0.4),
        "user_id": d.holes(d.ints(1, 10_000_000), 0.3), "duration_ms": took, "cached": r.random(n) < 0.3,
        "payload": d.holes(payload, 0.1)})


def bits(nulls):
    """A validity bitmap: a bit for each value that is there."""
    return pa.py_buffer(np.packbits(~nulls, bitorder="little"))


def nested(_):
    """Lists of numbers, lists of structs, maps, and structs in structs, with nulls at every level."""
    n = 1_000_000
    d = Draw(104, n)
    r = d.random

    def lengths(mean, null_share):
        null = d.nulls(null_share)
        length = np.where(null, 0, r.poisson(mean, n))
        return null, np.concatenate(([0], np.cumsum(length))).astype(np.int32)

    def listed(null, offsets, kind, child):
        return pa.Array.from_buffers(kind, n, [bits(null), pa.py_buffer(offsets)], children=[child])

    null, offsets = lengths(5, 0.08)
    child = d.holes(d.ints(0, 1_000_000, n=offsets[-1]), 0.05)
    ints = listed(null, offsets, pa.list_(child.type), child)

    null, offsets = lengths(3, 0.08)
    k = offsets[-1]
    name = d.holes(join(d.pick(WORDS, n=k), "_", d.rank(1000, 1.2, n=k)), 0.05)
    child = pa.StructArray.from_arrays([name, d.holes(r.normal(0, 100, k), 0.05)], ["name", "value"],
                                       mask=pa.array(d.nulls(0.03, k)))
    items = listed(null, offsets, pa.list_(child.type), child)

    null, offsets = lengths(3, 0.1)
    k = offsets[-1]
    length = np.diff(offsets)
    place = np.arange(k) - np.repeat(offsets[:-1], length)
    # Seven and the number of words have no divisor in common: no key comes twice in a row.
    key = (np.repeat(d.ints(0, len(WORDS)), length) + 7 * place) % len(WORDS)
    pair = pa.StructArray.from_arrays(
        [pa.array(WORDS).take(pa.array(key)), d.holes(join("v", d.ints(0, 100_000, n=k)), 0.1)],
        fields=[pa.field("key", pa.string(), nullable=False), pa.field("value", pa.string())])
    attrs = listed(null, offsets, pa.map_(pa.string(), pa.string()), pair)

    geo = pa.StructArray.from_arrays([d.holes(r.normal(0, 90, n), 0.05), d.holes(r.normal(0, 180, n), 0.05)],
                                     ["lat", "lon"], mask=pa.array(d.nulls(0.1)))
    where = pa.StructArray.from_arrays(
        [d.pick(["NL", "DE", "US", "FR", "JP"]), geo, d.holes(d.ints(0, 100_000, np.int32), 0.1)],
        ["country", "geo", "zip"], mask=pa.array(d.nulls(0.05)))
    return pa.table({"id": np.arange(n), "ints": ints, "items": items, "attrs": attrs, "place": where})


def wide(_):
    """A thousand columns: ten kinds in turn, a third of them with nulls."""
    n = 20_000
    d = Draw(105, n)
    r = d.random
    kinds = [*[lambda: r.normal(0, 1, n)] * 3, lambda: d.ints(0, 1 << 40),
             lambda: d.ints(0, 1000, np.int32), lambda: np.round(r.normal(50, 20, n), 2),
             lambda: d.pick(WORDS), lambda: join("id-", d.ints(0, 1 << 30)),
             lambda: r.random(n) < 0.2, lambda: r.normal(0, 1, n).astype(np.float32)]
    columns = {}
    for i in range(1000):
        kind = i % len(kinds)
        holes = i % 3 == 0 and kind not in (6, 7)
        columns[f"c{i:04d}"] = d.holes(kinds[kind](), 0.1) if holes else kinds[kind]()
    return pa.table(columns)


def random(_):
    n = 10_000_000
    d = Draw(106, n)
    r = d.random
    return pa.table({"i64": r.integers(-1 << 63, (1 << 63) - 1, n), "f64": r.random(n),
                     "i64_33bit": d.ints(0, 1 << 33), "f64_normal": r.normal(0, 1000, n)})


def sorted_(_):
    n = 10_000_000
    d = Draw(107, n)
    return pa.table({"id": 10**12 + np.arange(n),
                     "ts": timestamp(1_735_689_600_000_000 + np.cumsum(d.ints(1, 20_000)), "us"),
                     "seq": np.cumsum(d.ints(0, 3)),
                     "sensor": np.cumsum(d.ints(-5, 6)).astype(np.int32)})


MAKERS = {"lineitem": lineitem, "taxi": taxi, "logs": logs, "nested": nested, "wide": wide,
          "random": random, "sorted": sorted_}


# --- files -------------------------------------------------------------------------------------

def save(table, path):
    """In batches, none of which shares its buffers with another."""
    part = f"{path}.part{os.getpid()}"
    with pa.OSFile(part, "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
        for batch in table.combine_chunks().to_batches(max_chunksize=BATCH_ROWS):
            writer.write_batch(batch)
    os.rename(part, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--tpch")
    parser.add_argument("names", nargs="*")
    o = parser.parse_args()
    os.makedirs(o.folder, exist_ok=True)
    for name in o.names or MAKERS:
        path = os.path.join(o.folder, name + ".arrow")
        if not os.path.exists(path):
            print(f"making {name}", file=sys.stderr, flush=True)
            save(MAKERS[name](o.tpch), path)


if __name__ == "__main__":
    main()
