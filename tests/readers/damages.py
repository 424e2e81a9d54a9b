"""What is damaged: each changes one thing of a file, and answers what must be among the faults."""
import struct

import compact
from apart import (SCHEMA, ROWS, ORDERS, CHUNKS, BYTES, GROUP_ROWS, SORTING, GROUP_OFFSET, GROUP_BYTES,
                   ORDINAL, OFFSETS_AT, COLUMNS_AT, TYPE, ENCODINGS, PATH, CODEC, VALUES, UNCOMPRESSED,
                   COMPRESSED, DATA_AT, DICTIONARY_AT, STATISTICS, STATS, BLOOM_AT, BLOOM_LEN,
                   SIZES, GEO, PAGE_CRC, V1, DICTIONARY, V2, Unsuited)
from compact import BINARY, DOUBLE, I32, I64, LIST, STRUCT, TRUE

ROWS_OF_ALL, ROWS_OF_GROUP = 2000, 1000
PLAIN, DELTA, DELTA_LENGTH, DELTA_BYTES = 0, 5, 6, 7  # encodings
DAMAGES = []


def damaging(damage):
    DAMAGES.append(damage)
    return damage


def at(name, message, page=-1, group=1):
    return f"row group {group}, {name}, page {page}: {message}"


def in_group(message, group=1):
    return f"row group {group}, None, page -1: {message}"


def in_file(message):
    return f"row group -1, None, page -1: {message}"


def add(fields, id, by=1):
    fields[id][1] += by


# The footer

@damaging
def rows_of_file(f):
    add(f.footer, ROWS)
    return in_file(f"rows of the file: {ROWS_OF_ALL + 1} are said, {ROWS_OF_ALL} are there")


@damaging
def rows_of_row_group(f):
    add(f.groups()[1], GROUP_ROWS)
    return at("id", f"rows: {ROWS_OF_GROUP + 1} are said, {ROWS_OF_GROUP} are there")


@damaging
def bytes_of_row_group(f):
    add(f.groups()[1], BYTES)
    return in_group("total_byte_size of the row group: ")


@damaging
def compressed_bytes_of_row_group(f):
    f.field(f.groups()[1], GROUP_BYTES)
    add(f.groups()[1], GROUP_BYTES)
    return in_group("total_compressed_size of the row group: ")


@damaging
def offset_of_row_group(f):
    f.field(f.groups()[1], GROUP_OFFSET)[1] = 4
    return in_group("file_offset of the row group is 4, and its first page is at ")


@damaging
def ordinal_of_row_group(f):
    f.field(f.groups()[1], ORDINAL)[1] = 5
    return in_group("ordinal of the row group: 5 are said, 1 are there")


@damaging
def chunk_left_out(f):
    f.groups()[1][CHUNKS][1][1].pop()
    return in_group(f"{len(f.names) - 1} column chunks for {len(f.names)} leaf columns")


@damaging
def column_order_left_out(f):
    f.field(f.footer, ORDERS)[1][1].pop()
    return in_file(f"column_orders: {len(f.names) - 1} are said, {len(f.names)} are there")


@damaging
def values_of_chunk(f):
    add(f.meta("id"), VALUES)
    return at("id", f"num_values: {ROWS_OF_GROUP + 1} are said, {ROWS_OF_GROUP} are there")


@damaging
def chunk_too_short(f):
    add(f.meta("id"), COMPRESSED, -1)
    return at("id", "the page says that it has ")


@damaging
def chunk_too_long(f):
    add(f.meta("id", 0), COMPRESSED)
    return at("other", "the chunk begins within that of row group 0, column id", group=0)


@damaging
def chunk_beyond_the_file(f):
    f.meta("id")[COMPRESSED][1] = 1 << 40
    return at("id", f"the chunk, {1 << 40} bytes at ")


@damaging
def chunk_of_nothing(f):
    for field in (VALUES, COMPRESSED, UNCOMPRESSED, DATA_AT):
        f.meta("id")[field][1] = 0
    f.meta("id").pop(DICTIONARY_AT, None)
    return at("id", "the chunk, 0 bytes at 0, does not lie ")


@damaging
def negative_size(f):
    f.meta("id")[COMPRESSED][1] = -1
    return at("id", "the chunk, -1 bytes at ")


@damaging
def uncompressed_bytes_of_chunk(f):
    add(f.meta("id"), UNCOMPRESSED)
    return at("id", "total_uncompressed_size: ")


@damaging
def offset_of_data(f):
    if DICTIONARY_AT not in f.meta("name"):
        raise Unsuited
    add(f.meta("name"), DATA_AT)
    return at("name", "data_page_offset is ", 0)


@damaging
def offset_of_dictionary(f):
    meta = f.meta("name")
    f.field(meta, DICTIONARY_AT)[1] = meta[DATA_AT][1] + 1
    return "row group 1, name, page "


@damaging
def chunk_of_another_column(f):
    for field in (DATA_AT, COMPRESSED, UNCOMPRESSED):
        f.meta("other")[field][1] = f.meta("id")[field][1]
    return at("other", "the chunk begins within that of row group 1, column id")


@damaging
def codec(f):
    header = f.pages("id")[0][0]
    if V2 in header and not header[V2][1].get(7, [0, True])[1]:
        raise Unsuited("its pages are not compressed, whatever the codec")
    f.meta("id")[CODEC][1] = 2
    place = "-1: the dictionary" if DICTIONARY_AT in f.meta("id") else "0: the page"
    return f"row group 1, id, page {place} cannot be decoded: the body does not decompress"


@damaging
def type_of_chunk(f):
    f.meta("id")[TYPE][1] = 1
    return at("id", "the chunk is of type 1, the schema says 2")


@damaging
def path(f):
    f.meta("id")[PATH][1][1] = [b"it"]
    return at("id", "path_in_schema is not that of the leaf at this place of the schema")


@damaging
def path_too_short(f):
    f.meta("list.list.element")[PATH][1][1].pop()
    return at("list.list.element", "path_in_schema is not that of the leaf at this place of the schema")


@damaging
def encoding_not_listed(f):
    f.meta("id")[ENCODINGS][1][1] = [3]
    page = f.data_pages("id")[0]
    encoding = header_of(f, page)[4 if V2 in page[0] else 2][1]
    return at("id", f"encoding {encoding} is used and not listed")


@damaging
def encoding_stats(f):
    add(f.field(f.meta("id"), STATS)[1][1][-1], 3)
    return at("id", "encoding_stats says ")


# The order of rows: all are ascending by the first two columns, and none by "mixed"

def sort(f, *columns):
    """Each a name or a number, and whether it is descending and its nulls are first."""
    f.groups()[1][SORTING] = [LIST, [STRUCT, [
        {1: [I32, f.names.index(x) if x in f.names else x], 2: [TRUE, descending], 3: [TRUE, nulls_first]}
        for x, descending, nulls_first in columns]]]


def out_of_order(row, others):
    return f"row {row} of the row group is not in the order that sorting_columns says, nor are {others} others"


@damaging
def ascending_said_to_be_descending(f):
    sort(f, ("id", True, False))
    return at("id", out_of_order(1, ROWS_OF_GROUP - 2))


@damaging
def sorted_by_what_is_not(f):
    sort(f, ("mixed", False, False))
    mixed = [i * 7919 % 1000 for i in range(ROWS_OF_GROUP, 2 * ROWS_OF_GROUP)]
    wrong = [i for i in range(1, ROWS_OF_GROUP) if mixed[i] < mixed[i - 1]]
    return at("mixed", out_of_order(wrong[0], len(wrong) - 1))


@damaging
def sorted_by_a_second_column_that_is_not(f):
    sort(f, ("nothing", True, True), ("mixed", False, False), ("id", False, False))
    return at("mixed", "row ")


@damaging
def nulls_at_the_wrong_end(f):
    """The row before the first null, or that after it."""
    sort(f, ("price", False, True))
    return at("price", "row ")


@damaging
def sorted_by_no_column(f):
    sort(f, ("id", False, False), (len(f.names), False, False))
    return in_group(f"sorting_columns has the column {len(f.names)} of {len(f.names)} leaf columns")


@damaging
def sorted_by_a_negative_column(f):
    sort(f, (-1, False, False))
    return in_group(f"sorting_columns has the column -1 of {len(f.names)} leaf columns")


@damaging
def sorting_column_without_direction(f):
    sort(f, ("id", False, False))
    del f.groups()[1][SORTING][1][1][0][2]
    return "the footer is damaged"


# The schema

@damaging
def more_children(f):
    add(f.footer[SCHEMA][1][1][0], 5)
    return "the schema of the file is damaged: it ends too early"


@damaging
def fewer_children(f):
    add(f.footer[SCHEMA][1][1][0], 5, -1)
    return "the schema of the file is damaged: it has more elements than its groups hold"


@damaging
def leaf_without_type(f):
    del f.footer[SCHEMA][1][1][1][1]
    return "the schema of the file is damaged: a leaf has no physical type"


@damaging
def element_without_name(f):
    del f.footer[SCHEMA][1][1][1][4]
    return "the schema of the file is damaged: an element has no name"


@damaging
def repetition_of_leaf(f):
    """What has levels is said to have none."""
    element = next(e for e in f.footer[SCHEMA][1][1] if e[4][1] == b"price")
    element[3][1] = 0
    return at("price", "the page cannot be decoded: ", 0)


def annotation(f, name, converted):
    """Another converted type beside the logical type that is there."""
    element = next(e for e in f.footer[SCHEMA][1][1] if e[4][1] == name)
    f.field(element, 6)[1] = converted
    kind = next(iter(f.field(element, 10)[1]))
    return f"logical type {kind} and converted type {converted}, of it or a group around it, contradict each other"


@damaging
def text_that_is_json(f):
    return at("name", annotation(f, b"name", 19), group=-1)


@damaging
def list_that_is_a_map(f):
    return at("list.list.element", annotation(f, b"list", 1), group=-1)


# Statistics of chunks

def statistics(f, name, id):
    return f.field(f.field(f.meta(name), STATISTICS)[1], id)


@damaging
def null_count(f):
    statistics(f, "price", 3)[1] += 1
    return at("price", "null_count: ")


@damaging
def no_nulls(f):
    statistics(f, "price", 3)[1] = 0
    return at("price", "null_count: 0 are said")


@damaging
def distinct_count(f):
    f.field(f.meta("name"), STATISTICS)[1][4] = [I64, 4711]
    return at("name", "distinct_count: 4711 are said, 10 are there")


@damaging
def nan_count(f):
    f.field(f.meta("price"), STATISTICS)[1][9] = [I64, 4711]
    return at("price", "nan_count: 4711 are said, ")


@damaging
def min_too_great(f):
    statistics(f, "id", 6)[1] = struct.pack("<q", ROWS_OF_GROUP + 1)
    return at("id", "min_value is above a value that is there")


@damaging
def max_too_small(f):
    statistics(f, "id", 5)[1] = struct.pack("<q", ROWS_OF_ALL - 2)
    return at("id", "max_value is below a value that is there")


@damaging
def max_of_text(f):
    statistics(f, "name", 5)[1] = b"name"
    return at("name", "max_value is below a value that is there")


@damaging
def old_min(f):
    f.field(f.meta("id"), STATISTICS)[1][2] = [BINARY, struct.pack("<q", ROWS_OF_ALL)]
    return at("id", "min is above a value that is there")


@damaging
def min_that_is_not_exact(f):
    statistics(f, "id", 8)
    statistics(f, "id", 6)[1] = struct.pack("<q", -1)
    return at("id", "min_value is said to be exact, and no value is equal to it")


@damaging
def min_of_another_width(f):
    statistics(f, "id", 6)[1] = b"\0\0\0\0"
    return at("id", "min_value has 4 bytes where the type has 8")


@damaging
def max_is_nan(f):
    statistics(f, "price", 5)[1] = struct.pack("<d", float("nan"))
    return at("price", "max_value is NaN")


@damaging
def bounds_of_no_value(f):
    fields = f.field(f.meta("nothing"), STATISTICS)[1]
    fields[5], fields[6] = [BINARY, bytes(4)], [BINARY, bytes(4)]
    return at("nothing", "min_value or max_value is there, and no value")


@damaging
def bytes_of_values(f):
    add(f.field(f.field(f.meta("name"), SIZES)[1], 1) and f.meta("name")[SIZES][1], 1)
    return at("name", "unencoded_byte_array_data_bytes: ")


@damaging
def definition_histogram(f):
    f.field(f.field(f.meta("list.list.element"), SIZES)[1], 3)[1][1][0] += 1
    return at("list.list.element", "the definition level histogram is not that of the levels")


@damaging
def repetition_histogram(f):
    f.field(f.field(f.meta("list.list.element"), SIZES)[1], 2)[1][1][0] += 1
    return at("list.list.element", "the repetition level histogram is not that of the levels")


# The column index

@damaging
def histogram_too_short(f):
    f.field(f.field(f.meta("list.list.element"), SIZES)[1], 2)[1][1].pop()
    return at("list.list.element", "the histogram of the chunk's repetition levels has 1 numbers, not 2")


def column_index(f, name, change, expected, page=0):
    fields = f.index(name, COLUMNS_AT)
    change(fields)
    f.put_index(name, COLUMNS_AT, fields)
    return at(name, expected, page)


def replace(id, i, new):
    def change(fields):
        if id not in fields:
            raise Unsuited(id)
        fields[id][1][1][i] = new
    return change


def more(id, i):
    def change(fields):
        if id not in fields:
            raise Unsuited(id)
        fields[id][1][1][i] += 1
    return change


@damaging
def null_page_that_is_none(f):
    return column_index(f, "id", replace(1, 0, True), "the column index says that all of the page is null")


@damaging
def page_of_nulls_with_values(f):
    return column_index(f, "nothing", replace(1, 0, False), "the column index says that the page has values")


@damaging
def bounds_of_nulls(f):
    return column_index(f, "nothing", replace(2, 0, b"\0" * 4),
                        "the column index has bounds for a page that it says is null")


@damaging
def page_min(f):
    return column_index(f, "id", replace(2, 0, struct.pack("<q", 1001)),
                        "min_values of the column index is above a value that is there")


@damaging
def page_max(f):
    return column_index(f, "id", replace(3, 0, struct.pack("<q", 1001)),
                        "max_values of the column index is below a value that is there")


@damaging
def page_nulls(f):
    return column_index(f, "price", more(5, 0), "null_counts of the column index: ")


@damaging
def page_nans(f):
    def change(fields):
        fields[8] = [LIST, [I64, [4711] * len(fields[1][1][1])]]
    return column_index(f, "price", change, "nan_counts of the column index: 4711 are said, ")


@damaging
def page_definition_histogram(f):
    return column_index(f, "list.list.element", more(7, 0), "the definition level histogram is not")


@damaging
def page_histogram_too_short(f):
    return column_index(f, "list.list.element", lambda fields: f.field(fields, 7)[1][1].pop(),
                        "the histogram of the pages' definition levels has ", -1)


@damaging
def boundary_order(f):
    def change(fields):
        fields[4][1] = 2
    return column_index(f, "id", change, "the column index is said to be ordered, and page 1 is not", -1)


@damaging
def boundary_order_of_what_has_none(f):
    def change(fields):
        if fields[4][1]:
            raise Unsuited
        fields[4][1] = 1
    return column_index(f, "mixed", change, "the column index is said to be ordered, and page ", -1)


@damaging
def unknown_boundary_order(f):
    def change(fields):
        fields[4][1] = 3
    return column_index(f, "id", change, "the column index has the unknown boundary order 3", -1)


@damaging
def page_left_out_of_column_index(f):
    def change(fields):
        for id in (1, 2, 3, 5):
            if id in fields:
                fields[id][1][1].pop()
    return column_index(f, "id", change, "pages in the column index: ", -1)


@damaging
def lists_of_other_lengths(f):
    return column_index(f, "id", lambda fields: fields[2][1][1].pop(), "no column index: ", -1)


@damaging
def column_index_elsewhere(f):
    f.field(f.chunk("id"), COLUMNS_AT)[1] = 1 << 40
    return at("id", "no column index: ")


# The offset index

def offset_index(f, name, change, expected, page=0):
    fields = f.index(name, OFFSETS_AT)
    change(fields[1][1][1], fields)
    f.put_index(name, OFFSETS_AT, fields)
    return at(name, expected, page)


@damaging
def swapped_offsets(f):
    def change(pages, _):
        pages[0][1][1], pages[1][1][1] = pages[1][1][1], pages[0][1][1]
    return offset_index(f, "id", change, "offset of the page in the offset index: ", 1)


@damaging
def first_row(f):
    def change(pages, _):
        pages[1][3][1] += 1
    return offset_index(f, "id", change, "first_row_index: ", 1)


@damaging
def bytes_of_page(f):
    def change(pages, _):
        pages[1][2][1] -= 1
    return offset_index(f, "id", change, "compressed_page_size in the offset index: ", 1)


@damaging
def bytes_of_values_of_page(f):
    def change(_, fields):
        f.field(fields, 2)[1][1][0] += 1
    return offset_index(f, "name", change, "unencoded_byte_array_data_bytes of the page: ")


@damaging
def page_left_out_of_offset_index(f):
    def change(pages, fields):
        pages.pop()
        if 2 in fields:
            fields[2][1][1].pop()
    return offset_index(f, "id", change, "pages in the offset index: ", -1)


@damaging
def offset_index_elsewhere(f):
    f.field(f.chunk("id"), OFFSETS_AT)[1] = 1 << 40
    return at("id", "no offset index: ")


# The Bloom filter

def bloom_bits(f, name):
    """Where they begin, and how many bytes there are."""
    reader = compact.Reader(f.data, f.field(f.meta(name), BLOOM_AT)[1])
    n = reader.struct()[1][1]
    return reader.at, n


@damaging
def bits_cleared(f):
    start, n = bloom_bits(f, "name")
    f.data[start:start + n] = bytes(n)
    return at("name", "the Bloom filter denies a value that is there", 0)


@damaging
def bit_added(f):
    start, n = bloom_bits(f, "name")
    zero = next(i for i in range(n) if f.data[start + i] != 0xFF)
    f.data[start + zero] = 0xFF
    return at("name", "the Bloom filter is not the one that the values make")


@damaging
def length_of_filter(f):
    f.field(f.meta("name"), BLOOM_LEN)[1] += 1
    return at("name", "bloom_filter_length: ")


@damaging
def filter_elsewhere(f):
    f.field(f.meta("name"), BLOOM_AT)[1] = f.end + 1
    return at("name", "no Bloom filter: ")


# Page headers

def header_of(f, page):
    header = page[0]
    return header[V2][1] if V2 in header else header[V1][1]


def change_header(f, name, change, expected, i=0, page=None):
    p = f.data_pages(name)[i]
    change(p[0], header_of(f, p))
    f.put_header(p)
    return at(name, expected, i if page is None else page)


@damaging
def checksum(f):
    def change(header, _):
        f.field(header, PAGE_CRC)[1] ^= 1
    return change_header(f, "id", change, "the checksum of the page is ", 1, -1)


@damaging
def checksum_of_dictionary(f):
    page = f.pages("name")[0]
    f.field(page[0], PAGE_CRC)[1] ^= 1
    if DICTIONARY not in page[0]:
        raise Unsuited
    f.put_header(page)
    return at("name", "the checksum of the page is ")


@damaging
def values_of_page(f):
    def change(_, inner):
        inner[1][1] -= 1
    change_header(f, "id", change, "", 1)
    return "row group 1, id, page "  # one, or all that follow it


@damaging
def more_values_of_page(f):
    def change(_, inner):
        inner[1][1] += 1
    return change_header(f, "price", change, "", 1)


@damaging
def uncompressed_bytes_of_page(f):
    def change(header, _):
        header[2][1] -= 1
    return change_header(f, "id", change, "the page cannot be decoded: ", 1)


@damaging
def compressed_bytes_of_page(f):
    def change(header, _):
        header[3][1] += 1
    change_header(f, "id", change, "", -1)
    return "row group 1, id, page "


@damaging
def encoding_of_page(f):
    def change(header, inner):
        inner[4 if V2 in header else 2][1] = 6
    return change_header(f, "id", change, "the page cannot be decoded: ", 1)


@damaging
def kind_of_page(f):
    def change(header, _):
        header[1][1] = 2
    return change_header(f, "id", change, "no page header: the page header is damaged", 1, -1)


@damaging
def nulls_of_page_of_version_2(f):
    def change(header, inner):
        f.field(header, V2)
        inner[2][1] += 1
    return change_header(f, "price", change, "the page cannot be decoded: ", 1)


@damaging
def rows_of_page_of_version_2(f):
    def change(header, inner):
        f.field(header, V2)
        inner[3][1] -= 1
    return change_header(f, "price", change, "the page cannot be decoded: 99 rows are said, 100 are there", 1)


@damaging
def bytes_of_levels_of_version_2(f):
    def change(header, inner):
        f.field(header, V2)
        inner[5][1] -= 1
    return change_header(f, "price", change, "the page cannot be decoded: ", 1)


@damaging
def null_count_of_page(f):
    def change(header, inner):
        f.field(f.field(inner, 8 if V2 in header else 5)[1], 3)[1] += 1
    return change_header(f, "price", change, "null_count: ", 1)


@damaging
def min_of_page(f):
    def change(header, inner):
        f.field(f.field(inner, 8 if V2 in header else 5)[1], 6)[1] = struct.pack("<q", ROWS_OF_ALL)
    return change_header(f, "id", change, "min_value is above a value that is there", 1)


@damaging
def entries_of_dictionary(f):
    page = f.pages("name")[0]
    f.field(page[0], DICTIONARY)[1][1][1] -= 1
    f.put_header(page)
    return at("name", "the dictionary cannot be decoded: ")


# Bodies: of files that are not compressed and have no checksums

def change_body(f, name, change, expected, i=0, page=None):
    p = f.data_pages(name)[i]
    if PAGE_CRC in p[0] or f.meta(name)[CODEC][1]:
        raise Unsuited
    body = bytearray(f.body(p))
    change(body, p[0])
    f.put_body(p, body)
    return at(name, expected, page)


def levels(body, header, which):
    """Where the bytes of the levels begin; which: 0 repetition, 1 definition."""
    if V2 in header:
        return (0 if which == 0 else header[V2][1][6][1])
    start = 4
    if which:
        start += 4 + int.from_bytes(body[:4], "little")
    return start


@damaging
def dictionary_index(f):
    """The values of the first run or of the first eight: all bits set."""
    if DICTIONARY_AT not in f.meta("name"):
        raise Unsuited

    def change(body, header):
        n = levels(body, header, 0) + header[V2][1][5][1] if V2 in header \
            else 4 + int.from_bytes(body[:4], "little")
        width = body[n]
        assert width == 4
        body[n + 2] = 0xFF
    return change_body(f, "name", change, "the page cannot be decoded: index 15 is beyond the dictionary's "
                       "10 entries", 0, 0)


@damaging
def definition_level(f):
    """The list's leaf has two bits for levels to 2."""
    def change(body, header):
        body[levels(body, header, 1) + 1] |= 3
    return change_body(f, "list.list.element", change, "the page cannot be decoded: definition level 3 is "
                       "larger than 2", 0, 0)


@damaging
def chunk_that_begins_within_a_row(f):
    def change(body, header):
        body[levels(body, header, 0) + 1] |= 1
    return change_body(f, "list.list.element", change, "", 0, 0)


@damaging
def bytes_behind_indices(f):
    if DICTIONARY_AT not in f.meta("name"):
        raise Unsuited

    def change(body, header):
        n = levels(body, header, 0) + header[V2][1][5][1] if V2 in header \
            else 4 + int.from_bytes(body[:4], "little")
        body[n + 1:n + 4] = compact.varint(98 << 1) + b"\0"  # a run of the first entry: two are null
    return change_body(f, "name", change, "the page cannot be decoded: 50 bytes are left after the "
                       "dictionary indices", 0, 0)


@damaging
def bytes_behind_levels(f):
    def change(body, header):
        n = 0 if V2 in header else 4
        body[n:n + 3] = compact.varint(100 << 1) + b"\1"
    return change_body(f, "price", change, "the page cannot be decoded: 1", 0, 0)


def asks_for(encoding, header):
    if (header[V2][1][4] if V2 in header else header[V1][1][2])[1] != encoding:
        raise Unsuited


@damaging
def delta_of_more_values(f):
    def change(body, header):
        asks_for(DELTA, header)
        body[3] += 1
    return change_body(f, "mixed", change, "the page cannot be decoded: the delta stream does not have ", 0, 0)


@damaging
def delta_of_other_values(f):
    """The first one is another, and so are all that follow it."""
    def change(body, header):
        asks_for(DELTA, header)
        body[4] ^= 2
    return change_body(f, "mixed", change, "", 0, 0)


@damaging
def text_longer_than_said(f):
    """The lengths that are in front of the texts."""
    def change(body, header):
        asks_for(DELTA_LENGTH, header)
        body[4] += 2
    return change_body(f, "text", change, "the page cannot be decoded: the lengths are cut or garbled", 0, 0)


@damaging
def text_that_shares_more_than_there_is(f):
    def change(body, header):
        asks_for(DELTA_BYTES, header)
        body[4] += 2
    return change_body(f, "text", change, "the page cannot be decoded: the prefixes and suffixes are cut", 0, 0)


@damaging
def text_that_is_none(f):
    def change(body, header):
        if DICTIONARY_AT in f.meta("text"):
            raise Unsuited
        body[body.index(b"name-")] = 0xFF
    return change_body(f, "text", change, "value 0 of the page is no UTF-8", 0, 0)


@damaging
def text_beyond_the_page(f):
    def change(body, header):
        asks_for(PLAIN, header)
        body[body.index(b"name-") - 1] = 0x7F
    return change_body(f, "text", change, "the page cannot be decoded: ", 0, 0)


# Shapes

def geo(f, fields):
    if not any(10 in e and 17 in e[10][1] for e in f.footer[SCHEMA][1][1]):
        raise Unsuited("no column of the type GEOMETRY")
    f.meta("shape")[GEO] = [STRUCT, fields]


@damaging
def shape_out_of_the_box(f):
    geo(f, {1: [STRUCT, {1: [DOUBLE, 0.0], 2: [DOUBLE, 5.0], 3: [DOUBLE, 0.0], 4: [DOUBLE, 9999.0]}]})
    return at("shape", "value 0 of the page is not in the bounding box of the chunk", 0)


@damaging
def kind_of_shape(f):
    geo(f, {2: [LIST, [I32, [2, 3]]]})
    return at("shape", "value 0 of the page is of the kind 1, which is not listed", 0)


# The ends of a file: bytes as they become, and why it is refused
ENDS = {
    "cut": (lambda d: d[:-1], "it does not end with PAR1"),
    "footer cut out": (lambda d: d[:-200] + d[-8:], "damaged"),
    "magic at the end": (lambda d: d[:-4] + b"PAR2", "it does not end with PAR1"),
    "magic at the beginning": (lambda d: b"PAR2" + d[4:], "it does not begin with PAR1"),
    "footer too long": (lambda d: d[:-8] + struct.pack("<I", len(d)) + b"PAR1",
                        "which the file does not hold"),
    "footer too short": (lambda d: d[:-8] + struct.pack("<I", 20) + b"PAR1", "damaged"),
    "footer far too long": (lambda d: d[:-8] + b"\xff\xff\xff\xffPAR1", "which the file does not hold"),
    "no footer": (lambda d: d[:-8] + b"\0\0\0\0PAR1", "damaged"),
    "only magic": (lambda d: b"PAR1PAR1", "it is too short"),
    "nothing": (lambda d: b"", "it is too short"),
    "footer of zeros": (lambda d: d[:-108] + bytes(100) + struct.pack("<I", 100) + b"PAR1", "damaged"),
}
