"""Extractors of carriers: no content is too odd for any of them, and what they say stands in the file."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gates.facts.carrier_kinds import KINDS, kind_of
from gates.facts.extractors.carriers.use import NAME, WORD, Use

EXTRACTORS = sorted({kind.extractor for kind in KINDS.values()})
CASES = Path(__file__).parents[1] / "gates" / "cross-lane-import"
SAMPLES = [
    (path, KINDS[kind].extractor)
    for path in sorted(CASES.glob("carrier-*/**/*"))
    if path.is_file()
    for kind in [kind_of(path.relative_to(CASES).as_posix().partition("/")[2])]
    if kind is not None
]
SAMPLES.append((CASES / "carrier-scripts" / "runtime" / "bin" / "start", KINDS["command"].extractor))
# Of a module that cannot be parsed there is a gate that says so.
_OF_MODULES = ("setup_py", "task_file")


def extracted(extractor: str, content: bytes) -> tuple[Use, ...]:
    try:
        found = importlib.import_module(extractor).extract(content)
    except (SyntaxError, ValueError):
        assert extractor.endswith(_OF_MODULES)
        return ()
    assert found is None or found
    return tuple(found or ())


def assert_plain(uses: tuple[Use, ...], content: bytes) -> None:
    many = content.count(b"\n") + 1
    for use in uses:
        assert isinstance(use, Use)
        assert 0 <= use.line <= many
        assert use.column >= 0
    assert json.dumps(uses)


@pytest.mark.parametrize("extractor", EXTRACTORS)
@given(content=st.binary(max_size=200))
def test_no_bytes_are_too_odd(extractor: str, content: bytes) -> None:
    assert_plain(extracted(extractor, content), content)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(sample=st.sampled_from(SAMPLES), cut=st.integers(0, 2000), gone=st.integers(0, 40), put=st.binary(max_size=6))
def test_a_file_that_was_cut_or_spoilt_is_read_as_far_as_it_goes(
    sample: tuple[Path, str], cut: int, gone: int, put: bytes
) -> None:
    path, extractor = sample
    content = path.read_bytes()
    content = content[:cut] + put + content[cut + gone :]

    assert_plain(extracted(extractor, content), content)


def test_there_is_a_sample_for_each_extractor() -> None:
    assert {extractor for _, extractor in SAMPLES} == set(EXTRACTORS)


@pytest.mark.parametrize(("path", "extractor"), SAMPLES, ids=lambda value: str(getattr(value, "name", value)))
def test_what_is_said_with_a_column_stands_there(path: Path, extractor: str) -> None:
    content = path.read_bytes()
    lines = content.decode().split("\n")

    for use in extracted(extractor, content):
        if use.column and use.kind in (NAME, WORD):
            rest = lines[use.line - 1][use.column - 1 :]
            assert rest.startswith((use.text, use.text.split(".")[0])), use
