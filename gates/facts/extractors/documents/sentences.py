"""What sentences claim: counts, versions, ranges of Python, values of settings, what CI runs on, names in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gates.facts.extractors.documents.claim import COUNT, MATRIX, PYTHON, SETTING, SYMBOL, VERSION, Claim

_NUMBER = r"(?P<number>\d{1,3}(?:,\d{3})+|\d+)"
_NOUN = (
    r"(?P<noun>(?:(?:first-party|python|test|source|typescript|javascript|markdown|workflow|github|unit"
    r"|integration|cognitive|core)\s+)*"
    r"(?:`?\.?\w+`?\s+files|files|modules|components|packages|workflows|gates|lanes|tests|targets))"
)
_MORE = r"(?P<more>\+|\s+or more)?"
_ABOUT = (
    r"(?P<about>~|≈|about |around |approximately |roughly |over |more than |nearly |almost |some |at least |up to "
    r"|at most |fewer than )?"
)
_COUNT = re.compile(rf"(?<![\w.,/-]){_ABOUT}\**{_NUMBER}{_MORE}\**\s+{_NOUN}\b", re.IGNORECASE)
_NOUN_FIRST = re.compile(
    r"\b(?P<noun>(?:[A-Za-z]+ )?[A-Za-z]+s)\**(?: \((?:global|total"
    r"|all)\))?\**:\**\s+\**(?P<number>\d{1,3}(?:,\d{3})+|\d+)\**(?=\s*(?:$|\n|\||\())"
)
_PLACE = re.compile(r"\s*(?:are |lie |live )?(?:in|under|below|within|inside|across)\s+(?:the\s+)?`(?P<path>[\w./-]+)`")
_PLACED = re.compile(
    r"`(?P<path>[\w./-]+/?)`(?:\s*\([^)]*|\s*[:—\u2013-]\s*[^.;]{0,30}|\s+(?:holds|has|contains|comprises)\s+)$"
)
_TOTAL = re.compile(
    r"\b(?:there are|in total|total of|has|have|contains?|comprises?|consists? of|holds?|spans?|across|project"
    r"|repo(?:sitory)?|codebase|system)\b",
    re.IGNORECASE,
)
_PARTIAL = re.compile(
    r"\b(?:each|every|per|maximum|minimum|first|these|those|following|split|other|only|between|one of|another"
    r"|remaining|of which|any"
    r"|more|fewer|less|limit|take[sn]?|than|example|was|were|into|changed|edit(?:ed)?|touch(?:es|ed)?|review"
    r"|failed|failing|passed|passing|new|last)\b",
    re.IGNORECASE,
)
_VERSION = r"v?(?P<version>\d+\.\d+(?:\.\d+)?(?:[.-]?(?:a|b|rc|dev|alpha|beta|post)[.-]?\d*)?)"
_OWN_VERSION = re.compile(
    r"(?:(?:^|\n|\|)\s*(?:[-*]\s*)?\**(?:current |project |package |latest |released? )?version\**\s*(?::|is"
    r"|\|)\**\s*\**`?"
    r"|\b(?:current|project|package)(?:'s)? version(?: of ``?[\w.-]+``?)?(?: is|:)?\s+\**`?)"
    + _VERSION
    + r"`?(?![\w.%])",
    re.IGNORECASE,
)
_NAMED_VERSION = re.compile(
    r"(?P<name>`[\w.-]+`|\b[A-Za-z][\w.-]+)\**\s+\**`?v(?:ersion )?" + _VERSION + r"`?(?![\w.%])"
)
_RANGE = re.compile(
    r"\bPython\**(?:\s+version)?s?\**(?P<colon>\s*:)?\**\s*[`*]*(?P<sign>>=|≥|>|==|~="
    r"|\^)?\s*[`*]*(?P<low>3\.\d{1,2})[`*]*"
    r"(?:\s*(?:-|\u2013|—|to|through|until)\s*(?:Python\s*)?(?P<high>3\.\d{1,2})|(?P<plus>\s*\+|,?\s*(?:or"
    r"|and) (?:newer|later|above|higher|up|greater)))?"
    r"(?P<list>(?:(?:\s*[,/]|,?\s+and|,?\s+or)\s*(?:Python\s*)?`?3\.\d{1,2}`?(?!\d))*)[*`]*(?P<after>\+)?",
    re.IGNORECASE,
)
_REQUIRES = re.compile(r"requires-python\s*=?:?\s*[`\"']*(?P<spec>(?:[<>=!~^]=?\s*3[\d.*]*\s*,?\s*)+)")
_SUPPORTS = re.compile(
    r"\b(?:requir\w+|support\w*|compatib\w+|minimum|at least|runs on|works (?:on|with)|needs?|must (?:run|work"
    r"|support|stay)|target(?:s|ing)?)\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"\b(?:develop\w*|recommend\w*|prefer\w*|local\w*|docker\w*|image|venv|virtualenv|if|when|syntax|feature"
    r"|since|until|before|drop\w*"
    r"|backport|only|except|typing|e\.g\.|example|instead|was|removed|added|below|newer than|older|prior|docs?"
    r"|documentation|build"
    r"|ruff|mypy|black|pyright|notebook|lambda|jython|pypy|free-?threaded|style|annotations?|deprecat\w*"
    r"|experimental\w*|benchmark\w*|not)\b",
    re.IGNORECASE,
)
_CI = re.compile(r"\b(?:CI|GitHub Actions|workflows?|test matrix|matrix)\b")
_LENGTH = re.compile(
    r"\b(?:max(?:imum)?[ -])?line[ -]?(?:length|width)\b\**(?:\s+(?:limit|max(?:imum)?))?(?:\s+(?:of|is|at|to)"
    r"|\s*[:=|(])?\**\s*(?:of |is |limit )?[`*]*(?P<value>\d{2,3})\b"
    r"|\b(?P<before>\d{2,3})[ -]?(?:char(?:acter)?s?|columns?)[ -](?:line[ -](?:length|limit|width)|lines\b|per line)",
    re.IGNORECASE,
)
_STRICT = re.compile(
    r"\bmypy\b`?\**[^.;,\n]{0,20}\b(?:--)?strict\b|\bstrict\b(?: mode)? (?:in |of |for )?`?mypy\b|\bstrict mypy\b",
    re.IGNORECASE,
)
_PARTLY = re.compile(
    r"\b(?:only|gradual\w*|part\w*|some|not|newer|older|loose|modules|new|aim\w*|goal|should|toward\w*)\b",
    re.IGNORECASE,
)
_COVERAGE = re.compile(
    r"\b(?:coverage (?:threshold|minimum|gate)|minimum (?:test |code )?coverage"
    r"|fail[_-]under)\b[^.;\n\d]{0,25}(?P<a>\d{2,3}(?:\.\d+)?)\s*%?",
    re.IGNORECASE,
)
_EQUALS = re.compile(r"(?P<key>[a-z][\w.-]*)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|\d[\d.]*|true|false)", re.IGNORECASE)
# A name that is said of a file: "`name()` in `path`", "`path` defines `name`".
_IN_FILE = re.compile(
    r"`(?P<name>[A-Za-z_][\w.]*)(?P<call>\([^`)]*\))?`\**(?:\s+(?:function|method|class|constant|decorator"
    r"|helper|fixture|type|dataclass))?"
    r"\s*(?:,? (?:in|from|of|defined in|is defined in|lives in|is in|at)"
    r"|(?P<opened>\())\s*\**`(?P<path>[\w./-]+/[\w.-]+\.\w+|[\w-]+\.py)`(?(opened)\**\s*[);:])"
)
_OF_FILE = re.compile(
    r"`(?P<path>[\w./-]+\.(?:py|ts|tsx|js|go|rs|rb|java))`\**\s*(?:\((?:e\.g\. )?|:|—|\u2013|-|defines|contains"
    r"|exports|provides|holds|has|implements)\s*"
    r"(?:the |an? |both )?(?P<names>\**`[A-Za-z_][\w.]*(?:\([^`)]*\))?`\**(?:(?:,? and "
    r"|, )\**`[A-Za-z_][\w.]*(?:\([^`)]*\))?`\**)*)"
)
_ANOTHER = re.compile(r"`[\w./-]+\.\w+`\**\s*(?:/|,|&|\+|and|or)\s*\**$")
_SPAN = re.compile(r"`([A-Za-z_][\w.]*)(?:\([^`)]*\))?`")
# A sentence that says little besides a range of Python states it.
_SHORT = 40
_VERSIONS = re.compile(r"3\.\d{1,2}")


def sentences(text: str, hedge: str) -> Iterator[Claim]:
    """The claims of a sentence, with code in backticks; as line of each the place in the sentence."""
    yield from _counts(text, hedge)
    yield from _versions(text, hedge)
    yield from _pythons(text, hedge)
    yield from _settings(text, hedge)
    yield from _names(text, hedge)


def _counts(text: str, hedge: str) -> Iterator[Claim]:
    for match in _COUNT.finditer(text):
        after, before = _PLACE.match(text, match.end()), _PLACED.search(text, 0, match.start())
        path = after["path"] if after else before["path"] if before else ""
        about = (match["about"] or "").strip().lower() or ("at least" if match["more"] else "")
        whole = "whole" if _TOTAL.search(text) and not _PARTIAL.search(text) else ""
        parts = (match["number"].replace(",", ""), _noun(match["noun"]), path, about, whole)
        yield Claim(COUNT, match.start(), match[0].strip(), parts, hedge)
    for match in _NOUN_FIRST.finditer(text):
        parts = (match["number"].replace(",", ""), _noun(match["noun"]), "", "", "noun")
        yield Claim(COUNT, match.start(), match[0].strip(), parts, hedge)


def _noun(text: str) -> str:
    return re.sub(r"[\s`]+", " ", text).strip().lower()


def _versions(text: str, hedge: str) -> Iterator[Claim]:
    for match in _OWN_VERSION.finditer(text):
        yield Claim(VERSION, match.start("version"), match[0].strip(" \n|*-"), (match["version"], ""), hedge)
    for match in _NAMED_VERSION.finditer(text):
        yield Claim(VERSION, match.start(), match[0], (match["version"], match["name"].strip("`")), hedge)


def _pythons(text: str, hedge: str) -> Iterator[Claim]:
    requires = _REQUIRES.search(text)
    if requires:
        yield Claim(
            PYTHON,
            requires.start(),
            requires[0],
            ("spec", re.sub(r"[\s`\"']", "", requires["spec"]).rstrip(",")),
            hedge,
        )
    for match in _RANGE.finditer(text):
        listed = [match["low"], *_VERSIONS.findall(match["list"] or "")]
        said = match[0].strip(" `*,")
        about = text[: match.start()] + text[match.end() :]
        is_asserted = _SUPPORTS.search(about) or len(about.strip()) < _SHORT
        is_aside = "aside" if _ASIDE.search(about) or not is_asserted else ""
        if _CI.search(about) and not is_aside:
            high = match["high"] or ""
            if len(listed) > 1 or high:
                yield Claim(
                    MATRIX,
                    match.start(),
                    said,
                    ("range" if high else "list", *([match["low"], high] if high else listed)),
                    hedge,
                )
            continue
        if match["high"]:
            parts: tuple[str, ...] = ("range", match["low"], match["high"])
        elif match["plus"] or match["after"] or match["sign"] in (">=", "≥"):
            parts = ("low", match["low"])
        elif len(listed) == 1 and _SUPPORTS.search(about):
            parts = ("one", match["low"])
        else:
            continue
        yield Claim(PYTHON, match.start(), said, parts, hedge or (is_aside and "said beside something else"))


def _settings(text: str, hedge: str) -> Iterator[Claim]:
    for match in _LENGTH.finditer(text):
        yield Claim(
            SETTING, match.start(), match[0].strip("( "), ("line length", match["value"] or match["before"]), hedge
        )
    for match in _STRICT.finditer(text):
        partly = "partly" if _PARTLY.search(text) else ""
        yield Claim(SETTING, match.start(), match[0], ("mypy strict", "true"), hedge or partly)
    for match in _COVERAGE.finditer(text):
        yield Claim(SETTING, match.start(), match[0], ("coverage", match["a"]), hedge)


def setting(text: str, line: int, hedge: str) -> Iterator[Claim]:
    """The claim of a code span that is a key with its value."""
    match = _EQUALS.fullmatch(text.strip())
    # `strict=True` is an argument of a call as well as a key.
    if match and (" = " in text or "-" in match["key"]):
        yield Claim(SETTING, line, text, (f"key {match['key']}", match["value"].strip("\"'")), hedge)


def _names(text: str, hedge: str) -> Iterator[Claim]:
    for match in _IN_FILE.finditer(text):
        yield Claim(
            SYMBOL, match.start(), f"{match['name']} in {match['path']}", (match["name"], match["path"], "in"), hedge
        )
    for match in _OF_FILE.finditer(text):
        if _ANOTHER.search(text, 0, match.start()):  # "`a.py` / `b.py`: ..." says of neither what of both
            continue
        for found in _SPAN.finditer(text, match.start("names"), match.end("names")):
            name = found[1]
            yield Claim(SYMBOL, found.start(), f"{name} in {match['path']}", (name, match["path"], "in"), hedge)
