"""An annotation says what may be given, and whether its type alone finds a service."""

from __future__ import annotations

import operator
import sys
from collections.abc import Mapping, Sequence
from dataclasses import InitVar
from pathlib import Path
from typing import Any, Callable, Literal, Optional, TypeVar, Union

import pytest

from runtime.registry.wanted import Wanted, wanted
from tests.registry import shapes
from tests.registry.shapes import Clock, Store

Free = TypeVar("Free")
Bound = TypeVar("Bound", bound=Store)


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (Store, Wanted((Store,), (Store,))),
        (Clock, Wanted((Clock,), (Clock,))),
        (Optional[Store], Wanted((Store,), (Store,), True)),
        (Union[Store, shapes.WallClock], Wanted((Store, shapes.WallClock), (Store, shapes.WallClock))),
        (Union[Store, Any], Wanted()),
        (shapes.Echo[str], Wanted((shapes.Echo,), (shapes.Echo,))),
        (Free, Wanted()),
        (Bound, Wanted((Store,), (Store,))),
        (InitVar[Store], Wanted((Store,), (Store,))),
        (shapes.Folder, Wanted((str,))),
        (shapes.ShapeOfADictionary, Wanted((dict,))),
        (Path, Wanted((Path,))),
        (list[Store], Wanted((list,))),
        (type[Store], Wanted((type,))),
        (Literal["a"], Wanted()),
        (Any, Wanted()),
        (object, Wanted()),
        (None, Wanted(nullable=True)),
    ],
)
def test_what_an_annotation_accepts(hint: Any, expected: Wanted) -> None:
    assert wanted(hint) == expected


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the bar between types came with 3.10")
def test_a_bar_is_a_union() -> None:
    assert wanted(operator.or_(Store, type(None))) == wanted(Optional[Store])


@pytest.mark.parametrize(
    ("hint", "fitting", "unfit"),
    [
        (Store, shapes.SmallStore(), "a store"),
        (Clock, shapes.WallClock(), Store()),
        (float, 3, "3"),
        (Sequence[int], [1], 1),
        (Mapping[str, int], {}, []),
        (Callable[[], None], print, 1),
        (Optional[Store], None, 1),
        (Store, Store(), None),
    ],
)
def test_what_fits_and_what_does_not(hint: Any, fitting: object, unfit: object) -> None:
    assert wanted(hint).accepts(fitting)
    assert not wanted(hint).accepts(unfit)


def test_what_it_wants_is_said_in_words() -> None:
    assert [str(wanted(hint)) for hint in (Union[Store, int], Any)] == ["Store or int", "anything"]
