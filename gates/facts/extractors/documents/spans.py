"""What a word of code in a document claims: that a path is there, that a glob matches, that a name is defined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.documents.claim import GLOB, PATH, SYMBOL, TEST, Claim

# Endings by which a word without a slash is the name of a file, and a dotted word no name of Python.
SUFFIXES = frozenset(
    "py pyi pyx pxd md mdx mdc rst txt toml yaml yml json jsonc json5 jsonl ini cfg conf lock sh bash zsh fish"
    " ps1 bat js jsx mjs cjs"
    " ts tsx mts cts css scss less html htm xml svg png jpg jpeg gif ico webp sql db sqlite csv tsv parquet c"
    " h cc cpp hpp cxx go rs"
    " rb java kt swift php lua r jl tf hcl proto graphql ipynb env example sample in tmpl j2 jinja jinja2 po"
    " pot mo log pid sock"
    " whl gz zip tar tgz bz2 xz pdf exe so dll dylib wasm vue svelte astro dart scala clj ex exs erl nix mk"
    " cmake gradle properties"
    " bak tmp patch diff pem key crt me cff bib tex service dist plist woff woff2 ttf map snap".split()
)
_NAMES = frozenset(
    "Makefile GNUmakefile makefile Dockerfile Containerfile Procfile Jenkinsfile Justfile justfile Rakefile"
    " Gemfile Pipfile LICENSE"
    " NOTICE CODEOWNERS README CHANGELOG CONTRIBUTING".split()
)
_PATH = re.compile(r"[\w.@+~%-]*(?:/[\w.@+~%-]+)*/?")
_GLOB = re.compile(r"[\w.@+~%/*?{},\[\]!-]+")
_HOLE = re.compile(r"<[^<>]*>|\{\{[^{}]*\}\}|\$\{[^{}]*\}|\$\w+|\.\.\.|…|%[sd]|\{[a-zA-Z_]\w*\}|\[[a-zA-Z_-]+\]")
_LINE = re.compile(r"(?P<path>.+?\.\w+)(?::(?P<line>\d+)(?:[-\u2013:]\d+)?|#L(?P<hash>\d+)(?:-L?\d+)?)")
_TEST = re.compile(r"(?P<path>[\w./-]+\.py)(?P<names>(?:::[\w\[\]., -]+)+)")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?P<call>\(.*\))?", re.DOTALL)
_CALL = re.compile(r"(?P<name>[A-Za-z_]\w*)\((?P<inside>[^()]*)\)")
_NAME = re.compile(r"[A-Za-z_]\w*")


def spans(text: str, line: int, hedge: str, listing: int) -> Iterator[Claim]:
    """The claim of one span that is no command."""
    word = text.strip().strip("\"'")
    if not word or len(word) > 200 or any(letter in word for letter in "\n\t\\|;&^"):
        return
    test = _TEST.fullmatch(word)
    if test:
        yield Claim(TEST, line, text, (test["path"], test["names"][2:]), hedge, listing)
        return
    if " " in word:
        return
    place = as_path(word)
    if place is not None:
        kind, path, at = place
        yield Claim(kind, line, text, (path, at), hedge, listing)
        return
    dotted = _DOTTED.fullmatch(word)
    if dotted and "/" not in word:
        name = word.partition("(")[0]
        if name.rsplit(".", 1)[-1].lower() not in SUFFIXES:
            yield Claim(SYMBOL, line, text, (name, "", "call" if dotted["call"] else ""), hedge, listing)
        return
    call = _CALL.fullmatch(word)
    if call:
        yield Claim(SYMBOL, line, text, (call["name"], "", "call"), hedge, listing)


def as_path(word: str) -> Optional[tuple[str, str, str]]:
    """A word that can only be meant as a path or a glob: which of both, the path, and a line of the file or ""."""
    if "://" in word or word.startswith(("-", "www.", "mailto:", "#", "@", "(", "=", "+", "git@")) or "=" in word:
        return None
    line = _LINE.fullmatch(word)
    if line:
        word = line["path"]
    number = (line["line"] or line["hash"] or "") if line else ""
    opened = _HOLE.sub("*", word)
    if opened != word and "/" in word and _GLOB.fullmatch(opened):
        return GLOB, opened, "hole"
    if not _looks_like_a_file(word):
        return None
    if _PATH.fullmatch(word):
        return PATH, word, number
    if _GLOB.fullmatch(word) and any(letter in word for letter in "*?{") and word.count("{") == word.count("}"):
        return GLOB, word, ""
    return None


def _looks_like_a_file(word: str) -> bool:
    name = word.rstrip("/").rpartition("/")[2]
    if "/" in word:
        return name not in ("", ".", "..") and not all(part.isdigit() for part in word.split("/") if part)
    stem, dot, suffix = name.rpartition(".")
    return name in _NAMES or bool(dot and suffix.lower() in SUFFIXES and (stem or suffix == "env"))


def is_name(word: str) -> bool:
    """Whether a word is a name of Python."""
    return bool(_NAME.fullmatch(word))
