#!/usr/bin/env python3
"""sides.py - one encoder with one table in memory, which encodes it when told to

    sides.py SIDE FILE.arrow MB [--module MODULE] [--memory BYTES] [--threads N]
    sides.py table FILE.arrow MB
    sides.py same FILE.arrow MB FILE.parquet [--rows-only]

Commands come on standard input, a line each: "run" encodes and drops the bytes, "file PATH" writes
them, "growth" is a run whose peak of memory is looked at. The answer is a line of JSON; a first one
says that the table is in memory. bench/parquet/run starts one of these for each side.

"table" tells how large a table is; "same" compares a Parquet file with the table it was made of.
"""
import argparse
import ctypes
import gc
import json
import os
import resource
import sys
import time

# pyarrow and Polars ask for these when they are loaded.
os.environ.update(OMP_NUM_THREADS="1", POLARS_MAX_THREADS="1")

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from picked import PICKED

PAGE = 4096


# --- the table ---------------------------------------------------------------------------------

def load(path, mb):
    """The first batches of a file, until they are about `mb` MB (0: all), over the mapped file."""
    reader = pa.ipc.open_file(pa.memory_map(path))
    batches, size = [], 0
    for i in range(reader.num_record_batches):
        batch = reader.get_batch(i)
        batches.append(batch)
        size += batch.nbytes
        if mb and size >= mb * 1e6:
            break
    return pa.Table.from_batches(batches)


def touch(table):
    """Have every page of every buffer in memory."""
    for column in table.columns:
        for chunk in column.chunks:
            for buffer in chunk.buffers():
                if buffer is not None and buffer.size:
                    bytes(memoryview(buffer)[::PAGE])


# --- the encoders: each takes a table and a path, or None for dropping --------------------------

CODECS = {"none": 1, "zstd": 2, "snappy": 4}  # enum cw_parquet_codec


class Job(ctypes.Structure):  # struct encode_job
    _fields_ = [("path", ctypes.c_char_p), ("codec", ctypes.c_int), ("threads", ctypes.c_uint),
                ("memory_bytes", ctypes.c_uint64)]


class Stream(ctypes.Structure):  # struct ArrowArrayStream
    _fields_ = [("calls", ctypes.c_void_p * 4), ("private_data", ctypes.c_void_p)]


def cloudwriter(table, codec, o):
    module = ctypes.CDLL(o.module)
    module.cw_version.restype = ctypes.c_char_p

    def encode(path):
        stream, size, message = Stream(), ctypes.c_uint64(), ctypes.create_string_buffer(512)
        table.to_reader()._export_to_c(ctypes.addressof(stream))
        job = Job(path.encode() if path else None, CODECS.get(codec, 0), o.threads, o.memory)
        if module.encode(ctypes.byref(job), ctypes.byref(stream), ctypes.byref(size), message, len(message)):
            raise RuntimeError(message.value.decode())
        return size.value

    return encode, module.cw_version().decode()


def pyarrow(table, codec, o):
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    options = {"compression": codec, "compression_level": 1 if codec == "zstd" else None}
    if codec == "picked":
        options = {"compression": "zstd", "compression_level": 1, **PICKED[o.name](table.schema)}

    def encode(path):
        with pa.OSFile(path, "wb") if path else pa.MockOutputStream() as out:
            pq.write_table(table, out, **options)
            return out.tell()

    return encode, pa.__version__


def polars(table, codec, o):
    import polars as pl
    frame = pl.from_arrow(table, rechunk=False)  # text becomes views here, outside of the measurement
    options = {} if codec == "shipped" else {
        "compression": "uncompressed" if codec == "none" else codec,
        "compression_level": 1 if codec == "zstd" else None}

    def encode(path):
        frame.write_parquet(path or "/dev/null", **options)
        return os.path.getsize(path) if path else None

    return encode, pl.__version__


def duckdb(table, codec, o):
    import duckdb as db
    connection = db.connect(config={"threads": 1})
    connection.register("input", table)
    options = f"FORMAT parquet, USE_TMP_FILE false, COMPRESSION {'uncompressed' if codec == 'none' else codec}"
    options += ", COMPRESSION_LEVEL 1" if codec == "zstd" else ""

    def encode(path):
        connection.execute(f"COPY (FROM input) TO '{path or '/dev/null'}' ({options})")
        return os.path.getsize(path) if path else None

    return encode, db.__version__


ENCODERS = {"cw": cloudwriter, "pyarrow": pyarrow, "polars": polars, "duckdb": duckdb}


# --- measuring ---------------------------------------------------------------------------------

LIBC = ctypes.CDLL(None)


def settle():
    gc.collect()
    pa.default_memory_pool().release_unused()
    LIBC.malloc_trim(0)


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def status(key):
    with open("/proc/self/status", encoding="ascii") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith(key))


def measured(encode, path):
    settle()
    cpu, wall = cpu_seconds(), time.perf_counter()
    size = encode(path)
    return {"cpu": cpu_seconds() - cpu, "wall": time.perf_counter() - wall, "bytes": size}


def grown(encode):
    """How far the resident size rose above what it was."""
    settle()
    with open("/proc/self/clear_refs", "w", encoding="ascii") as f:
        f.write("5")  # the peak is the present size from here on
    before = status("VmRSS")
    size = encode(None)
    return {"growth": status("VmHWM") - before, "bytes": size}


def serve(encode):
    for line in sys.stdin:
        command, _, path = line.rstrip("\n").partition(" ")
        answer = grown(encode) if command == "growth" else measured(encode, path or None)
        print(json.dumps(answer), flush=True)


def same(table, path, rows_only):
    """None, or what differs."""
    if pq.read_metadata(path).num_rows != table.num_rows:
        return f"{pq.read_metadata(path).num_rows} rows of {table.num_rows}"
    if rows_only:
        return None
    file = pq.ParquetFile(path)
    for name in table.column_names:
        column = file.read(columns=[name]).column(name)
        if not column.cast(table.column(name).type).equals(table.column(name)):
            return f"column {name} differs"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("side")
    parser.add_argument("file")
    parser.add_argument("mb", type=float)
    parser.add_argument("parquet", nargs="?")
    parser.add_argument("--rows-only", action="store_true")
    parser.add_argument("--module")
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    o = parser.parse_args()
    o.name = os.path.basename(o.file).removesuffix(".arrow")
    table = load(o.file, o.mb)
    if o.side == "table":
        made = (table.schema.metadata or {}).get(b"made by", b"").decode()
        print(json.dumps({"bytes": table.nbytes, "rows": table.num_rows, "columns": table.num_columns,
                          "batches": table.column(0).num_chunks, "made_by": made}))
        return
    if o.side == "same":
        print(json.dumps({"differs": same(table, o.parquet, o.rows_only)}))
        return
    touch(table)
    who, _, codec = o.side.partition("-")
    encode, version = ENCODERS[who](table, codec, o)
    print(json.dumps({"version": version}), flush=True)
    serve(encode)


if __name__ == "__main__":
    main()
