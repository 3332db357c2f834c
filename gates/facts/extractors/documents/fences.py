"""What blocks of code claim: commands of a shell, imports of Python, the entries of a drawn tree of folders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from gates.facts.extractors.documents.claim import IMPORT, TREE, Claim
from gates.facts.extractors.documents.command_lines import commands, folder_after
from gates.facts.extractors.documents.hedges import hedge, section_hedge
from gates.facts.extractors.documents.markdown import Fence

_SHELLS = frozenset("bash sh shell console zsh terminal shellsession bash-session".split())
_PYTHONS = frozenset("python py python3 pycon".split())
_DRAWN = re.compile(r"^(?P<lead>[│|\s]*)(?:[├└+`|][─\-]{1,3}[─\- ]*)\s*(?P<name>\S.*)$")
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")
_ENTRY = re.compile(r"[\w.@+-]+(?:/[\w.@+-]+)*/?")
_FIRST = re.compile(r"^[\w./$-]+$")


def fence(block: Fence) -> Iterator[Claim]:
    """The claims of a block."""
    word = block.info.split(" ")[0].split("{")[0].strip("{}.").lower()
    why = section_hedge(block.headings)
    if word in _SHELLS:
        yield from _shell(block, why)
    elif word in _PYTHONS:
        yield from _imports(block, why)
    elif "├" in block.text or "└" in block.text:
        yield from _tree(block, why or hedge(block.before, ()))


def _shell(block: Fence, why: str) -> Iterator[Claim]:
    folder, held, start, ends = "", "", block.line, ""
    for number, line in enumerate(block.text.split("\n"), block.line):
        if ends:
            ends = "" if line.strip() == ends else ends
            continue
        document = _HEREDOC.search(line)
        ends = document[1] if document else ""
        start = start if held else number
        held += line[:-1] + " " if line.endswith("\\") else line
        if line.endswith("\\"):
            continue
        if held.strip() and not held.lstrip().startswith("#"):
            yield from commands(held.strip(), start, why, folder, is_block=True)
            folder = folder_after(held.strip(), folder)
        held = ""


def _imports(block: Fence, why: str) -> Iterator[Claim]:
    text = re.sub(r"^(?:>>>|\.\.\.) ?", "", block.text, flags=re.MULTILINE)
    for number, line in enumerate(text.split("\n"), block.line):
        statement = line.strip()
        if not statement.startswith(("import ", "from ")) or statement.endswith(("(", "\\", "...")):
            continue
        comment = statement.partition("#")[2].lower()
        wrong = why or (
            "marked as wrong" if re.search(r"✗|❌|\b(?:bad|wrong|never|don't|no|avoid|not)\b", comment) else ""
        )
        try:
            (parsed,) = ast.parse(statement).body
        except (SyntaxError, ValueError):
            continue
        yield from _of_import(parsed, statement, number, wrong)


def _of_import(parsed: ast.stmt, text: str, line: int, why: str) -> Iterator[Claim]:
    if isinstance(parsed, ast.Import):
        yield from (Claim(IMPORT, line, text, (alias.name, ""), why) for alias in parsed.names)
    elif isinstance(parsed, ast.ImportFrom) and not parsed.level and parsed.module:
        for alias in parsed.names:
            yield Claim(IMPORT, line, text, (parsed.module, "" if alias.name == "*" else alias.name), why)


def _tree(block: Fence, why: str) -> Iterator[Claim]:
    """Each entry with the path that the drawing gives it; the first line may name the folder that is drawn."""
    open_folders: list[tuple[int, str]] = []
    root = ""
    for number, line in enumerate(block.text.split("\n"), block.line):
        match = _DRAWN.match(line)
        if match is None:
            word = line.strip().split("#")[0].strip()
            if word and " " not in word and not line.startswith((" ", "\t")):
                root, open_folders = word.strip("/") if _FIRST.match(word) else "?", []
            continue
        depth = len(match["lead"])
        name = re.split(r"\s+(?:#|←|<-|—|\u2013|-|\()|\s{2,}|\s+", match["name"].strip())[0].strip("`")
        name = name.strip("*") if name.startswith("**") and name.endswith("**") else name
        open_folders = [entry for entry in open_folders if entry[0] < depth]
        if not _ENTRY.fullmatch(name) or "..." in name:
            open_folders.append((depth, "?"))
            continue
        above = [entry for _, entry in open_folders]
        open_folders.append((depth, name.strip("/")))
        if "?" not in above:
            path = "/".join([*above, name])
            note = hedge(match["name"].replace(name, "", 1), ())
            yield Claim(TREE, number, name, (path, root), why or note, block.line)
