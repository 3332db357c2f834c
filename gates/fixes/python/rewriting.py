"""Nodes replaced and statements dropped, with every comment kept and no blank line too many."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Union

import libcst as cst

Line = Union[cst.SimpleStatementLine, cst.BaseCompoundStatement]
# They speak to a tool about the very line that goes.
_PRAGMA = re.compile(r"#\s*(?:noqa|type:|pylint:|pragma|fmt:|isort:|mypy:|pyright:|ruff:|flake8[:-]|nosec)")


def rewritten(module: cst.Module, replaced: Mapping[cst.CSTNode, cst.CSTNode], dropped: Set[cst.CSTNode]) -> cst.Module:
    """The tree with these nodes replaced by others, and these small statements gone. All else is as it was."""
    after = module.visit(_Rewriting(replaced, dropped))
    assert isinstance(after, cst.Module)
    return after


def holds_comment(node: cst.CSTNode) -> bool:
    """Whether a comment stands within the node, which would go with it."""
    return bool(_comments(node, re.compile("(?!)")))


class _Rewriting(cst.CSTTransformer):
    def __init__(self, replaced: Mapping[cst.CSTNode, cst.CSTNode], dropped: Set[cst.CSTNode]) -> None:
        super().__init__()
        self._replaced = replaced
        self._dropped = dropped
        self._gone: set[cst.BaseStatement] = set()

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> Union[cst.CSTNodeT, cst.RemovalSentinel, cst.FlattenSentinel[cst.CSTNodeT]]:
        if original_node in self._replaced:
            # An expression for an expression, an import for an import: who says what is replaced sees to that.
            return self._replaced[original_node]  # type: ignore[return-value]
        return super().on_leave(original_node, updated_node)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        if self._dropped.isdisjoint(original_node.body) and self._replaced.keys().isdisjoint(original_node.body):
            return updated_node
        kept = self._kept(original_node, updated_node)
        # Without a statement libcst would take the line out, and its comments with it.
        after = updated_node.with_changes(body=kept or [cst.Pass()])
        if not kept:
            after = after.with_changes(trailing_whitespace=cst.TrailingWhitespace())
        lost = Counter(_comments(original_node)) - Counter(_comments(after))
        above = [cst.EmptyLine(comment=cst.Comment(comment)) for comment in lost.elements()]
        after = after.with_changes(leading_lines=[*after.leading_lines, *above])
        if not kept:
            self._gone.add(after)
        return after

    def leave_SimpleStatementSuite(
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.SimpleStatementSuite:
        if self._dropped.isdisjoint(original_node.body):
            return updated_node
        return updated_node.with_changes(body=self._kept(original_node, updated_node) or [cst.Pass()])

    def _kept(
        self,
        original: Union[cst.SimpleStatementLine, cst.SimpleStatementSuite],
        updated: Union[cst.SimpleStatementLine, cst.SimpleStatementSuite],
    ) -> Sequence[cst.BaseSmallStatement]:
        """The small statements of a line that stay."""
        kept = [after for before, after in zip(original.body, updated.body) if before not in self._dropped]
        if kept and original.body[-1] in self._dropped:
            kept[-1] = kept[-1].with_changes(semicolon=original.body[-1].semicolon)
        return kept

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        if self._gone.isdisjoint(updated_node.body):
            return updated_node
        body, rest = self._closed_up(updated_node.body)
        if not body:
            body, rest = [cst.SimpleStatementLine([cst.Pass()], leading_lines=rest)], []
        elif updated_node.body[0] in self._gone:
            body[0] = _begun_like(original_node.body[0], body[0])
        return updated_node.with_changes(body=body, footer=_joined(rest, updated_node.footer))

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        if self._gone.isdisjoint(updated_node.body):
            return updated_node
        body, rest = self._closed_up(updated_node.body)
        return updated_node.with_changes(body=body, footer=_joined(rest, updated_node.footer))

    def _closed_up(self, body: Sequence[cst.BaseStatement]) -> tuple[list[Line], list[cst.EmptyLine]]:
        """The statements that are left, with what stood above the others; and what none is left to stand above of."""
        kept: list[Line] = []
        waiting: list[cst.EmptyLine] = []
        for statement in body:
            assert isinstance(statement, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
            lines = _joined(waiting, statement.leading_lines)
            if statement in self._gone:
                waiting = lines
            else:
                kept.append(statement.with_changes(leading_lines=lines) if waiting else statement)
                waiting = []
        return kept, waiting


def begun_like(before: cst.Module, after: cst.Module) -> cst.Module:
    """The tree with no more blank lines at the top of the file than there were."""
    if before.header or after.header or not before.body or not after.body:
        return after
    return after.with_changes(body=[_begun_like(before.body[0], after.body[0]), *after.body[1:]])


def _begun_like(before: cst.BaseStatement, after: cst.BaseStatement) -> Line:
    assert isinstance(before, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
    assert isinstance(after, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
    more = max(_blank(after.leading_lines) - _blank(before.leading_lines), 0)
    return after.with_changes(leading_lines=after.leading_lines[more:])


def _joined(above: Sequence[cst.EmptyLine], below: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """Both, where blank lines meet blank lines only the longer run of them."""
    upper, lower = _blank(reversed(above)), _blank(below)
    return [*above[: len(above) - upper], *above[len(above) - upper :][: max(upper - lower, 0)], *below]


def _blank(lines: Iterable[cst.EmptyLine]) -> int:
    """How many blank lines there are before the first comment."""
    count = 0
    for line in lines:
        if line.comment is not None:
            break
        count += 1
    return count


def _comments(node: cst.CSTNode, left_out: re.Pattern[str] = _PRAGMA) -> list[str]:
    """The comments within a node, but for words to a tool."""
    found: list[str] = []

    class Comments(cst.CSTVisitor):
        def visit_Comment(self, node: cst.Comment) -> None:
            if not left_out.match(node.value):
                found.append(node.value)

    node.visit(Comments())
    return found
