"""What lychee says of links between documents: offline, every document counted, planted dead links found each time."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Optional
from urllib.parse import unquote, urlsplit

from gates.errors import FactUnavailable
from gates.facts.checkout import Checkout
from gates.facts.documents import Documents
from gates.facts.fact import digest_of
from gates.facts.store import Store
from gates.facts.supply.tools import Done, Tool, Tools

REMEDY = "pip install 'lukhas-gates[links]', or put lychee 0.20 or newer on PATH"
VERSION = r"^lychee (\d+\.\d+\.\d+)"
_FLAGS = ("--offline", "--include-fragments=full", "--format", "json", "--no-progress", "-vv", "--hidden")
_ENDED = frozenset({0, 2})  # nothing dead, and something; anything else is an error of lychee's
_CANARY = "gates-canary.md"
_CANARY_TEXT = b"# Canary\n\n[alive](#canary) [dead](gates-canary-gone.md) [nowhere](#gates-nowhere)\n"
_AS = ".as.md"
# A link beyond doubt: `[:/](.+/[^/]+)` in a script that is called .md is one to us, and none to lychee.
_PLAIN = re.compile(r"[\w./#%~@ -]+")
_ANCHORED = (".md", ".markdown")
_MISSING, _FRAGMENT = "file", "fragment"


class Dead(NamedTuple):
    """A link that lychee calls dead: where it stands, the path that it leads to, its anchor; "file" or "fragment"."""

    path: str
    line: int
    place: str
    anchor: str
    why: str


@dataclass
class LinkCheck:
    """lychee's answers; kept by the digest of the documents and its version.

    It is given the documents alone; what it misses and the tree has (code, pictures, folders) is not dead.
    """

    checkout: Checkout = field(repr=False)
    documents: Documents
    store: Store = field(repr=False)
    tool: Optional[Tool]
    why_not: str = ""
    unit: ClassVar[str] = "documents by lychee"
    may_be_none: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls, checkout: Checkout, documents: Documents, store: Store, tools: Tools) -> LinkCheck:
        """The tool is identified; it is started when it is asked."""
        try:
            return cls(checkout, documents, store, tools.get("lychee", VERSION, REMEDY))
        except FactUnavailable as unavailable:
            return cls(checkout, documents, store, None, str(unavailable))

    @cached_property
    def digest(self) -> str:
        """Of the documents, and of the tool with its version and flags."""
        return digest_of(self.documents.digest, self.tool.version if self.tool else self.why_not, repr(_FLAGS))

    def __len__(self) -> int:
        return len(self.documents) if self.tool else 0

    @property
    def lacking(self) -> Mapping[str, str]:
        """Why lychee said nothing that can be believed."""
        return {"lychee": self._answer[1]} if len(self.documents) and self._answer[1] else {}

    @property
    def dead(self) -> tuple[Dead, ...]:
        """What it calls dead, and the tree does not have."""
        found = (Dead(*each) for each in self._answer[0])
        tree = self.documents.tree
        return tuple(
            each
            for each in found
            if (each.place.endswith(_ANCHORED) if each.why == _FRAGMENT else not tree.holds(each.place))
        )

    @cached_property
    def _answer(self) -> tuple[list[Any], str]:
        if self.tool is None:
            return [], self.why_not
        kept = self.store.get_one("lychee", self.digest)
        if kept is not None:
            return json.loads(kept), ""
        try:
            found = self._asked(self.tool)
        except FactUnavailable as unavailable:
            return [], str(unavailable)
        if not self.checkout.overlay:
            self.store.put("lychee", {self.digest: json.dumps(found).encode()})
        return found, ""

    def _asked(self, tool: Tool) -> list[Any]:
        paths = [file.path for file in self.documents.files]
        with self.checkout.materialised(paths) as folder:
            (folder / _CANARY).write_bytes(_CANARY_TEXT)
            for path in paths:
                if _named(path) != path:
                    (folder / _named(path)).write_bytes((folder / path).read_bytes())
            listed = "".join(f"{_named(path)}\n" for path in [*paths, _CANARY])
            (folder / ".gates-documents").write_text(listed, "utf-8")
            done = tool.run([*_FLAGS, "--root-dir", str(folder), "--files-from", ".gates-documents"], folder)
            expected = {link.path for link in self.documents.of_documents if _PLAIN.fullmatch(link.target)}
            return reconciled(done, expected, str(folder.resolve()))


def reconciled(done: Done, expected: set[str], root: str) -> list[Any]:
    """The dead links, once it is certain that every document was read and the planted ones were found."""
    if done.code not in _ENDED:
        raise FactUnavailable(f"lychee ended with {done.code}: {done.last_words}")
    try:
        said = json.loads(done.printed)
        maps = [said[name] for name in ("success_map", "error_map", "excluded_map", "redirect_map", "timeout_map")]
        read = {_own(path) for each in maps for path in each}
        told = sum(said[name] for name in ("successful", "errors", "excludes", "unsupported", "timeouts", "unknown"))
        if told != said["total"]:
            raise FactUnavailable(f"lychee counts {said['total']} links and answers for {told}")
        dead = [_dead(_own(path), each, root) for path, some in said["error_map"].items() for each in some]
    except (ValueError, LookupError, TypeError) as error:
        raise FactUnavailable(f"what lychee printed is not what its format says: {error}") from None
    unread = sorted(expected - read)
    if unread:
        raise FactUnavailable(f"lychee says nothing of {len(unread)} documents that have links, such as {unread[0]}")
    planted = {(each.place, each.why) for each in dead if each.path == _CANARY}
    if planted != {("gates-canary-gone.md", _MISSING), (_CANARY, _FRAGMENT)}:
        raise FactUnavailable("lychee does not find what was planted for it; a configuration may switch it off")
    return [list(each) for each in dead if each.path != _CANARY]


def _named(path: str) -> str:
    """By what name lychee takes a document for Markdown."""
    return path if path.endswith((".md", ".markdown")) else f"{path}{_AS}"


def _own(path: str) -> str:
    return path.removeprefix("./").removesuffix(_AS)


def _dead(path: str, found: Mapping[str, Any], root: str) -> Dead:
    url = urlsplit(found["url"])
    place = _own(posixpath.relpath(unquote(url.path), root)) if url.scheme == "file" else found["url"]
    why = _FRAGMENT if "fragment" in found["status"]["text"].lower() else _MISSING
    return Dead(path, found["span"]["line"], place, unquote(url.fragment), why)
