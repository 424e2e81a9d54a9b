"""The public files that readers of Parquet are tried on, and what verify must say of each.

They are those of the Parquet project's own collection at one commit, which is asked for once and kept.
They are not part of this repository. A file that is in the collection and not here is a failure.
"""
import os
import pathlib
import subprocess

import compact
from encoder import Refused

SOURCE = "https://github.com/apache/parquet-testing"
COMMIT = "1a2a75127be06fc0123f03ebd36c966f7beda27d"
PATIENCE = 120  # seconds for the network
UNSUPPORTED, INTEGRITY = 5, 20  # of cw_status

# No fault, nothing skipped. A folder stands for all that is in it.
ACCEPTED = """
data/alltypes_dictionary data/alltypes_plain data/alltypes_plain.snappy data/alltypes_tiny_pages
data/alltypes_tiny_pages_plain data/binary data/binary_truncated_min_max data/byte_array_decimal
data/byte_stream_split.zstd data/byte_stream_split_extended.gzip data/column_chunk_key_value_metadata
data/concatenated_gzip_members data/data_index_bloom_encoding_stats
data/data_index_bloom_encoding_with_length data/datapage_v2.snappy
data/datapage_v2_empty_datapage.snappy data/delta_binary_packed data/delta_byte_array
data/delta_encoding_optional_column data/delta_encoding_required_column data/delta_length_byte_array
data/dict-page-offset-zero data/fixed_length_byte_array data/fixed_length_decimal
data/fixed_length_decimal_legacy data/float16_nonzeros_and_nans data/float16_zeros_and_nans
data/floating_orders_nan_count data/geospatial/ data/incorrect_map_schema data/int32_decimal
data/int32_with_null_pages data/int64_decimal data/int96_from_spark data/list_columns
data/lz4_raw_compressed data/lz4_raw_compressed_larger data/map_no_value data/nested_lists.snappy
data/nested_maps.snappy data/nested_structs.rust data/nonnullable.impala data/null_list
data/nullable.impala data/nulls.snappy data/old_list_structure data/overflow_i16_page_cnt
data/page_v2_empty_compressed data/plain-dict-uncompressed-checksum data/repeated_primitive_no_list
data/rle-dict-snappy-checksum data/rle_boolean_encoding data/single_nan data/sort_columns
data/unknown-logical-type shredded_variant/
""".split()
# Readers once failed at indices of no bits; with a dictionary of one entry they are right.
ACCEPTED += ["bad_data/ARROW-GH-43605"]

# Not damaged: the footer is encrypted, all of it ...
ENCRYPTED = [f"data/{name}.parquet.encrypted" for name in """
encrypt_columns_and_footer encrypt_columns_and_footer_aad encrypt_columns_and_footer_bloom_filter
encrypt_columns_and_footer_ctr encrypt_columns_and_footer_disable_aad_storage
external_key_material_java uniform_encryption aes256/encrypt_columns_and_footer
aes256/encrypt_columns_and_footer_ctr aes256/encrypt_columns_and_footer_disable_aad_storage
aes256/uniform_encryption
""".split()]
# ... or so many chunks cannot be looked into.
SKIPPED = {
    "data/encrypt_columns_plaintext_footer.parquet.encrypted": 2,
    "data/aes256/encrypt_columns_plaintext_footer.parquet.encrypted": 8,
    "data/hadoop_lz4_compressed.parquet": 3,  # LZ4 in frames that the format does not describe
    "data/hadoop_lz4_compressed_larger.parquet": 1,
    "data/non_hadoop_lz4_compressed.parquet": 3,
    "data/large_string_map.brotli.parquet": 2,
}

NULL_PAGES = ["the column index says that all of the page is null, and it is not so",
              "null_counts of the column index: -1 are said, 0 are there"]
# What must be among the faults, or be the reason of a refusal.
DAMAGED = {
    "bad_data/ARROW-GH-41317.parquet": ["timestamp_us_no_tz, page -1: num_values: 3 are said, 0 are there"],
    "bad_data/ARROW-GH-41321.parquet": [
        "int64, page 0: the page cannot be decoded: the definition levels are cut or garbled"],
    "bad_data/ARROW-GH-45185.parquet": ["x.list.element, page 0: the chunk does not begin at a row"],
    "bad_data/ARROW-GH-47662.parquet": ["100 values of 4 bytes in 364 bytes"],
    "bad_data/ARROW-RS-GH-6229-DICTHEADER.parquet": [
        "nation_key, page 0: the page cannot be decoded", "num_values: 25 are said, 0 are there"],
    "bad_data/ARROW-RS-GH-6229-LEVELS.parquet": ["the repetition levels are cut or garbled"],
    "bad_data/PARQUET-1481.parquet": ["a leaf has no physical type"],
    # The indexes of these three would make a reader leave out every page.
    "data/datapage_v1-corrupt-checksum.parquet": [
        "the checksum of the page is 0f4f6d0a, and bbce3b9d is said"] + NULL_PAGES,
    "data/datapage_v1-snappy-compressed-checksum.parquet": NULL_PAGES,
    "data/datapage_v1-uncompressed-checksum.parquet": NULL_PAGES,
    "data/nan_in_stats.parquet": ["x, page -1: max_value is NaN"],
    # The size of a chunk leaves out a page header.
    "data/nation.dict-malformed.parquet": ["the page says that it has 28 bytes, 13 are left of the chunk"],
    "data/repeated_no_annotation.parquet": ["rows of the file: 0 are said, 6 are there"],
    "data/rle-dict-uncompressed-corrupt-checksum.parquet": [
        "long_field, page -1: the checksum of the page is 6522df69, and 6522df6a is said",
        "binary_field, page -1: the checksum of the page is bb6f1b53, and bb6f1b54 is said"],
}


class Missing(Exception):
    """What is needed is not here; it is nobody's fault."""


def cache():
    """As scripts/common.sh has it."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", "/tmp"), ".cache")
    return pathlib.Path(os.environ.get("CW_CACHE_DIR") or os.path.join(home, "cloudwriter"))


def git(folder, *args):
    env = dict(os.environ, GIT_TERMINAL_PROMPT="0")
    done = subprocess.run(["git", "-C", str(folder), *args], timeout=PATIENCE, env=env,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["it failed"])[-1]
        raise Missing(f"git {args[0]}: {why} (a folder may be given by --corpus or CW_PARQUET_TESTING)")


def provide():
    """The collection's folder; it is made under another name first, so that it is whole or not there."""
    folder = cache() / f"parquet-testing-{COMMIT[:12]}"
    if folder.exists():
        return folder
    part = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        part.mkdir(parents=True)
        git(part, "init", "-q")
        git(part, "fetch", "-q", "--depth", "1", SOURCE, COMMIT)
        git(part, "checkout", "-q", "FETCH_HEAD")
        part.rename(folder)
    except (OSError, subprocess.SubprocessError) as e:
        if not folder.exists():
            raise Missing(f"the collection cannot be had: {e}") from e
    finally:
        subprocess.run(["rm", "-rf", str(part)], check=False)
    return folder


def expectation(name):
    """("accepted", None), ("skipped", chunks), ("encrypted", None), ("damaged", what); None: unknown."""
    if name in DAMAGED:
        return "damaged", DAMAGED[name]
    if name in SKIPPED:
        return "skipped", SKIPPED[name]
    if name in ENCRYPTED:
        return "encrypted", None
    if any(name.startswith(a) if a.endswith("/") else name == a + ".parquet" for a in ACCEPTED):
        return "accepted", None
    return None


def outcome(lib, path):
    """What verify says, in the words of expectation()."""
    try:
        out, faults = lib.verify(path)
    except Refused as e:
        if e.status == UNSUPPORTED:
            return ("encrypted" if "is encrypted" in str(e) else "unsupported"), str(e)
        assert e.status == INTEGRITY, f"{e.status}: {e}"
        return "damaged", [str(e)]
    if faults:
        return "damaged", faults
    return ("skipped", out.skipped) if out.skipped else ("accepted", out)


def check_one(lib, root, name):
    expected = expectation(name)
    assert expected, "is in the collection, and nothing is known of it"
    what, detail = outcome(lib, root / name)
    assert what == expected[0], f"{what} ({detail}), and not {expected[0]}"
    if what == "skipped":
        assert detail == expected[1], f"{detail} chunks are skipped, and not {expected[1]}"
    if what == "damaged":
        for text in expected[1]:
            assert any(text in fault for fault in detail), f"'{text}' is not in {detail}"
    if what == "accepted":
        check_count(root / name, detail)


def check_count(path, out):
    """As many values as the footer says, which is read here by other means."""
    data = path.read_bytes()
    footer = compact.Reader(data, len(data) - 8 - int.from_bytes(data[-8:-4], "little")).struct()
    groups = footer[4][1][1]
    values = sum(chunk[3][1][5][1] for group in groups for chunk in group[1][1][1])
    assert out.values == values, f"{out.values} values were decoded, {values} are there"
    assert out.row_groups == len(groups), f"{out.row_groups} row groups were looked at"


def golden(lib, _folder, _seeds):
    """Every file of the public collection is accepted, named as unsupported, or found damaged where it is."""
    root = pathlib.Path(lib.corpus) if lib.corpus else provide()
    names = sorted(str(p.relative_to(root)) for ending in ("*.parquet", "*.encrypted")
                   for p in root.rglob(ending))
    known = [*DAMAGED, *SKIPPED, *ENCRYPTED, *(a + ".parquet" for a in ACCEPTED if not a.endswith("/"))]
    wrong = [f"{name}: is not there" for name in known if name not in names]
    for name in names:
        try:
            check_one(lib, root, name)
        except Exception as e:
            wrong.append(f"{name}: {e}")
    assert not wrong, "\n".join([f"{len(wrong)} of {len(names)} files:", *wrong])
    print(f"     {len(names)} files", flush=True)
