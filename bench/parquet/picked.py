"""picked.py - the encodings that a person would pick for each column, as options for pyarrow's writer

Picked by hand, as the smallest at zstd level 1 of all that pyarrow can write for the column; what is
not named here has a dictionary. Decimals are written as integers, which these encodings need.
"""
DELTA, SPLIT, PLAIN = "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT", "PLAIN"
LENGTHS, PREFIXES = "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"

LINEITEM = {"l_orderkey": DELTA, "l_partkey": SPLIT, "l_extendedprice": SPLIT, "l_shipdate": SPLIT,
            "l_commitdate": SPLIT, "l_receiptdate": SPLIT, "l_comment": LENGTHS}
TAXI = {"pickup": SPLIT, "dropoff": SPLIT, "pu_location": SPLIT, "do_location": SPLIT}
LOGS = {"ts": DELTA, "request_id": LENGTHS, "ip": LENGTHS, "url": PREFIXES, "bytes": SPLIT,
        "user_id": SPLIT, "cached": PLAIN, "payload": LENGTHS}
NESTED = {"id": DELTA, "ints.list.element": SPLIT, "items.list.element.value": SPLIT,
          "place.geo.lat": SPLIT, "place.geo.lon": SPLIT, "place.zip": SPLIT}
RANDOM = {"i64": PLAIN, "f64": SPLIT, "i64_33bit": SPLIT, "f64_normal": SPLIT}
SORTED = {"id": DELTA, "ts": DELTA, "seq": DELTA, "sensor": DELTA}
WIDE = [SPLIT, SPLIT, SPLIT, SPLIT, None, None, None, PREFIXES, PLAIN, SPLIT]  # its ten kinds


def leaves(prefix, kind):
    """The paths of the leaves of a field in a Parquet schema."""
    if kind.num_fields == 0:
        return [prefix]
    if str(kind).startswith("map"):
        parts = [("key_value.key", kind.key_type), ("key_value.value", kind.item_type)]
    elif str(kind).startswith("list"):
        parts = [("list.element", kind.value_type)]
    else:
        parts = [(kind.field(i).name, kind.field(i).type) for i in range(kind.num_fields)]
    return [leaf for name, child in parts for leaf in leaves(f"{prefix}.{name}", child)]


def options(schema, picked):
    every = [leaf for field in schema for leaf in leaves(field.name, field.type)]
    return {"column_encoding": picked, "use_dictionary": [leaf for leaf in every if leaf not in picked],
            "store_decimal_as_integer": True}


def wide(schema):
    return options(schema, {name: WIDE[i % 10] for i, name in enumerate(schema.names) if WIDE[i % 10]})


def fixed(picked):
    return lambda schema: options(schema, picked)


PICKED = {"lineitem": fixed(LINEITEM), "taxi": fixed(TAXI), "logs": fixed(LOGS), "nested": fixed(NESTED),
          "random": fixed(RANDOM), "sorted": fixed(SORTED), "wide": wide}
