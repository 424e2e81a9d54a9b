"""The encoder and the verifier, by ctypes: what parquet.h and parquet_file.h declare."""
import ctypes as c

import pyarrow as pa


class Error(c.Structure):
    _fields_ = [("status", c.c_int), ("os_errno", c.c_int), ("http_status", c.c_int),
                ("attempts", c.c_int), ("service_code", c.c_char * 64),
                ("request_id", c.c_char * 96), ("upload_id", c.c_char * 512),
                ("commit_token", c.c_char * 40), ("message", c.c_char * 512)]


class Options(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("profile", c.c_int), ("codec", c.c_int),
                ("level", c.c_int), ("encoding", c.c_int), ("columns", c.c_void_p),
                ("column_count", c.c_size_t), ("memory_bytes", c.c_uint64),
                ("row_group_rows", c.c_uint64), ("row_group_bytes", c.c_uint64),
                ("page_rows", c.c_uint64), ("page_bytes", c.c_uint64), ("threads", c.c_uint),
                ("data_page_v2", c.c_int), ("statistics", c.c_int), ("page_checksums", c.c_int),
                ("bloom_filters", c.c_int), ("bloom_filter_fpp", c.c_double),
                ("statistics_bytes", c.c_size_t), ("arrow_schema", c.c_int),
                ("geo_metadata", c.c_int), ("sorting", c.c_void_p), ("sorting_count", c.c_size_t),
                ("metadata", c.c_void_p), ("metadata_count", c.c_size_t)]


class Sorting(c.Structure):
    _fields_ = [("path", c.c_char_p), ("descending", c.c_int), ("nulls_first", c.c_int)]


class Stream(c.Structure):
    _fields_ = [("calls", c.c_void_p * 4), ("private_data", c.c_void_p)]


class Fault(c.Structure):
    _fields_ = [("row_group", c.c_int64), ("column", c.c_char_p), ("page", c.c_int64),
                ("offset", c.c_uint64), ("message", c.c_char_p)]


class Verified(c.Structure):
    _fields_ = [(name, c.c_uint64) for name in
                ("faults", "row_groups", "chunks", "pages", "values", "bytes", "checksums",
                 "statistics", "bloom_filters", "skipped", "sorted")] + [("reserved", c.c_uint64 * 5)]


FAULT_FN = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(Fault))


class Refused(RuntimeError):
    """An answer that is not CW_OK."""

    def __init__(self, err):
        super().__init__(err.message.decode())
        self.status = err.status


class Library:
    def __init__(self, path):
        self.so = c.CDLL(path)

    def write(self, path, data, sorting=(), **options):
        """Write a table, or a list of batches, through the C stream interface.

        sorting: (path, descending, nulls_first) of each column by which the rows are said to be sorted.
        """
        said = (Sorting * len(sorting))(*((path.encode(), *how) for path, *how in sorting))
        o = Options(struct_size=c.sizeof(Options), sorting=c.addressof(said), sorting_count=len(said), **options)
        reader = data.to_reader() if isinstance(data, pa.Table) else \
            pa.RecordBatchReader.from_batches(data[0].schema, data)
        stream, err = Stream(), Error()
        reader._export_to_c(c.addressof(stream))
        status = self.so.cw_parquet_write_arrow_stream(
            None, str(path).encode(), c.byref(stream), c.byref(o), None, c.byref(err))
        if status:
            raise RuntimeError(f"{status}: {err.message.decode()}")

    def verify(self, path):
        """What was looked at, and the faults as text. Not a Parquet file at all: Refused."""
        file, err, faults = c.c_void_p(), Error(), []

        @FAULT_FN
        def found(_, fault):
            f = fault.contents
            column = f.column.decode() if f.column else None
            faults.append(f"row group {f.row_group}, {column}, page {f.page}: {f.message.decode()}")
            return 0

        if self.so.cw_parquet_file_open(c.byref(file), None, str(path).encode(), c.byref(err)):
            raise Refused(err)
        out = Verified()
        status = self.so.cw_parquet_file_verify(file, found, None, c.byref(out), c.byref(err))
        self.so.cw_parquet_file_close(file)
        if status:
            raise Refused(err)
        return out, faults
