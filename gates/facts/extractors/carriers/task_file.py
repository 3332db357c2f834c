"""What noxfile.py and tasks.py run: `session.run("python", "-m", "a.b")`, `context.run("python -m a.b")`."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_script, by_words
from gates.facts.extractors.carriers.use import Use
from gates.facts.extractors.commands import HOLE
from gates.facts.extractors.syntax_tree import parsed

_RUNNING = frozenset({"run", "run_always", "run_install", "sudo", "chdir", "cd"})


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names. SyntaxError where it cannot be parsed, as for every module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in somebody's file is not ours to report
        tree = parsed(source)
    places = Places(source.decode("utf-8", "replace"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    return tuple(use for call in calls for use in _uses(call, places)) or None


def _uses(call: ast.Call, places: Places) -> Iterator[Use]:
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr not in _RUNNING or not call.args:
        return
    words = [_word(argument) for argument in call.args]
    near = places.reaching((call.end_lineno or call.lineno) - call.lineno)
    if len(words) == 1:
        yield from by_script(words[0], near, call.lineno)
    else:
        yield from by_words(words, near, call.lineno)


def _word(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else HOLE
