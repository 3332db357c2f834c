"""An adapter: Markdown, reStructuredText and plain text into passages, each with the line where it begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from runtime.lanes.markup import CODE, HEADING, Block, blocks


class DocumentPassage(NamedTuple):
    """A piece of a document. `heading` is the path of headings above it; `line` counts from 1."""

    text: str
    heading: str
    line: int


class Documents:
    """Splits at headings and empty lines; short paragraphs of one section stay together up to `most` characters."""

    name = "documents"
    lane = "production"
    suffixes = (".md", ".markdown", ".rst", ".txt")

    def __init__(self, most: int = 800) -> None:
        self._most = most

    def passages(self, text: str) -> Iterator[DocumentPassage]:
        """In order. A passage begins with its headings, so that it is found by what it is about; code is fenced."""
        gathered: list[Block] = []
        above = ""
        for heading, piece in self._pieces(text):
            if gathered and (heading != above or _length(gathered) + len(piece.text) > self._most):
                yield _passage(gathered, above)
                gathered = []
            above = heading
            gathered.append(piece)
        if gathered:
            yield _passage(gathered, above)

    def _pieces(self, text: str) -> Iterator[tuple[str, Block]]:
        """What is no heading, in pieces that are short enough, each with the headings above it."""
        path: list[str] = []
        bare = None  # a heading below which nothing has been said yet
        for block in blocks(text):
            if block.kind == HEADING:
                if bare is not None and block.level <= bare.level:
                    yield " > ".join(path[:-1]), bare._replace(kind="text")
                path[block.level - 1 :] = [block.text]
                bare = block
                continue
            bare = None
            for piece in _cut(block, self._most):
                yield " > ".join(path), piece
        if bare is not None:
            yield " > ".join(path[:-1]), bare._replace(kind="text")


def _length(pieces: list[Block]) -> int:
    return sum(len(piece.text) for piece in pieces)


def _passage(pieces: list[Block], heading: str) -> DocumentPassage:
    body = "\n\n".join(f"```\n{piece.text}\n```" if piece.kind == CODE else piece.text for piece in pieces)
    return DocumentPassage(f"# {heading}\n\n{body}" if heading else body, heading, pieces[0].line)


def _cut(block: Block, most: int) -> Iterator[Block]:
    """At the end of a line or of a sentence, else at a space, else anywhere."""
    text, line = block.text, block.line
    while len(text) > most:
        ends = [text.rfind(mark, most // 2, most) + len(mark) - 1 for mark in ("\n", ". ", " ")]
        place = next((end for end in ends if end >= most // 2), most)
        if text[:place].strip():
            yield block._replace(text=text[:place].rstrip(), line=line)
        left = text[place:].lstrip()
        line += text[: len(text) - len(left)].count("\n")
        text = left
    if text.strip():
        yield block._replace(text=text, line=line)
