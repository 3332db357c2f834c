"""One list of files has one archive, on every Python and machine."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.attestation.archive import PLAIN_NAME, packed, read

GOLDEN = "52ae347b1a0c9fe60883a5ee33899a291b8a904cf6cb8453ad8a342231b197dd"
_names = st.from_regex(r"[a-z0-9]{1,6}(/[a-z.]{1,3}[a-z]){0,2}", fullmatch=True)
_files = st.dictionaries(_names, st.binary(max_size=200), max_size=6)


def test_the_bytes_are_the_same_everywhere() -> None:
    files = {"b.txt": b"two\n", "a/c.json": b"{}\n"}

    assert hashlib.sha256(packed(files)).hexdigest() == GOLDEN


@given(_files)
def test_what_was_packed_is_read_again_and_zipfile_reads_the_same(files: dict[str, bytes]) -> None:
    raw = packed(files)
    with zipfile.ZipFile(io.BytesIO(raw)) as zipped:
        assert {name: zipped.read(name) for name in zipped.namelist()} == files
    if files:
        assert read(raw).problems == ()
        assert dict(read(raw).members) == files


@given(_files)
def test_the_order_in_which_files_are_given_does_not_matter(files: dict[str, bytes]) -> None:
    assert packed(dict(reversed(list(files.items())))) == packed(files)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_the_reader_answers(raw: bytes) -> None:
    assert read(raw).problems != ()


@pytest.mark.parametrize("name", ["a", "a/b.json", ".hidden", "a..b", "...", "policies/gates.toml"])
def test_a_plain_name_is_accepted(name: str) -> None:
    assert PLAIN_NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../a", "a/..", "a/../b", "./a", "/a", "a/", "a//b", "a\\b", "C:a", "a\n", "a\0", "é", "a b"],
)
def test_a_name_that_could_land_anywhere_is_refused(name: str) -> None:
    assert not PLAIN_NAME.fullmatch(name)
    with pytest.raises(ValueError, match="is no plain relative name"):
        packed({name: b""})
