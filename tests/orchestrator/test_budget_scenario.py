"""The study's budget scenario, shortened: what the shares of the pipeline are worth beside a fixed budget a stage."""

from __future__ import annotations

from bench.pipeline_budget import fixed, propagated

QUERIES = 2000  # the bars, 91 and 93 %, are held by the benchmark with ten times as many


def test_deadline_propagation_has_far_more_critical_stages_done_than_fixed_budgets() -> None:
    apart = fixed("fixed 100 ms a stage", [0.1] * 6, QUERIES, 1)
    together = propagated("deadline propagation", QUERIES, 1)

    assert together.within == 100
    assert together.critical >= 90 >= apart.critical + 10


def test_a_second_attempt_on_critical_stages_adds_to_it_and_costs_a_twentieth() -> None:
    once = propagated("deadline propagation", QUERIES, 1)
    hedged = propagated("deadline propagation, hedged", QUERIES, 1)

    assert hedged.critical > once.critical + 1
    assert hedged.hedges <= 4 * 0.05 + 0.01
