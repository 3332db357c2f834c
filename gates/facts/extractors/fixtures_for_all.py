"""Whether a conftest runs something before tests that do not ask for it, and by what means it may reach anything.

A pure function of bytes: None where no test is given anything, "imports" where that can only be what the file imports,
"anything" where it may start, read or ask for something else.
"""

from __future__ import annotations

import ast
import re
from typing import Optional

from gates.facts.extractors.syntax_tree import parsed
from gates.facts.extractors.tests_of_a_file import functions
from gates.facts.extractors.tests_standing_alone import asked_from_elsewhere, may_reach_anything
from gates.facts.extractors.what_asserts import Function

IMPORTS, ANYTHING = "imports", "anything"
# Hooks that are handed tests, and may give them something.
_HOOKS = re.compile(r"pytest_(?:runtest_|pyfunc_call|collection_modifyitems|generate_tests|pycollect_|fixture_)")


def extract(source: bytes) -> Optional[str]:
    """How what it gives every test may come by what it gives."""
    if b"autouse" not in source and not _HOOKS.search(source.decode("utf-8", "replace")):
        return None
    try:
        found = [function for function, _, _ in functions(parsed(source))]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ANYTHING
    giving = [function for function in found if _HOOKS.match(function.name) or _is_for_all(function)]
    if not giving:
        return None
    fixtures = [function for function in found if _is_for_all(function)]
    return ANYTHING if may_reach_anything(source) or asked_from_elsewhere(found, fixtures) else IMPORTS


def _is_for_all(function: Function) -> bool:
    return any(
        keyword.arg == "autouse" and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call)
        for keyword in decorator.keywords
    )
