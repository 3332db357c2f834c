"""A retired word respelled: its replacement in the same capitals, with the same joints, in the same number."""

from __future__ import annotations

import re
from typing import Optional

from gates.facts.extractors.words.terms import plurals

_JOINT = re.compile(r"[\s_\-]+")
_ENDS = re.compile(r"\A(_*)(.*?)(_*)\Z", re.DOTALL)


def respelled(spelled: str, name: str, replacement: str, token: str = "", is_name: bool = False) -> Optional[str]:
    """What stands in for `spelled`, one form of the term `name`; None where that is not certain.

    `token` is the name or the words that hold it. `is_name` says that it is a name in code, a path or a key, whose
    words cannot be joined by spaces.
    """
    if (not spelled.isascii() and name.isascii()) or "\n" in spelled:
        return None  # letters that only look like others; what begins a line would have to be kept
    match = _ENDS.match(spelled)
    assert match is not None
    before, core, after = match.groups()
    if core == name.strip("_") and not is_name:
        return before + replacement.strip("_") + after
    words = [word for word in _JOINT.split(replacement) if word]
    if _letters(core) != _letters(name):
        words[-1] = _plural(words[-1])
    joint = _JOINT.search(core)
    glue = joint[0] if joint is not None else _glue(token or spelled, is_name)
    return before + glue.join(_capitals(words, core, name, glue)) + after


def _letters(text: str) -> str:
    return _JOINT.sub("", text).lower()


def _plural(word: str) -> str:
    """As English has it in the regular case."""
    low = word.lower()
    if low.endswith("y") and low[-2:-1] not in "aeiou":
        return next(form for form in plurals(word) if form.lower().endswith("ies"))
    return word + ("es" if low.endswith(("s", "x", "z", "ch", "sh")) else "s")


def _glue(token: str, is_name: bool) -> str:
    """What joins the words of a phrase where a single word stood."""
    if not is_name:
        return " "
    if "_" in token or token.islower():
        return "-" if "-" in token else "_"
    return "-" if "-" in token else ""


def _capitals(words: list[str], core: str, name: str, glue: str) -> list[str]:
    singular = core[:-1] if core[-1:] == "s" and core[:-1].isupper() else core
    if len(singular) > 1 and singular.isupper():
        is_acronym = _JOINT.sub("", name).isupper()
        if not is_acronym or glue in ("_", "-"):
            return [word.upper() for word in words]
        return words if glue == " " else [word[:1].upper() + word[1:] for word in words]
    if core.islower():
        return [word.lower() for word in words]
    if glue.isspace() and not any(word[:1].isupper() for word in _JOINT.split(core)[1:]):
        return [words[0][:1].upper() + words[0][1:], *words[1:]]  # as a sentence begins
    capital = [word[:1].upper() + word[1:] for word in words]
    if core[:1].islower():  # camelCase
        return [words[0].lower(), *capital[1:]]
    return capital if not core[1:].islower() or not name.isupper() else [word.capitalize() for word in words]
