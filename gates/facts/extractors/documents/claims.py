"""Every claim of a context file, its front matter and its generated blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, Optional

from gates.facts.extractors.documents.blocks import Block, blocks
from gates.facts.extractors.documents.claim import (
    HOME,
    INCLUDE,
    LANE,
    LINK,
    SETTING,
    SYMBOL,
    Claim,
    Entry,
    Front,
)
from gates.facts.extractors.documents.command_lines import commands
from gates.facts.extractors.documents.fences import fence
from gates.facts.extractors.documents.front_matter import front_matter, sync_header
from gates.facts.extractors.documents.hedges import command_hedge, hedge, name_hedge, setting_hedge
from gates.facts.extractors.documents.markdown import Code, Fence, Row, Text, pieces
from gates.facts.extractors.documents.sentences import sentences, setting
from gates.facts.extractors.documents.spans import spans

_RUNS = re.compile(
    r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:make|npm|pnpm|yarn|bun|just|tox|nox|poe|python[\d.]*|pytest|pip3?|uv|poetry"
    r"|pdm|hatch|pipenv|rye|bash|sh|cd|\./[\w./-]+"
    r"|\.?[\w./-]+/[\w.-]+\.sh|[a-z][\w-]*) [^`]*"
)
_INCLUDED = re.compile(
    r"(?<![\w`@./])@(?P<path>(?:\.{0,2}/|~/)?[\w.-]+(?:/[\w.-]+)*\.(?:mdc?|txt|json|toml|ya?ml|me|rst))\b(?!@)"
)
_HOME = re.compile(
    r"(?<![\w.])(?P<home>/home/(?P<a>[\w.-]+)|/Users/(?P<b>[\w.-]+)"
    r"|[A-Za-z]:[\\/]Users[\\/](?P<c>[\w.-]+))(?:[/\\][^\s`'\"<>|)]*)?"
)
# Names that stand for whoever reads it, and homes that are the same on every machine of a kind.
_ANYBODY = re.compile(
    r"(?:you|your|user|username|name|me|someone|somebody|alice|bob|jane|john|runner|vscode|node|ubuntu|app|dev"
    r"|developer|coder|appuser|jovyan|circleci"
    r"|git|linuxbrew|site|root|xxx+|example|foo|shared|public|builder|build|docker|sandbox|agent|codespace"
    r"|gitpod|pi|ec2-user|admin|test|home)(?:[._-][\w.-]*|\d*)",
    re.IGNORECASE,
)

# Before a home that is shown, as what it looks like or as what not to write.
_SHOWN = re.compile(
    r"\be\.\s?g\.|\b(?:examples?|for instance|such as|like|never|do not|don't|must not|avoid)\b", re.IGNORECASE
)


class Document(NamedTuple):
    """What is known of one context file by its text alone."""

    claims: tuple[Claim, ...]
    front: Optional[Front]
    header: tuple[Entry, ...]
    blocks: tuple[Block, ...]


def extract(source: bytes) -> Document:
    """All of it; the text of generated blocks makes claims like any other."""
    text = source.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    front = front_matter(text)
    end = front.end if front else 0
    body = "\n" * text.count("\n", 0, end) + text[end:]
    claims = tuple(dict.fromkeys([*_of_pieces(body), *_homes(text)]))
    return Document(
        tuple(sorted(claims, key=lambda claim: claim.line)), front, tuple(sync_header(body)), tuple(blocks(text))
    )


def _of_pieces(body: str) -> Iterator[Claim]:
    for piece in pieces(body):
        if isinstance(piece, Fence):
            yield from fence(piece)
        elif isinstance(piece, Row):
            yield from _row(piece)
        else:
            yield from _text(piece)


def _text(text: Text) -> Iterator[Claim]:
    for code in text.codes:
        yield from _code(code, text)
    for line, link in ((link.line, link) for link in text.links):
        if link.text != "auto" and not link.text.startswith("^"):
            yield Claim(LINK, line, link.target, (link.target,))
    for match in _INCLUDED.finditer(_without_code(text)):
        yield Claim(INCLUDE, text.line_at(match.start()), match[0], (match["path"],))
    for at, sentence in text.sentences():
        for claim in sentences(sentence, command_hedge(sentence, text.headings)):
            why = claim.hedge or (setting_hedge(text.lead) if claim.kind == SETTING else "")
            yield claim._replace(line=text.line_at(at + claim.line), hedge=why)


def _without_code(text: Text) -> str:
    return re.sub(r"`[^`]*`", lambda match: " " * len(match[0]), text.text)


def _code(code: Code, text: Text) -> Iterator[Claim]:
    sentence = text.sentence(code.at)
    listing = text.listing if code.at <= 4 else 0
    struck = "struck out" if code.is_struck else ""
    words = code.text.strip()
    yield from setting(words, code.line, struck or command_hedge(sentence, text.headings))
    if " " in words and _RUNS.fullmatch(words):
        yield from commands(words, code.line, struck or command_hedge(sentence, text.headings))
    else:
        for claim in spans(code.text, code.line, struck or hedge(sentence, text.headings), listing):
            is_name = claim.kind == SYMBOL and claim.parts[2] != "call"
            why = claim.hedge or (name_hedge(sentence, text.lead, text.headings) if is_name else "")
            yield claim._replace(hedge=why)


def _row(row: Row) -> Iterator[Claim]:
    """A row of a table of lanes: its cells under the head's words."""
    head = [re.sub(r"[*`_]", "", cell).strip().lower() for cell in row.head]
    if not head or head[0] not in ("lane", "lanes") or len(row.cells) != len(head):
        return
    name = re.sub(r"[*`_]", "", row.cells[0]).strip() if "`" not in row.cells[0] else row.cells[0].strip("*` ")
    parts = [name]
    for title, cell in zip(head[1:], row.cells[1:]):
        parts += [title, cell]
    yield Claim(LANE, row.line, name, tuple(parts))


def _homes(text: str) -> Iterator[Claim]:
    for number, line in enumerate(text.split("\n"), 1):
        for match in _HOME.finditer(line):
            owner = match["a"] or match["b"] or match["c"]
            why = (
                "stands for anybody's"
                if _ANYBODY.fullmatch(owner) or "<" in line[match.end("home") : match.end("home") + 1]
                else "an example"
                if _SHOWN.search(line, 0, match.start())
                else ""
            )
            yield Claim(HOME, number, match[0], (match["home"],), why)
