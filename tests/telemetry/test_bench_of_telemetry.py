"""The bench of telemetry measures every way to listen, and sends the spans that it says it does."""

from __future__ import annotations

from bench import telemetry


def test_every_case_is_measured_beside_the_calibration() -> None:
    figures = telemetry.measured(rounds=2, queries=3)

    assert list(figures) == ["calibration", *(case.name for case in _closed())]
    assert all(0 <= figure.least <= figure.median for figure in figures.values())


def _closed() -> list[telemetry.Case]:
    every = telemetry.cases()
    for case in every:
        if case.processor is not None:
            case.processor.shutdown()
    return every


def test_the_table_says_how_many_rounds_and_the_ratio_to_the_calibration() -> None:
    figures = {"calibration": telemetry.Figure(2e-5, 3e-5), "nothing": telemetry.Figure(1e-6, 2e-6)}

    lines = telemetry.table(figures, rounds=5, queries=7).splitlines()

    assert lines[0].startswith("n = 5 rounds of 7 queries; load average ")
    assert lines[-1].split() == ["nothing", "1.0", "2.0", "0.05", "0.0"]
