"""A Parquet file taken apart, to be changed and put together again."""
import struct

import compact

# Fields of the format's structs.
SCHEMA, ROWS, GROUPS, ORDERS = 2, 3, 4, 7                                     # FileMetaData
CHUNKS, BYTES, GROUP_ROWS, SORTING, GROUP_OFFSET, GROUP_BYTES, ORDINAL = range(1, 8)  # RowGroup
META, OFFSETS_AT, OFFSETS_LEN, COLUMNS_AT, COLUMNS_LEN = 3, 4, 5, 6, 7        # ColumnChunk
TYPE, ENCODINGS, PATH, CODEC, VALUES, UNCOMPRESSED, COMPRESSED = 1, 2, 3, 4, 5, 6, 7  # ColumnMetaData
DATA_AT, DICTIONARY_AT, STATISTICS, STATS, BLOOM_AT, BLOOM_LEN, SIZES, GEO = 9, 11, 12, 13, 14, 15, 16, 17
PAGE_CRC, V1, DICTIONARY, V2 = 4, 5, 7, 8                                     # PageHeader


class Unsuited(Exception):
    """The file does not have what the damage is about."""


class File:
    def __init__(self, data):
        self.data = bytearray(data)
        n = int.from_bytes(data[-8:-4], "little")
        self.end = len(data) - 8 - n
        self.footer = compact.Reader(data, self.end).struct()
        self.names = [".".join(part.decode() for part in c[META][1][PATH][1][1])
                      for c in self.groups()[0][CHUNKS][1][1]]

    def groups(self):
        return self.footer[GROUPS][1][1]

    def chunk(self, name, group=1):
        return self.groups()[group][CHUNKS][1][1][self.names.index(name)]

    def meta(self, name, group=1):
        return self.chunk(name, group)[META][1]

    def field(self, fields, id):
        if id not in fields:
            raise Unsuited(id)
        return fields[id]

    def pages(self, name, group=1):
        """[header, where it is, where the body is] of every page, a dictionary's included."""
        m = self.meta(name, group)
        at = m[DATA_AT][1]
        if DICTIONARY_AT in m:
            at = min(at, m[DICTIONARY_AT][1])
        end, found = at + m[COMPRESSED][1], []
        while at < end:
            reader = compact.Reader(self.data, at)
            header = reader.struct()
            found.append([header, at, reader.at])
            at = reader.at + header[3][1]
        return found

    def data_pages(self, name, group=1):
        return [p for p in self.pages(name, group) if p[0][1][1] != 2]

    def put_header(self, page):
        """In the place of the old one, if it has as many bytes."""
        header, at, body = page
        new = compact.write(header)
        if len(new) != body - at:
            raise Unsuited("the header has another length")
        self.data[at:body] = new

    def body(self, page):
        return self.data[page[2]:page[2] + page[0][3][1]]

    def put_body(self, page, body):
        self.data[page[2]:page[2] + len(body)] = body

    def index(self, name, at, group=1):
        where = self.field(self.chunk(name, group), at)[1]
        return compact.Reader(self.data, where).struct()

    def put_index(self, name, at, fields, group=1):
        """Written anew behind all else, and pointed to."""
        new, chunk = compact.write(fields), self.chunk(name, group)
        chunk[at][1], chunk[at + 1][1] = self.end, len(new)
        self.data[self.end:self.end] = new
        self.end += len(new)

    def write(self):
        footer = compact.write(self.footer)
        return bytes(self.data[:self.end]) + footer + struct.pack("<I", len(footer)) + b"PAR1"
