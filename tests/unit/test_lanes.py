"""The first lane whose glob matches has the path; nothing is implied."""

from __future__ import annotations

import pytest

from gates.errors import PolicyError
from gates.facts.lanes import Lane, Lanes, LanesPolicy
from gates.globs import Glob


def lane(name: str, *globs: str, may_import: tuple[str, ...] = (), formerly: tuple[str, ...] = ()) -> Lane:
    return Lane(name, tuple(map(Glob, globs)), may_import, formerly)


def lanes(*given: Lane) -> Lanes:
    return Lanes.gather(LanesPolicy(given))


def test_the_first_lane_that_matches_has_the_path() -> None:
    found = lanes(
        lane("integration", "candidate/core/**", "*/bridge.py"), lane("candidate", "candidate/**"), lane("rest", "**")
    )

    assert found.of("candidate/core/a.py") == "integration"
    assert found.of("candidate/bridge.py") == "integration"
    assert found.of("candidate/a/b.py") == "candidate"
    assert found.of("a.py") == "rest"


def test_a_path_that_no_lane_has_is_in_none() -> None:
    assert lanes(lane("a", "a/**")).of("b/c.py") is None


def test_without_lanes_the_fact_is_empty_which_makes_its_gate_vacuous() -> None:
    assert len(lanes()) == 0


def test_more_lanes_than_a_hand_has_fingers_keep_their_order() -> None:
    found = lanes(
        *(lane(f"lane{number}", f"{number}/**", f"all/{number}*") for number in range(25)), lane("rest", "**")
    )

    assert [found.of(f"{number}/x.py") for number in range(25)] == [f"lane{number}" for number in range(25)]
    assert found.of("all/1x") == "lane1"
    assert found.of("all/12x") == "lane1"


def test_names_with_line_breaks_are_matched_whole() -> None:
    assert lanes(lane("a", "a/*.py")).of("a/line\nbreak.py") == "a"
    assert lanes(lane("a", "a/*.py")).of("a/b.py\n") is None


def test_former_roots_are_known_whole_and_below() -> None:
    found = lanes(lane("candidate", "labs/**", formerly=("candidate", "old.labs")), lane("rest", "**"))

    assert found.formerly("candidate") == "candidate"
    assert found.formerly("candidate.core.x") == "candidate"
    assert found.formerly("old.labs.x") == "candidate"
    assert found.formerly("old") is None
    assert found.formerly("candidates") is None
    assert found.formerly("") is None


def test_not_even_the_own_lane_may_be_imported_unless_it_is_said() -> None:
    found = lanes(lane("a", "a/**", may_import=("b",)), lane("b", "b/**"))

    assert found.may_import == {"a": {"b"}, "b": frozenset()}


def test_the_digest_is_of_all_that_is_said() -> None:
    one = lanes(lane("a", "a/**"), lane("b", "**"))

    assert one.digest == lanes(lane("a", "a/**"), lane("b", "**")).digest
    others = [
        lanes(lane("b", "**"), lane("a", "a/**")),
        lanes(lane("a", "a/*"), lane("b", "**")),
        lanes(lane("a", "a/**", may_import=("a",)), lane("b", "**")),
        lanes(lane("a", "a/**", formerly=("c",)), lane("b", "**")),
    ]
    assert len({one.digest, *(other.digest for other in others)}) == 5
    assert len(one) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([lane("a", "a/**"), lane("a", "b/**")], "'a' is there twice"),
        ([lane("a")], "paths is empty"),
        ([lane("alpha", "a/**", may_import=("alhpa",))], "did you mean 'alpha'"),
        ([lane("a", "a/**", may_import=("nothing",))], "the lanes are a"),
        ([lane("a", "a/**", formerly=("a/b",))], "formerly holds 'a/b'; it must be a module's name"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused(given: list[Lane], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        LanesPolicy(tuple(given))
