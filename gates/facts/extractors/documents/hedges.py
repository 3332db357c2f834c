"""Why a sentence does not assert that what it names is there: it is to be made, an example, gone, made by a program.

What a sentence hedges is unverifiable, not upheld: a document that says "create `src/new.py`" is not wrong today.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"`[^`]*`")

# Patterns of words; `` stands for any span of code.
_GONE = (
    "remov(?:es?|ed|ing|al)",
    "delet(?:es?|ed|ing)",
    r"deprecat\w+",
    "obsolete|former|formerly|previous|previously|no longer|used to|renamed|dropped|retired|superseded",
    r"replac\w+|non-?existent",
    "(?:does not|doesn't) exist|there (?:is|are) no|(?:is|are)(?: not|n't) (?:a|an|any)|instead of|rather than",
)
_GONE_CODE = r"\b(?:no|not) ``|\b(?:never|don't|do not|must not|should not|shouldn't|avoid)\b[^.;]{0,40}``"
_WORDS = {
    "gone or not to be": (*_GONE, r"moved|migrat\w+|historical\w*|was|were|archived?|legacy|missing|without"),
    "an example": (
        r"eg|for (?:example|instance)|such as|similar to|placeholder\w*|naming|named|called|conventions?|templates?",
        r"pattern|becomes|maps? to|would|suppose|imagine|counterpart|corresponding|mirror\w*",
    ),
    "to be made": (
        "creat(?:es?|ed|ing)|adds?|added|adding|put|plac(?:es?|ed|ing)|cop(?:y|ies|ied)|touch|mkdir|set (?:it )?up",
        r"new|introduc\w+|scaffold\w*|plann?(?:s|ed|ing)?|future|todo|propos\w+|upcoming|your|symlink\w*|renam\w+",
        "(?:will|should|must|shall|can|could|may|might|needs? to) (?:be|have|live|go|contain|sit)|if needed",
    ),
    "made by a program": (
        r"generat\w+|outputs?|writes|writ(?:e|ten) (?:to|by|into|under)|produc(?:es?|ed|ing)|sav(?:es?|ed|ing)",
        r"stored? (?:in|at|under)|emit\w*|dump\w*|built|builds?|compil\w+|cach(?:es?|ed|ing)|download\w*|installed",
        r"art[ei]facts?|temp|temporary|local-only|bundl\w+|git-?ignored?|untracked|logs?|results?|recordings?",
        r"not (?:committed|tracked|checked in|in git|in the repo\w*|versioned)",
    ),
    "on a condition": (
        "if (?:it|they|you have|present|exists?|available|applicable|any)|if ``[^.]{0,20}exists?",
        "optional|optionally|when (?:present|it exists)|may (?:not )?exist|where present",
    ),
}
_SIGNS = {
    "gone or not to be": r"|\bno\b[^.;]{0,20}``|" + _GONE_CODE,
    "an example": r"|\be\.\s?g\.|\bexamples?:|\blike ``|→|->|=>",
}
# In letters as they are written: a GET is no "get".
_ELSEWHERE = re.compile(
    r"\b(?:clon(?:e|es|ed|ing)|upstream|vendored|fork(?:ed|s)?|branch(?:es)?|in that repo\w*|repo(?:sitory)? at"
    r"|(?:other|another|separate|external|sibling|private|different) (?:repo|repository|project|package)"
    r"|endpoints?|routes?|urls?|api path|GET|POST|PUT|PATCH|DELETE|mime|content-type|bucket|home directory|containers?"
    r"|entry[- ]points?|package on|npm package|pull requests?)\b|\bhttps?://|(?:``|\w-\w+)\**\s+repo(?:sitory)?\b"
)
# Dotted names that are none of Python: what stands in a list of them, or below a heading that says so.
_TELEMETRY = re.compile(
    r"\b(?:spans?|metrics?|traces?|tracing|gauges?|histograms?|opentelemetry|observability|telemetry|loggers?|topics?"
    r"|queues?|channels?|event (?:names?|types?))\b",
    re.IGNORECASE,
)
_FILE = re.compile(r"[\w.-]+\.(?:ya?ml|toml|cfg|ini|json)\b")
_OF_SETTINGS = ("pyproject.toml", "setup.cfg", "tox.ini", "mypy.ini", ".mypy.ini")


def _compiled(words: Iterable[str], signs: str = "") -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b{signs}", re.IGNORECASE)


_PATTERNS = {
    **{reason: _compiled(words, _SIGNS.get(reason, "")) for reason, words in _WORDS.items()},
    "elsewhere": _ELSEWHERE,
}
_COMMAND = _compiled(_GONE, "|" + _GONE_CODE)
# A section whose heading says so asserts nothing of today's tree.
_SECTION = re.compile(
    r"\b(?:examples?|templates?|changelog|history|migrat\w+|roadmap|planned|future|todo|propos(?:al|ed)|adding"
    r"|creating"
    r"|naming|scaffold\w*|deprecat\w+|removed|archived?|recent (?:changes|updates)"
    r"|release notes|how to add|add an? )\b",
    re.IGNORECASE,
)


def hedge(sentence: str, headings: Iterable[str]) -> str:
    """The reason why what a sentence names may not be there, or ""."""
    bare = _CODE.sub("``", sentence)
    found = (reason for reason, pattern in _PATTERNS.items() if pattern.search(bare))
    return next(found, "") or section_hedge(headings)


def command_hedge(sentence: str, headings: Iterable[str]) -> str:
    """The same of a command, which is not made by the way."""
    return "gone or not to be" if _COMMAND.search(_CODE.sub("``", sentence)) else section_hedge(headings)


def section_hedge(headings: Iterable[str]) -> str:
    """The reason that a heading gives."""
    found = (heading for heading in headings if _SECTION.search(heading))
    return next((f'below "{heading}"' for heading in found), "")


def name_hedge(sentence: str, lead: Iterable[str], headings: Sequence[str]) -> str:
    """The reason why a dotted name may be none of Python's, or ""."""
    bare = (_CODE.sub("``", text) for text in (sentence, *lead, *headings[-1:]))
    return "a name of telemetry" if any(_TELEMETRY.search(text) for text in bare) else ""


def setting_hedge(lead: Iterable[str]) -> str:
    """The reason why a value may be that of another file than the project's settings, or ""."""
    named = (match[0] for text in lead for match in _FILE.finditer(text))
    return next((f"said of {name}" for name in named if name not in _OF_SETTINGS), "")
