"""What each reporter makes of one fixed report. Renew with `python -m tests.reporters.goldens`, and read the diff."""

from __future__ import annotations

import pytest

from tests.reporters.goldens import FOLDER, goldens


@pytest.mark.parametrize("name", sorted(goldens()))
def test_the_fixed_report_is_rendered_as_it_was(name: str) -> None:
    assert goldens()[name] == (FOLDER / name).read_bytes().decode("utf-8")


def test_every_golden_file_belongs_to_a_reporter() -> None:
    assert {file.name for file in FOLDER.iterdir()} == set(goldens())
