"""What holds for every constructor and every set of services."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple, Optional

from hypothesis import given
from hypothesis import strategies as st

from runtime.registry.construction import construct
from runtime.registry.services import Services

KINDS = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)


class Red:
    """One of three types that services are of."""


class Green:
    """Another."""


class Crimson(Red):
    """One below the first."""


COLOURS = (Red, Green, Crimson)
NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
ANNOTATIONS = st.sampled_from([None, Red, Green, Crimson, Optional[Red], int, "Nowhere"])
DEFAULT = object()


class Asked(NamedTuple):
    name: str
    kind: Any
    annotation: Any
    has_default: bool


@st.composite
def constructors(draw: st.DrawFn) -> list[Asked]:
    """Arguments in an order that Python allows."""
    asked = [
        Asked(name, draw(st.sampled_from(KINDS)), draw(ANNOTATIONS), draw(st.booleans()))
        for name in draw(st.lists(NAMES, unique=True))
    ]
    return sorted(asked, key=lambda each: (each.kind, each.has_default and each.kind != KINDS[2]))


def legal(asked: list[Asked]) -> list[Asked]:
    """Once one by position has a default, so have those behind it."""
    seen, made = False, []
    for each in asked:
        if each.kind != KINDS[2]:
            seen = seen or each.has_default
            each = each._replace(has_default=seen)
        made.append(each)
    return made


def built_class(asked: list[Asked]) -> tuple[type, list[dict[str, object]]]:
    """A class whose constructor has this signature, and the calls that reach it."""
    empty = inspect.Parameter.empty
    signature = inspect.Signature(
        [
            inspect.Parameter("self", KINDS[0]),
            *(
                inspect.Parameter(
                    each.name,
                    each.kind,
                    default=DEFAULT if each.has_default else empty,
                    annotation=empty if each.annotation is None else each.annotation,
                )
                for each in asked
            ),
        ]
    )
    calls: list[dict[str, object]] = []

    def init(self: object, *args: object, **kwargs: object) -> None:
        bound = signature.bind(self, *args, **kwargs)  # a TypeError, as Python itself would raise it
        bound.apply_defaults()
        calls.append({name: value for name, value in bound.arguments.items() if name != "self"})

    init.__signature__ = signature  # type: ignore[attr-defined]
    return type("Made", (), {"__init__": init}), calls


SERVICES = st.dictionaries(NAMES, st.sampled_from([Red(), Green(), Crimson(), 7]))


def fits(annotation: Any, value: object) -> bool:
    if annotation == Optional[Red]:
        return value is None or isinstance(value, Red)
    return not isinstance(annotation, type) or isinstance(value, annotation)


@given(constructors(), SERVICES)
def test_it_is_called_once_with_what_fits_or_not_at_all_and_says_what_is_missing(
    drawn: list[Asked], available: dict[str, object]
) -> None:
    asked = legal(drawn)
    made, calls = built_class(asked)

    construction = construct(made, available)

    required = {each.name for each in asked if not each.has_default}
    assert set(construction.missing) <= required
    if construction.missing:
        assert (construction.route, construction.plugin, calls) == ("class as factory", made, [])
        return
    assert construction.route == "constructor"
    assert len(calls) == 1
    for each in asked:
        given = calls[0][each.name]
        if given is DEFAULT:
            assert each.has_default
        elif given is None:
            assert each.annotation == Optional[Red]
        else:
            assert any(given is service for service in available.values())
            assert fits(each.annotation, given)


@given(constructors(), SERVICES)
def test_what_is_kept_changes_nothing(drawn: list[Asked], available: dict[str, object]) -> None:
    made, calls = built_class(legal(drawn))
    services = Services(available)

    first, again, anew = (construct(made, each) for each in (services, services, available))

    assert first[1:] == again[1:] == anew[1:]
    assert all(call == calls[0] for call in calls)


@given(constructors(), SERVICES)
def test_a_required_argument_of_a_type_that_one_service_has_is_never_missing(
    drawn: list[Asked], available: dict[str, object]
) -> None:
    asked = legal(drawn)
    made, _ = built_class(asked)

    missing = construct(made, available).missing

    for each in asked:
        if each.annotation in COLOURS and sum(isinstance(value, each.annotation) for value in available.values()) == 1:
            assert each.name not in missing
        if each.annotation is None and each.name in available:
            assert each.name not in missing
