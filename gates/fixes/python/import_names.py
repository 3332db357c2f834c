"""One name more in `from module import a, b`."""

from __future__ import annotations

import libcst as cst

from gates.fixes.python.rewriting import holds_comment


def can_take_more(statement: cst.ImportFrom) -> bool:
    """A comment within the parentheses is about a name, or about its place among them: then a line more is better."""
    return not isinstance(statement.names, cst.ImportStar) and not holds_comment(statement)


def with_name(statement: cst.ImportFrom, name: str) -> cst.ImportFrom:
    """The statement with the name in its place, laid out as the others are."""
    assert not isinstance(statement.names, cst.ImportStar)
    listed = list(statement.names)
    later = [at for at, alias in enumerate(listed) if _rank(alias.evaluated_name) > _rank(name)]
    at = later[0] if later else len(listed)
    new = cst.ImportAlias(cst.Name(name), comma=_comma(statement))
    if at == len(listed):
        new = new.with_changes(comma=listed[-1].comma)
        listed[-1] = listed[-1].with_changes(comma=_comma(statement))
    return statement.with_changes(names=[*listed[:at], new, *listed[at:]])


def _rank(name: str) -> tuple[int, str]:
    """Constants, classes, and the rest, each in order."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name


def _comma(statement: cst.ImportFrom) -> cst.Comma:
    """What stands between two names of this statement."""
    assert not isinstance(statement.names, cst.ImportStar)
    first = statement.names[0].comma
    if len(statement.names) > 1 and isinstance(first, cst.Comma):
        return first.deep_clone()
    if isinstance(first, cst.Comma) and statement.lpar is not None:
        return cst.Comma(whitespace_after=statement.lpar.whitespace_after.deep_clone())
    return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
