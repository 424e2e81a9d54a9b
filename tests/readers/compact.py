"""Thrift's compact protocol, as much as Parquet has of it: structs as they are, to be changed and written.

A struct is a dict of id -> [type, value] in the order of the file, a list is [type, values]. What is not
changed comes back byte by byte, as long as its writer took the shortest form, as all do.
"""
import struct

STOP, TRUE, FALSE, I8, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(13)


class Reader:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def take(self, n):
        self.at += n
        return bytes(self.data[self.at - n:self.at])

    def varint(self):
        value = shift = 0
        while True:
            b = self.byte()
            value |= (b & 0x7F) << shift
            shift += 7
            if b < 0x80:
                return value

    def number(self):
        v = self.varint()
        return v >> 1 ^ -(v & 1)

    def value(self, kind):
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind == I8:
            return self.byte()
        if kind in (I16, I32, I64):
            return self.number()
        if kind == DOUBLE:
            return struct.unpack("<d", self.take(8))[0]
        if kind == BINARY:
            return self.take(self.varint())
        if kind == LIST:
            head = self.byte()
            n = head >> 4 if head < 0xF0 else self.varint()
            element = head & 15
            # A bool in a list is a byte of its own.
            return [element, [self.value(self.byte() if element in (TRUE, FALSE) else element)
                              for _ in range(n)]]
        assert kind == STRUCT, kind
        return self.struct()

    def struct(self):
        fields, last = {}, 0
        while True:
            head = self.byte()
            if head == STOP:
                return fields
            last = last + (head >> 4) if head >> 4 else self.number()
            fields[last] = [head & 15, self.value(head & 15)]


def varint(v):
    out = bytearray()
    while v >= 0x80:
        out.append(v & 0x7F | 0x80)
        v >>= 7
    out.append(v)
    return bytes(out)


def number(v):
    return varint((v << 1 ^ v >> 63) & 0xFFFFFFFFFFFFFFFF)


def value(kind, v):
    if kind in (TRUE, FALSE):
        return b""
    if kind == I8:
        return bytes([v])
    if kind in (I16, I32, I64):
        return number(v)
    if kind == DOUBLE:
        return struct.pack("<d", v)
    if kind == BINARY:
        return varint(len(v)) + v
    if kind == LIST:
        element, items = v
        n = len(items)
        head = bytes([n << 4 | element]) if n < 15 else bytes([0xF0 | element]) + varint(n)
        if element in (TRUE, FALSE):
            return head + bytes(TRUE if item else FALSE for item in items)
        return head + b"".join(value(element, item) for item in items)
    return write(v)


def write(fields):
    out, last = bytearray(), 0
    for id, (kind, v) in sorted(fields.items()):
        if kind in (TRUE, FALSE):
            kind = TRUE if v else FALSE
        step = id - last
        out += bytes([step << 4 | kind]) if 0 < step < 16 else bytes([kind]) + number(id)
        out += value(kind, v)
        last = id
    return bytes(out) + b"\0"
