"""Each criterion is met by evidence that shows it, and by nothing less; what is not known is no pass."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Callable

import pytest

from gates.evidence.native import INTERFACES, RECORDED
from gates.facts.promotion_policy import CRITERIA, LaneModule
from gates.promotion.criteria import Answer, Verdict, judge
from gates.promotion.readiness import exit_code, of_all, readiness
from gates.promotion.told import Told
from tests.promotion.conftest import Changed


def verdict(told: Told, criterion: str, module: str = "guess") -> Verdict:
    found = readiness(told, module, "production").verdicts
    return next(each for each in found if each.criterion == criterion)


def test_a_module_that_shows_everything_is_ready(told: Told) -> None:
    ready = readiness(told, "guess", "production")

    assert [each for each in ready.verdicts if each.answer is not Answer.MET] == []
    assert ready.is_ready
    assert tuple(each.criterion for each in ready.verdicts) == tuple(CRITERIA)


def test_one_of_which_nothing_is_named_meets_what_is_seen_of_every_module(told: Told) -> None:
    answers = {each.criterion: each.answer for each in readiness(told, "labs", "production").verdicts}

    assert {name for name, answer in answers.items() if answer is Answer.MET} <= {"coverage", "lanes"}


def lacking(recording: str) -> Callable[[Any], None]:
    def change(figures: Any) -> None:
        figures["recordings"][recording]["lacking"] = {"x.json": "is older than shop/guess.py; run `make it`"}

    return change


@pytest.mark.parametrize(
    ("recording", "criteria"),
    [
        ("coverage", ("coverage",)),
        ("timings", ("budget",)),
        ("telemetry", ("telemetry", "registry", "rollback")),
        ("drills", ("drill",)),
    ],
)
def test_a_stale_recording_is_no_pass_and_says_the_command(
    changed: Changed, recording: str, criteria: tuple[str, ...]
) -> None:
    told = changed(lacking(recording))

    for criterion in criteria:
        found = verdict(told, criterion)
        assert found.answer is Answer.UNKNOWN
        assert found.says == "x.json: is older than shop/guess.py; run `make it`"
    assert exit_code(readiness(told, "guess", "production").missing) == 3


def guess(figures: Any) -> Any:
    return figures["modules"]["by_name"]["guess"]


def below_ninety(figures: Any) -> None:
    guess(figures)["coverage"] = {"statements": 1000, "reached": 899, "files not measured": 0}


def unmeasured_file(figures: Any) -> None:
    guess(figures)["coverage"]["files not measured"] = 1


def nothing_measured(figures: Any) -> None:
    guess(figures)["coverage"] = {"statements": 0, "reached": 0, "files not measured": 0}


def silent_span(figures: Any) -> None:
    figures["telemetry"]["spans"] = {"stage.other": 3}


def silent_metric(figures: Any) -> None:
    figures["telemetry"]["series"] = {"picks_total": [{"node": "another"}]}


def slow(figures: Any) -> None:
    figures["budgets"][0].update(estimate=0.009, upper=0.011)


def too_few_calls(figures: Any) -> None:
    figures["budgets"][0].update(estimate=0.001, upper=None)


def no_such_budget(figures: Any) -> None:
    figures["budgets"] = []


def imports_a_lane_that_it_may_not(figures: Any) -> None:
    guess(figures).update(lane="candidate", imports={"candidate": 1, "production": 3})


def imports_what_the_gate_let_pass(figures: Any) -> None:
    guess(figures)["imports"] = {"candidate": 1, "production": 3}


def not_loaded(figures: Any) -> None:
    figures["telemetry"]["plugins"]["node:guess"] = "failed"


def not_registered(figures: Any) -> None:
    figures["telemetry"]["plugins"] = {}


def no_flag(figures: Any) -> None:
    figures["telemetry"]["flags"] = ["module.node.other"]


def not_drilled(figures: Any) -> None:
    figures["drills"]["by_name"] = {}


def did_not_hold(figures: Any) -> None:
    figures["drills"]["by_name"]["guess/slow"]["verdict"] = "broken"


def drilled_without_it(figures: Any) -> None:
    figures["drills"]["by_name"]["guess/slow"]["nodes"] = ["another"]


@pytest.mark.parametrize(
    ("criterion", "change", "says"),
    [
        ("coverage", below_ninety, "89.9 % of 1,000 statements, and 90 % are asked"),
        ("coverage", unmeasured_file, "not measured at all: 1 file of it"),
        ("coverage", nothing_measured, "it has no statement that was measured"),
        ("telemetry", silent_span, "was driven, and not heard of: stage.guess"),
        ("telemetry", silent_metric, 'was driven, and not heard of: picks_total{node="guess"}'),
        ("budget", slow, "guess: p95 is 9 ms, up to 11 ms, of 10 ms"),
        ("budget", too_few_calls, "guess: p95 is 1 ms, as far as so few calls tell, of 10 ms"),
        ("budget", no_such_budget, "budgets.toml has no p95 of guess"),
        ("lanes", imports_a_lane_that_it_may_not, "it imports candidate, which production may not"),
        ("registry", not_loaded, "node:guess is failed"),
        ("registry", not_registered, "node:guess is unknown to the registry"),
        ("rollback", no_flag, "the service knows no flag module.node.guess"),
        ("drill", not_drilled, "no drill of guess is on record; run `make drill`"),
        ("drill", did_not_hold, "did not hold: guess/slow"),
        ("drill", drilled_without_it, "the drills on record were held without guess"),
    ],
)
def test_it_is_not_met_and_says_why(changed: Changed, criterion: str, change: Callable[[Any], None], says: str) -> None:
    told = changed(change)

    assert verdict(told, criterion) == Verdict(criterion, Answer.UNMET, says)
    assert exit_code(readiness(told, "guess", "production").missing) == 1


def test_where_it_lies_already_its_imports_are_what_the_gate_says_of_them(changed: Changed) -> None:
    """What a waiver sets aside, or a registry loads, is no crossing; to rise it would have to be without."""
    assert verdict(changed(imports_what_the_gate_let_pass), "lanes").answer is Answer.MET


@pytest.mark.parametrize("criterion", ["telemetry", "budget", "registry", "rollback", "drill"])
def test_a_module_of_which_the_policy_names_nothing_does_not_meet_it(told: Told, criterion: str) -> None:
    found = verdict(told, criterion, "till")

    assert found.answer is Answer.UNMET
    assert found.says.startswith("promotion.toml names no ")


def with_signatures(told: Told, name: str, change: Callable[[Any], None]) -> Told:
    table = json.loads(told.files[name])
    change(table["modules"])
    return dataclasses.replace(told, files={**told.files, name: json.dumps(table).encode()})


def test_a_parameter_more_is_another_interface(told: Told) -> None:
    def wider(modules: Any) -> None:
        modules["guess"]["guess.py"]["Guess.price"] = "(self, currency: str) -> int"

    found = verdict(with_signatures(told, INTERFACES, wider), "interface")

    assert found == Verdict("interface", Answer.UNMET, "1 public name not as recorded: guess.py: Guess.price")


@pytest.mark.parametrize("side", [INTERFACES, RECORDED])
def test_a_name_that_is_gone_or_new_is_another_interface(told: Told, side: str) -> None:
    def less(modules: Any) -> None:
        del modules["guess"]["guess.py"]["Guess.price"]

    assert verdict(with_signatures(told, side, less), "interface").answer is Answer.UNMET


def test_signatures_that_nobody_recorded_are_not_known_to_be_stable(told: Told) -> None:
    found = verdict(told, "interface", "till")

    assert found.answer is Answer.UNKNOWN
    assert "run `gates promote till --record`" in found.says


def with_module(told: Told, **fields: Any) -> LaneModule:
    return dataclasses.replace(told.policy.named("guess"), **fields)


def test_a_criterion_that_is_set_aside_says_the_reason_and_asks_nothing(told: Told) -> None:
    module = with_module(told, set_aside={"drill": "nothing depends on it"})

    found = {each.criterion: each for each in judge(module, "production", told)}

    assert found["drill"] == Verdict("drill", Answer.ASIDE, "nothing depends on it")


def test_what_crosses_a_lane_in_its_own_files_is_not_met(told: Told) -> None:
    report = json.loads(told.files["report.json"])
    crossing = next(each for each in report["results"] if each["gate"] == "cross-lane-import")
    crossing["findings"] = [{"path": "shop/guess.py", "message": "production imports labs.idea"}]
    other = dataclasses.replace(told, files={**told.files, "report.json": json.dumps(report).encode()})

    found = verdict(other, "lanes")

    assert (found.answer, found.says) == (Answer.UNMET, "shop/guess.py: production imports labs.idea")


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"outcome": "broken", "reason": "no imports"}, "cross-lane-import is broken: no imports"),
        ({"outcome": "vacuous"}, "cross-lane-import is vacuous: it does not say why"),
        (
            {"proof": {"outcome": "failed", "reason": "stayed green"}},
            "cross-lane-import was not shown to fail here; run `gates prove --gate cross-lane-import`",
        ),
    ],
)
def test_a_gate_that_could_not_tell_or_cannot_fail_is_no_pass(told: Told, record: dict[str, Any], says: str) -> None:
    result = told.results["cross-lane-import"]
    other = dataclasses.replace(result, record={**result.record, **record})
    found = dataclasses.replace(told.found, results={**told.results, "cross-lane-import": other})

    assert verdict(dataclasses.replace(told, found=found), "lanes") == Verdict("lanes", Answer.UNKNOWN, says)


def test_a_gate_that_is_not_asked_is_no_pass(told: Told) -> None:
    found = dataclasses.replace(told.found, results={})

    assert verdict(dataclasses.replace(told, found=found), "lanes").answer is Answer.UNKNOWN


def test_every_module_is_judged_for_the_lane_above_or_for_its_own_where_there_is_none(told: Told) -> None:
    assert [(each.module.name, each.now, each.lane) for each in of_all(told)] == [
        ("till", "production", "production"),
        ("guess", "production", "production"),
        ("labs", "candidate", "production"),
    ]


def test_a_gated_module_is_held_to_what_it_must_meet(changed: Changed) -> None:
    def less(figures: Any) -> None:
        figures["modules"]["by_name"]["till"]["coverage"]["reached"] = 0

    assert readiness(changed(lambda figures: None), "till", "production").breaks_its_must == ()
    broken = readiness(changed(less), "till", "production").breaks_its_must
    assert [each.criterion for each in broken] == ["coverage"]
