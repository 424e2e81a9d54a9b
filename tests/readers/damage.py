"""Files that are damaged on purpose and stay readable otherwise: verify must name each place and reason.

A damage takes a good file apart, changes one thing that is said or one thing that is there, and puts it
together again. It is done to files of the encoder and of pyarrow, wherever they have what it is about.
"""
import os
import struct

import pyarrow as pa
import pyarrow.parquet as pq

import compact
from apart import BLOOM_AT, CODEC, META, File, Unsuited
from compact import BINARY, STRUCT
from damages import DAMAGES, ENDS, ROWS_OF_ALL, ROWS_OF_GROUP, sort


# Numbers of the encoder's option.
ENCODINGS = {"PLAIN": 1, "DELTA_BINARY_PACKED": 4, "DELTA_LENGTH_BYTE_ARRAY": 5, "DELTA_BYTE_ARRAY": 6}


def point(x, y):
    return struct.pack("<BIdd", 1, 1, x, y)


def source():
    n = range(ROWS_OF_ALL)
    shape = pa.field("shape", pa.binary(), False,
                     {"ARROW:extension:name": "geoarrow.wkb", "ARROW:extension:metadata": "{}"})
    schema = pa.schema([
        pa.field("id", pa.int64(), False), pa.field("other", pa.int64(), False),
        pa.field("price", pa.float64()), pa.field("name", pa.string()), pa.field("text", pa.string(), False),
        pa.field("list", pa.list_(pa.field("element", pa.int32(), False))),
        pa.field("nothing", pa.int32()), pa.field("mixed", pa.int32(), False), shape])
    columns = [
        list(n), [7 * i for i in n],
        [None if i % 13 == 0 else float("nan") if i % 17 == 0 else i / 8 for i in n],
        [f"name-{i % 10}" if i % 10 or i < 5 else None for i in n], [f"name-{i * i}" for i in n],
        [None if i % 5 == 4 else list(range(i % 4)) for i in n], [None] * len(n),
        [i * 7919 % 1000 for i in n], [point(10.0 + i, 20.0 + i) for i in n]]
    columns[3] = [f"name-{i % 10}" for i in n]
    columns[3][5::50] = [None] * len(columns[3][5::50])
    return pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, schema)], schema=schema)


def good_files(lib, path):
    """(what, its bytes): of two writers, with the settings that damages ask for."""
    table = source()
    ours = {"page_rows": 100, "row_group_rows": ROWS_OF_GROUP, "bloom_filters": 1,
            "sorting": [("nothing", 1, 1), ("id", 0, 0)]}
    sorting = [pq.SortingColumn(1), pq.SortingColumn(0, descending=True)]
    for version in (0, 1):
        for plain in (False, True):
            more = {"codec": 1, "page_checksums": 2, "encoding": 2 if plain else 0} if plain else {}
            lib.write(path, table, data_page_v2=version, **ours, **more)
            yield f"encoder, v{version + 1}, {'plain' if plain else 'compressed'}"
        for encoding in ("PLAIN", "DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"):
            lib.write(path, table, data_page_v2=version, codec=1, page_checksums=2, encoding=ENCODINGS[encoding],
                      **ours)
            yield f"encoder, v{version + 1}, {encoding}"
    for version in ("1.0", "2.0"):
        for codec in ("zstd", "none"):
            pq.write_table(table, path, data_page_version=version, compression=codec,
                           row_group_size=ROWS_OF_GROUP, max_rows_per_page=100, write_page_index=True,
                           write_page_checksum=codec == "zstd", use_dictionary=["name"],
                           sorting_columns=sorting)
            yield f"pyarrow, v{version}, {codec}"
        pq.write_table(table, path, data_page_version=version, compression="none",
                       row_group_size=ROWS_OF_GROUP, max_rows_per_page=100, use_dictionary=False)
        yield f"pyarrow, v{version}, statistics of pages"


def said(lib, path):
    """The faults, or the refusal, as text."""
    try:
        return lib.verify(path)[1]
    except RuntimeError as e:
        return [str(e)]


def try_damage(lib, path, data, damage):
    f = File(data)
    expected = damage(f)
    with open(path, "wb") as out:
        out.write(f.write())
    faults = said(lib, path)
    assert any(expected in fault for fault in faults), f"'{expected}' is not in {faults[:5]}"


def encrypted(f):
    """The chunk's key is the footer's: what is said of it can be read."""
    f.chunk("id")[8] = [STRUCT, {1: [STRUCT, {}]}]


def encrypted_with_all_that_is_said(f):
    chunk = f.chunk("id")
    chunk[8] = [STRUCT, {2: [STRUCT, {}]}]
    chunk[9] = [BINARY, b"nobody can read this"]
    del chunk[META]


def brotli(f):
    f.meta("id")[CODEC][1] = 4


def sorted_by_what_is_not_understood(f):
    """What a column says that follows it cannot be known."""
    brotli(f)
    sort(f, ("id", False, False), ("mixed", False, False))


def filter_of_another_hash(f):
    at = f.meta("name")[BLOOM_AT][1]
    reader = compact.Reader(f.data, at)
    header = reader.struct()
    header[3][1] = {2: [STRUCT, {}]}
    f.data[at:reader.at] = compact.write(header)


def not_understood(lib, folder, _seeds):
    """What is not known here is no damage: it is skipped, and counted."""
    path, ours = os.path.join(folder, "unknown.parquet"), {"row_group_rows": ROWS_OF_GROUP, "bloom_filters": 1}
    lib.write(path, source(), **ours)
    with open(path, "rb") as f:
        data = f.read()
    for change in (encrypted, encrypted_with_all_that_is_said, brotli, sorted_by_what_is_not_understood,
                   filter_of_another_hash):
        f = File(data)
        change(f)
        with open(path, "wb") as to:
            to.write(f.write())
        out, faults = lib.verify(path)
        assert not faults and out.skipped == 1, f"{change.__name__}: {out.skipped} skipped, {faults}"


def deliberate_damage(lib, folder, _seeds):
    """Everything that a file says wrongly, and everything wrong in it, is found and its place named."""
    path, wrong, done = os.path.join(folder, "damaged.parquet"), [], {d.__name__: 0 for d in DAMAGES}
    for what in good_files(lib, path):
        with open(path, "rb") as f:
            data = f.read()
        assert not said(lib, path), f"{what}: {said(lib, path)[:3]}"
        for damage in DAMAGES:
            try:
                try_damage(lib, path, data, damage)
                done[damage.__name__] += 1
            except Unsuited:
                pass
            except Exception as e:
                wrong.append(f"{what}, {damage.__name__}: {type(e).__name__}: {e}")
        for name, (cut, expected) in ENDS.items():
            with open(path, "wb") as f:
                f.write(cut(data))
            if expected not in said(lib, path)[0]:
                wrong.append(f"{what}, {name}: {said(lib, path)}")
    never = [name for name, times in done.items() if not times]
    assert not wrong and not never, "\n".join([f"{len(wrong)} were missed, and never done: {never}", *wrong])
    print(f"     {sum(done.values())} damages of {len(done)} kinds", flush=True)
