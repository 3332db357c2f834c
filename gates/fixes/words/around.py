"""What a retired word stands in: a sentence, a name, a path, a value of data; as far as its surroundings tell."""

from __future__ import annotations

import re

from gates.facts.extractors.words.hits import KEY, Hit
from gates.facts.modules import SUFFIXES

_CONFIGURATION = re.compile(
    r"(?:.*/)?(?:pyproject\.toml|setup\.cfg|tox\.ini|package(?:-lock)?\.json|tsconfig[^/]*\.json|\.[^/]+/.*|\.[^/]+"
    r"|[^/]*\.lock|[^/]*lock\.json|(?:docker-)?compose[^/]*\.ya?ml|mkdocs\.ya?ml|Chart\.yaml|[^/]*\.ipynb"
    r"|[^/]*\.code-workspace|(?:k8s|helm|kubernetes|deploy(?:ment)?s?|observability|monitoring|grafana)/.*)"
)
"""Files whose keys and values somebody else's program reads."""
_DOCUMENT = re.compile(
    r".*\.(?:md|markdown|mdx|mdc|rst|txt|adoc|org|me)|(?:.*/)?(?:README|CHANGELOG|CHANGES|HISTORY|NEWS)"
)
_NO_DOCUMENT = re.compile(
    r"(?i)(?:.*/)?(?:[^/]*require[^/]*|constraints[^/]*|CMakeLists|robots|humans|LICENSE[^/]*)\.txt"
)
_DATA = (".yml", ".yaml", ".cff", ".json", ".jsonc", ".json5", ".toml", ".geojson")

_WORD_OF_PATH = r"\w./#?\-@~"
_BEFORE = re.compile(rf"[{_WORD_OF_PATH}]*\Z")
_AFTER = re.compile(rf"[{_WORD_OF_PATH}:]*")
_QUOTED = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'([^'\n]*)'")
_COMMAND_KEY = re.compile(
    r"[\s\-{\"']*(?:run|commands?|cmd|args|entrypoint|scripts?|exec|query|expr|sql|image|with|if|uses|pattern|regex)"
    r"[\"']?\s*:"
)
_CODE_BEFORE = re.compile(r"(?:[$@\\{=%.:]|--|\w/)\Z")
_MOST_LINES = 200
_CODE_AFTER = re.compile(r"(?:[(=\\{\[}]|[.:]\w|/[a-z])")


def is_python(path: str) -> bool:
    """Whether a file is read as Python."""
    return path.endswith(SUFFIXES)


def is_document(path: str) -> bool:
    """Whether a file is read by people."""
    return _DOCUMENT.fullmatch(path) is not None and _NO_DOCUMENT.fullmatch(path) is None


def is_data(path: str) -> bool:
    """Whether a file holds keys and values that are told apart here."""
    return path.lower().endswith(_DATA)


def is_configuration(path: str) -> bool:
    """Whether the keys of a file belong to somebody else's program."""
    return _CONFIGURATION.fullmatch(path) is not None


def is_name_like(token: str) -> bool:
    """Whether a word looks like a name of code, and not like one of a sentence."""
    return "_" in token or re.search(r"[a-z][A-Z]|[A-Za-z]\d", token) is not None


def is_in_code(text: str, hit: Hit) -> bool:
    """Whether what stands right beside the token makes it no word of a sentence: `--zephyr`, `x.zephyr`, `zephyr()`."""
    start, end = _token(text, hit)
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before.endswith(":") and not re.match(r"\w", before[:1]):
        before = ""  # `: Zephyr`, `::Zephyr` is told below
    return _CODE_BEFORE.search(before) is not None or _CODE_AFTER.match(after) is not None


def _token(text: str, hit: Hit) -> tuple[int, int]:
    before = re.search(r"[\w]*\Z", text[max(0, hit.start - 200) : hit.start])
    after = re.compile(r"\w*").match(text, hit.end)
    return hit.start - len(before[0] if before else ""), after.end() if after else hit.end


def mention(text: str, hit: Hit) -> str:
    """What could be a path or a dotted name around a hit."""
    before = _BEFORE.search(text[max(0, hit.start - 200) : hit.start])
    after = _AFTER.match(text, hit.end)
    return ((before[0] if before else "") + text[hit.start : hit.end] + (after[0] if after else "")).rstrip(".:")


def is_path_like(said: str) -> bool:
    """Whether a mention is a path, by its slashes or its suffix."""
    return "/" in said or re.search(r"\w\.[a-z]{1,5}\Z", said) is not None


def value_around(text: str, hit: Hit) -> str:
    """The whole value or key of data: in quotes on one line, or else the rest of the line; of a key, its name."""
    first, last = line_around(text, hit.start)
    line = text[first:last]
    for match in _QUOTED.finditer(line):
        if match.start() <= hit.start - first < match.end():
            return match[1] if match[1] is not None else match[2]
    if hit.kind == KEY:
        return hit.token
    before = re.search(r"(?:[^:\n=\-\[{,]|(?<=\w)-(?=\w))*\Z", text[first : hit.start])
    after = re.compile(r"(?:[^#\n:,\]}]|:(?!\s))*").match(text, hit.end, last)
    return ((before[0] if before else "") + text[hit.start : hit.end] + (after[0] if after else "")).strip()


def is_command(text: str, hit: Hit) -> bool:
    """Whether a value of data stands at, or below, a key whose value is run."""
    first, last = line_around(text, hit.start)
    indent = _indent(text[first:last]) + 1
    for _ in range(_MOST_LINES):
        line = text[first:last]
        if line.strip() and _indent(line) < indent:
            if _COMMAND_KEY.match(line):
                return True
            indent = _indent(line)
        if first == 0 or indent == 0:
            return False
        first, last = line_around(text, first - 1)
    return True  # too long a block to be a sentence


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def line_around(text: str, place: int) -> tuple[int, int]:
    """Where the line that holds a place begins and ends."""
    last = text.find("\n", place)
    return text.rfind("\n", 0, place) + 1, len(text) if last < 0 else last
