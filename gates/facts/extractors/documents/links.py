"""The local links of a Markdown text, of docstrings and of a workflow's comments, and references to nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Optional
from urllib.parse import unquote

from gates.facts.extractors.documents.front_matter import MATTER
from gates.facts.extractors.documents.markdown import Text, pieces

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_NETWORK = re.compile(r"https?://", re.IGNORECASE)
_REFERENCE = re.compile(r"(?<![\w\]\\!])\[(?P<text>[^\]\[]*[A-Za-z][^\]\[]*)\]\[(?P<label>[^\]\[]*)\](?![\w(:])")
_FOOTNOTE = re.compile(r"(?<![\]\\])\[\^(?P<label>[\w-]+)\](?!:)")
_INLINE = re.compile(r"\[[^\]\n]*\]\((?P<target>[^()\s]+)\)")
_CODE = re.compile(r"`[^`]*`")
# What each link, definition, reference, footnote and address in angle brackets has: without it nothing is parsed.
_MAY_LINK = re.compile(rb"\][(\[:]|\[\^|<[A-Za-z][\w+.-]*:")

Placed = tuple[tuple[int, str], ...]


def extract(source: bytes) -> Optional[tuple[Placed, Placed, Placed]]:
    """Of Markdown: local links with their lines, labels without a definition, and links to the network."""
    if _MAY_LINK.search(source) is None:
        return None
    text = source.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    front = MATTER.match(text)
    end = front.end() if front else 0
    body = "\n" * text.count("\n", 0, end) + text[end:]
    texts = [piece for piece in pieces(body) if isinstance(piece, Text)]
    links = [(link.line, link.target) for piece in texts for link in piece.links if link.text[:1] != "^"]
    local = tuple((line, target) for line, target in links if target and not _SCHEME.match(target))
    undefined = tuple(found for piece in texts for found in _undefined(piece, body))
    network = tuple((line, target) for line, target in links if _NETWORK.match(target))
    return (local, undefined, network) if local or undefined or network else None


def _undefined(piece: Text, body: str) -> Iterator[tuple[int, str]]:
    bare = _CODE.sub(lambda match: " " * len(match[0]), piece.text)
    for match in _REFERENCE.finditer(bare):
        label = match["label"] or match["text"]
        # A dotted name is what mkdocstrings makes a link of.
        if re.search("[A-Za-z]", label) and not re.fullmatch(r"x|[A-Za-z_]\w*(?:\.\w+)+", label):
            yield piece.line_at(match.start()), label
    for match in _FOOTNOTE.finditer(bare):
        if f"[^{match['label']}]:" not in body and not re.search(r"(?:^|\W)\w-\w", match["label"]):
            yield piece.line_at(match.start()), f"^{match['label']}"


def in_docstrings(source: bytes) -> Optional[tuple[tuple[int, str], ...]]:
    """Local links in the docstrings of a Python file; None where a scan finds none."""
    if b"](" not in source:
        return None
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                found += _inline(first.value.value, first.lineno)
    return tuple(found) or None


def in_comments(source: bytes) -> Optional[tuple[tuple[int, str], ...]]:
    """Local links in the comments of a YAML file."""
    lines = source.decode("utf-8", "replace").splitlines()
    comments = [(number, line.partition("#")[2]) for number, line in enumerate(lines, 1) if "#" in line]
    return tuple(found for number, comment in comments for found in _inline(comment, number)) or None


def _inline(text: str, line: int) -> Iterator[tuple[int, str]]:
    for match in _INLINE.finditer(_CODE.sub(lambda match: " " * len(match[0]), text)):
        target = match["target"]
        if not _SCHEME.match(target) and re.search(r"[./#]", target) and not re.search(r"[{}<>*$\\]", target):
            yield line + text.count("\n", 0, match.start()), unquote(target)
