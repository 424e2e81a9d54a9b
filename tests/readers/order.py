"""The order that a file says its rows have: verify believes it where it is so, and only there."""
import decimal
import math
import os
import random

import pyarrow as pa
import pyarrow.parquet as pq

# Of each type few values, in its order, so that rows are alike in some columns.
VALUES = {
    "int": pa.int32(), "unsigned": pa.uint64(), "real": pa.float64(), "half": pa.float16(), "bool": pa.bool_(),
    "text": pa.string(), "bytes": pa.binary(), "fixed": pa.binary(2), "decimal": pa.decimal128(30, 2),
}
IN_ORDER = {
    "int": [-2**31, -1, 0, 7], "unsigned": [0, 2**31, 2**63, 2**64 - 1], "real": [-math.inf, -1.5, 0.0, math.inf],
    "half": [-2.0, -0.5, 0.0, 1.5], "bool": [False, True], "text": ["", "a", "a\0", "z", "\u00e9", "\U0001f600"],
    "bytes": [b"", b"\0", b"\x7f", b"\x80", b"\x80\0"], "fixed": [b"\0\0", b"\x7f\xff", b"\x80\0"],
    "decimal": [decimal.Decimal(x) for x in ("-1e20", "-0.01", "0", "1e20")],
}
NAN = math.nan
# (rows, (column, descending, nulls first), the row that is wrong)
CASES = [
    # A NaN is anywhere, and hides nothing where no column before it decides.
    ([(3.0,), (NAN,), (NAN,), (5.0,), (NAN,)], [(0, 0, 0)], None),
    ([(5.0,), (NAN,), (NAN,), (3.0,)], [(0, 0, 0)], 3),
    ([(3.0,), (NAN,), (5.0,)], [(0, 1, 0)], 2),
    ([(5.0,), (NAN,), (None,), (NAN,)], [(0, 0, 0)], 3),
    ([(5.0,), (None,), (NAN,)], [(0, 0, 0)], 2),
    ([(NAN,), (None,)], [(0, 1, 1)], 1),
    ([(1.0, 5.0), (2.0, NAN), (2.0, 3.0)], [(0, 0, 0), (1, 0, 0)], None),
    # The zeros are not alike, and neither is less.
    ([(-0.0, 2.0), (0.0, 1.0), (-0.0, 0.0)], [(0, 0, 0), (1, 0, 0)], None),
    ([(0.0, 2.0), (0.0, 1.0)], [(0, 0, 0), (1, 0, 0)], 1),
    # A column twice says no more than once.
    ([(1.0, 2.0), (1.0, 1.0)], [(0, 0, 0), (0, 1, 0), (1, 0, 0)], 1),
]


def key(name, value, descending, nulls_first):
    """Of the columns' values together: what is less is not later."""
    if value is None:
        return (0 if nulls_first else 2, 0)
    place = IN_ORDER[name].index(value)
    return (1, -place if descending else place)


def check(lib, path, wrong):
    """wrong: the rows that are not in the order that is said, of one row group."""
    out, faults = lib.verify(path)
    assert out.sorted == 1, f"{out.sorted} row groups were compared"
    said = [f for f in faults if "sorting_columns" in f]
    assert said == faults, faults
    assert len(said) == (1 if wrong else 0), f"{said}, and wrong are {wrong[:3]}"
    if wrong:
        expected = f"row {wrong[0]} of the row group is not in the order that sorting_columns says, " \
                   f"nor are {len(wrong) - 1} others"
        assert expected in said[0], f"{said[0]}, and not {expected}"


def write(lib, r, path, table, sorting):
    """By the encoder, or by pyarrow; the struct's member is a leaf as others are."""
    names = [f"{f.name}.{f.type.field(0).name}" if pa.types.is_struct(f.type) else f.name for f in table.schema]
    pages = r.choice([1, 3, 1000])
    if r.randrange(2):
        lib.write(path, table, page_rows=pages, data_page_v2=r.randrange(2), encoding=r.randrange(3),
                  sorting=[(names[column], *how) for column, *how in sorting])
    else:
        pq.write_table(table, path, max_rows_per_page=pages, use_dictionary=r.randrange(2) == 1,
                       sorting_columns=[pq.SortingColumn(c, bool(d), bool(n)) for c, d, n in sorting])


def random_order(lib, path, r):
    names = r.sample(list(VALUES), r.randint(1, 4))
    sorting = [(i, r.randrange(2), r.randrange(2)) for i in r.sample(range(len(names)), r.randint(1, len(names)))]
    rows = [[None if r.random() < 0.2 else r.choice(IN_ORDER[name]) for name in names]
            for _ in range(r.choice([1, 2, 40, 400]))]

    def row_key(row):
        return [key(names[c], row[c], d, n) for c, d, n in sorting]
    rows.sort(key=row_key)
    for _ in range(r.choice([0, 0, 1, 3])):
        a, b = r.randrange(len(rows)), r.randrange(len(rows))
        rows[a], rows[b] = rows[b], rows[a]
    columns = [pa.array([row[i] for row in rows], VALUES[name]) for i, name in enumerate(names)]
    if r.randrange(2):
        inner = columns[0]
        columns[0] = pa.StructArray.from_arrays([inner], ["x"], mask=inner.is_null())
    write(lib, r, path, pa.table(columns, names=names), sorting)
    check(lib, path, [i for i in range(1, len(rows)) if row_key(rows[i]) < row_key(rows[i - 1])])


def order_of_rows(lib, folder, seeds):
    """What sorting_columns says is checked: several columns, descending, nulls first, every type, NaN."""
    path = os.path.join(folder, "order.parquet")
    for rows, sorting, wrong in CASES:
        table = pa.table([pa.array(column, pa.float64()) for column in zip(*rows)],
                         names=[f"c{i}" for i in range(len(rows[0]))])
        for seed in range(6):
            write(lib, random.Random(seed), path, table, sorting)
            try:
                check(lib, path, [] if wrong is None else [wrong])
            except AssertionError as e:
                raise AssertionError(f"{rows}, {sorting}: {e}") from e
    for seed in range(seeds):
        try:
            random_order(lib, path, random.Random(seed))
        except Exception as e:
            raise AssertionError(f"seed {seed}: {e}") from e
    # By what has no order, and by what follows it, nothing can be compared.
    table = pa.table({"list": [[2], [1]], "id": [2, 1]})
    pq.write_table(table, path, sorting_columns=[pq.SortingColumn(0), pq.SortingColumn(1)])
    out, faults = lib.verify(path)
    assert not faults and out.sorted == 0, (faults, out.sorted)
