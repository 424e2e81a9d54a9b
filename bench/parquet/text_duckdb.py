#!/usr/bin/env python3
"""text_duckdb.py - what bench/parquet/text has DuckDB do: make its input, be its peer, compare

    text_duckdb.py make FILE.arrow OUT MB
    text_duckdb.py copy SOURCE OUT.parquet THREADS COLUMNS
    text_duckdb.py same OURS.parquet THEIRS.parquet

"make" writes about MB MB of lineitem as CSV or JSON Lines, by the ending of OUT: the rows of the
file, and where they do not suffice, again with new order keys. "copy" is the peer; COLUMNS is a JSON
object of names and types, THREADS 0 leaves the number to DuckDB. It prints the CPU seconds that the
interpreter took to get ready. "same" prints how many rows there are and whether they are equal.
"""
import json
import os
import resource
import shutil
import sys

import duckdb

PIECE_ROWS = 1 << 19
KEYS = 6_000_000  # the order keys of scale 1 end here; those of the next copy begin


def connect(threads=0):
    return duckdb.connect(config={"threads": threads} if threads else {})


# --- make --------------------------------------------------------------------------------------

def pieces(table):
    """The table without end: its slices, and how often it has begun anew."""
    copy = 0
    while True:
        for at in range(0, table.num_rows, PIECE_ROWS):
            yield table.slice(at, PIECE_ROWS), copy
        copy += 1


def cut(path, size):
    """Shorten a file to the last line that ends within `size` bytes."""
    with open(path, "r+b") as f:
        f.seek(max(size - 65536, 0))
        tail = f.read(size - f.tell())
        f.truncate(size - len(tail) + tail.rindex(b"\n") + 1)


def make(source, path, mb):
    import pyarrow as pa
    import pyarrow.ipc
    wanted, connection = int(mb * 1e6), connect()
    table = pa.ipc.open_file(pa.memory_map(source)).read_all()
    csv = path.endswith(".csv")
    part, piece = f"{path}.part{os.getpid()}", f"{path}.piece{os.getpid()}"
    try:
        with open(part, "wb") as out:
            for rows, copy in pieces(table):
                connection.register("rows", rows)
                options = f"FORMAT csv, HEADER {out.tell() == 0}" if csv else "FORMAT json"
                connection.execute(f"COPY (SELECT * REPLACE (l_orderkey + {copy * KEYS} AS l_orderkey) FROM rows) "
                                   f"TO '{piece}' ({options})")
                with open(piece, "rb") as f:
                    shutil.copyfileobj(f, out, 1 << 20)
                if out.tell() >= wanted:
                    break
        cut(part, wanted)
        os.rename(part, path)
    finally:
        for left in (part, piece):
            if os.path.exists(left):
                os.unlink(left)


# --- copy and same -----------------------------------------------------------------------------

def copy(source, path, threads, columns):
    reader = "read_csv" if source.endswith(".csv") else "read_json"
    options = "header=true" if source.endswith(".csv") else "format='newline_delimited'"
    connection = connect(threads)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"ready": usage.ru_utime + usage.ru_stime, "version": duckdb.__version__}), flush=True)
    connection.execute(f"COPY (FROM {reader}('{source}', columns={json.loads(columns)}, {options})) "
                       f"TO '{path}' (FORMAT parquet)")


def same(ours, theirs):
    """By a hash of each row and its number, summed: neither file has to fit in memory."""
    seen = [connect().execute(f"SELECT count(*), sum(hash(*COLUMNS(*))) "
                              f"FROM read_parquet('{path}', file_row_number=true)").fetchone()
            for path in (ours, theirs)]
    print(json.dumps({"rows": seen[0][0], "theirs": seen[1][0], "same": seen[0] == seen[1]}))


def main():
    command, *words = sys.argv[1:]
    if command == "make":
        make(words[0], words[1], float(words[2]))
    elif command == "copy":
        copy(words[0], words[1], int(words[2]), words[3])
    elif command == "same":
        same(*words)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
