"""What becomes of each retired word where it stands: respelled, or left with the reason."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Optional

from gates.facts.extractors.words.hits import COMMENT, IDENTIFIER, KEY, NAMES, PATH, PROSE, STRING, Hit
from gates.facts.extractors.words.respelling import respelled
from gates.fixes.words.around import (
    is_command,
    is_configuration,
    is_data,
    is_document,
    is_in_code,
    is_name_like,
    is_path_like,
    is_python,
    line_around,
    mention,
    value_around,
)
from gates.fixes.words.headings import anchor, headings
from gates.fixes.words.inventory import Inventory
from gates.fixes.words.python_names import CODE, ENVIRONMENT, FORMATTED, LOOKUP, Text
from gates.fixes.words.renames import Renames
from gates.fixes.words.spelling import SAYS_BOTH

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?::[A-Za-z_][\w.]*)?")
_QUERY = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|MERGE|PRAGMA|MATCH)\s", re.IGNORECASE)
_PATTERN = re.compile(r"\\[bBdDsSwW]|\(\?[:=!P<]|\[\^|\.\*|\.\+")
_SAID_IN_CONFIGURATION = re.compile(r"[\s\-{\"']*(?:description|summary|about|comment)[\"']?\s*[:=]")
_NOWHERE = "it leads to nothing that is renamed"
_UNKNOWN = "what it names is not known here"
Said = Optional[str]


@dataclass
class Decisions:
    """One answer for each hit."""

    renames: Renames
    _anchors: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def _inventory(self) -> Inventory:
        return self.renames.inventory

    def decided(self, path: str, hit: Hit) -> tuple[Said, str]:
        """Why a hit is left, or None and what stands there then."""
        term = self._inventory.vocabulary.terms[hit.term]
        if term.replacement is None:
            return "nothing takes its place; say it in other words", ""
        token = hit.token
        is_name = hit.kind in NAMES or is_name_like(token)
        new = respelled(hit.spelled, term.name, term.replacement, token, is_name)
        if new is None:
            return f"is written over a line break or in other letters; write {term.replacement}", ""
        return self._why(path, self._inventory.text(path), hit), new

    def _is_about_the_rename(self, path: str, text: str, hit: Hit) -> bool:
        first, last = line_around(text, hit.start)
        line = text[max(first, hit.start - 300) : min(last, hit.end + 300)]
        return self.renames.spelling.says_both(line) or self.renames.spelling.says_both(path.rpartition("/")[2])

    def _why(self, path: str, text: str, hit: Hit) -> Said:
        if is_python(path):
            return self._in_python(path, text, hit)
        if is_data(path):
            return self._in_data(path, text, hit)
        if is_document(path):
            return self._in_document(path, text, hit)
        led = self._leads(path, mention(text, hit))
        return led if led != _UNKNOWN else "nothing here reads the language of this file"

    def _leads(self, path: str, said: str) -> Said:
        """None for a path or a dotted name that is renamed; _UNKNOWN for what is neither."""
        if is_path_like(said) and self.renames.moves.leads_to_renamed(path, said):
            return None
        if _DOTTED.fullmatch(said) and self.renames.is_of_module(said):
            return self.renames.why_not_dotted(said)
        return _NOWHERE if "/" in said else _UNKNOWN

    # Sentences

    def _in_sentence(self, path: str, text: str, hit: Hit) -> Said:
        """A word of a comment, a message, a document; or a name that is spoken of there."""
        said = mention(text, hit)
        led = self._leads(path, said)
        if led is None:
            return None
        if self._is_about_the_rename(path, text, hit):
            return SAYS_BOTH
        token = _name(text, hit)
        return self._spoken_of(token, led) if is_name_like(token) or is_in_code(text, hit) else None

    def _spoken_of(self, token: str, led: Said) -> Said:
        inventory = self._inventory
        if token in inventory.known:
            return self.renames.why_not(token)
        if token in inventory.read_here or token in inventory.written_here:
            return self.renames.why_not_text(token)
        for others in (inventory.stays, inventory.elsewhere, inventory.foreign_keys, inventory.values):
            if token in others:
                return f"it also stands in {others[token]}, where it is left"
        return None if is_name_like(token) and led == _UNKNOWN else led

    # Python

    def _in_python(self, path: str, text: str, hit: Hit) -> Said:
        if hit.kind in (COMMENT, PROSE):
            return self._in_sentence(path, text, hit)
        used = self._inventory.uses.get(path)
        if used is None:
            return "this Python cannot read the file"
        if self.is_name(path, hit):
            return self.renames.why_not(self.name(path, hit))
        if hit.kind in (IDENTIFIER, PATH):
            return self.renames.why_not_text(hit.token)
        found = used.text_at(hit.start)
        return self._in_text(path, text, hit, found) if found is not None else _UNKNOWN

    def is_name(self, path: str, hit: Hit) -> bool:
        """Whether it stands in a name of Python, which libcst renames; in a field of an f-string, too."""
        used = self._inventory.uses.get(path)
        if used is None or hit.kind in (COMMENT, PROSE):
            return False
        text = self._inventory.text(path)
        if hit.kind in (IDENTIFIER, PATH):
            return re.search(r"[\"']\w*\Z", text[max(0, hit.start - 100) : hit.start]) is None
        found = used.text_at(hit.start)
        if found is None or found.use != FORMATTED:
            return False
        before = text[found.start : hit.start].replace("{{", "").replace("}}", "")
        return before.count("{") > before.count("}") and re.search(r"[\"']\w*\Z", before.rpartition("{")[2]) is None

    def name(self, path: str, hit: Hit) -> str:
        """The name that a hit stands in."""
        return _name(self._inventory.text(path), hit)

    def _in_text(self, path: str, text: str, hit: Hit, found: Text) -> Said:
        value = found.value
        if found.use == ENVIRONMENT:
            return "it is a variable of the environment, which is set elsewhere"
        if found.use == LOOKUP:
            return self._looked_up(text, hit)
        if found.use == CODE or _QUERY.match(value) or _PATTERN.search(value):
            led = self._leads(path, mention(text, hit))
            return None if led is None else "it stands in a command, a query or a pattern"
        if hit.kind == KEY or not re.search(r"\s", value):
            return self._as_value(path, value, mention(text, hit))
        if value in self._spaced_keys:
            return "it is also a key, which others may read"
        return self._in_sentence(path, text, hit)

    def _looked_up(self, text: str, hit: Hit) -> Said:
        """A name of Python in quotes: an annotation, an entry of `__all__`, what getattr is asked for."""
        name = _name(text, hit)
        return self.renames.why_not(name) if name in self._inventory.bound else _UNKNOWN

    def _as_value(self, path: str, value: str, said: str) -> Said:
        """A text without spaces, or a key: the name of something, or a value."""
        led = self._leads(path, value if re.fullmatch(r"[\w./:\-]+", value) else said)
        if led is None:
            return None
        if _DOTTED.fullmatch(value) and self.renames.is_of_module(value):
            return led
        if re.search(r"\s", value):
            return "it is a key, which others may read"
        return self.renames.why_not_text(value)

    @cached_property
    def _spaced_keys(self) -> frozenset[str]:
        inventory = self._inventory
        return frozenset(text for text in inventory.read_here | inventory.written_here if re.search(r"\s", text))

    # Data

    def _in_data(self, path: str, text: str, hit: Hit) -> Said:
        if hit.kind == COMMENT:
            return self._in_sentence(path, text, hit)
        value = value_around(text, hit)
        led = self._leads(path, mention(text, hit))
        if led is None:
            return None
        if is_configuration(path):
            return self._in_configuration(path, text, hit)
        if hit.kind == KEY or not re.search(r"\s", value):
            return self._as_value(path, value, mention(text, hit))
        if is_command(text, hit) or _QUERY.match(value) or _PATTERN.search(value):
            return "it stands in a command, a query or a pattern"
        if value in self._spaced_keys:
            return "it is also a key, which others may read"
        return self._in_sentence(path, text, hit)

    def _in_configuration(self, path: str, text: str, hit: Hit) -> Said:
        first, last = line_around(text, hit.start)
        if hit.kind == STRING and _SAID_IN_CONFIGURATION.match(text[first:last]):
            return self._in_sentence(path, text, hit)
        return "it is a key or a value of somebody else's configuration"

    # Documents

    def _in_document(self, path: str, text: str, hit: Hit) -> Said:
        if hit.kind in (KEY, STRING):
            return self._in_data(path, text, hit)
        if hit.kind == PATH:
            return self._link(path, mention(text, hit))
        if hit.kind == IDENTIFIER:
            return self._in_sample(path, text, hit)
        return self._in_sentence(path, text, hit)

    def _link(self, path: str, said: str) -> Said:
        place, _, fragment = said.partition("#")
        is_led = (
            not place or not self.renames.spelling.terms_in(place) or self.renames.moves.leads_to_renamed(path, place)
        )
        if is_led and self.renames.spelling.terms_in(fragment):
            return None if self._anchor(path, place, fragment) else "no heading is called so then"
        return None if is_led else _NOWHERE

    def _in_sample(self, path: str, text: str, hit: Hit) -> Said:
        """Code in a document."""
        led = self._leads(path, mention(text, hit))
        if led is None:
            return None
        if self._is_about_the_rename(path, text, hit):
            return SAYS_BOTH
        token = _name(text, hit)
        if token in self._inventory.values:
            return f"it may be a value, as in {self._inventory.values[token]}"
        if is_name_like(token) or token in self._inventory.known or not token.istitle() or is_in_code(text, hit):
            return self._spoken_of(token, led)
        return None

    def _anchor(self, path: str, place: str, fragment: str) -> bool:
        """Whether a heading of the document that a link leads to is called so, and is called as the link is then."""
        home = self._document_at(path, place) if place else path
        new = self.renames.spelling.written(fragment, PATH)
        return home is not None and new is not None and self._headings(home).get(fragment) == new

    def _document_at(self, path: str, place: str) -> Optional[str]:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), place))
        return target if target in self._inventory.checkout.files else None

    def _headings(self, path: str) -> dict[str, str]:
        """Anchor to new anchor, of the headings that are respelled."""
        if path not in self._anchors:
            self._anchors[path] = {}  # a heading that links to a heading asks for itself
            text = self._inventory.text(path)
            hits = self._inventory.hits.get(path, [])
            for start, end in headings(text):
                inside = [hit for hit in hits if start <= hit.start and hit.end <= end]
                after, at = "", start
                for hit in inside:
                    why, new = self.decided(path, hit)
                    after += text[at : hit.start] + (new if why is None else text[hit.start : hit.end])
                    at = hit.end
                if inside:
                    self._anchors[path][anchor(text[start:end])] = anchor(after + text[at:end])
        return self._anchors[path]


def _name(text: str, hit: Hit) -> str:
    """The name that holds a hit; what hyphens join is several."""
    before = re.search(r"\w*\Z", text[max(0, hit.start - 200) : hit.start])
    after = re.compile(r"\w*").match(text, hit.end)
    return (before[0] if before else "") + text[hit.start : hit.end] + (after[0] if after else "")
