"""A word that this project has retired still stands somewhere.

Why: two names for one thing make readers look for a difference that there is none, and a rename that stops half way
leaves both. A blanket search and replace is no way out: it rewrites the rules, the quotations and the addresses, too.
Instead: write what policies/vocabulary.toml says in its place, where it is defined and wherever it is used.
What must stay for a while belongs in an `allow` with a reason and a last day; a quotation can be marked as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Optional

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.aliases import PLACE as LEDGER
from gates.facts.aliases import Aliases
from gates.facts.checkout import Checkout
from gates.facts.extractors.words.hits import KEY, NAMES, Hit
from gates.facts.extractors.words.respelling import respelled
from gates.facts.vocabulary import Allowed, Term, Vocabulary
from gates.facts.words import Words
from gates.finding import Finding
from gates.globs import Globs, any_of

_SHAPES = {
    "prose": ("gates_planted_{n}.md", "gates planted: {name}\n"),
    "comment": ("gates_planted_{n}.py", "# gates planted: {name}\n"),
    "string": ("gates_planted_{n}.py", 'PLANTED = "gates planted: {name}"\n'),
    "key": ("gates_planted_{n}.toml", '"{name}" = 1\n'),
    "identifier": ("gates_planted_{n}.py", "{word} = 1\n"),
    "path": ("gates_planted_{n}.md", "[gates planted](../{word})\n"),
}


@dataclass(frozen=True)
class RetiredWord:
    """`foreign_keys_in`: files whose keys of data are in somebody else's schema, and so not ours to name."""

    foreign_keys_in: Globs = ()
    needs: ClassVar[tuple[str, ...]] = ("a [[term]] in vocabulary.toml",)

    def check(self, vocabulary: Vocabulary, words: Words, aliases: Aliases) -> Iterator[Finding]:
        foreign = any_of(self.foreign_keys_in)
        used: set[int] = set()
        for path, hit in words.hits():
            is_foreign = hit.kind == KEY and foreign.fullmatch(path) is not None
            if not is_foreign:
                yield from _judged(vocabulary, path, hit, used)
        yield from _named(vocabulary, words, used)
        if words.is_whole:
            yield from _idle(vocabulary, words, used)
        yield from _outlived(aliases)

    def plant(self, checkout: Checkout, vocabulary: Vocabulary) -> Plant:
        """A new file that says the first term that may not be said."""
        exempt = any_of(vocabulary.exempt_paths)
        for number, term in enumerate(vocabulary.terms):
            for kind in sorted(term.kinds, key=list(_SHAPES).index):
                name, text = (part.format(n=number, name=term.name, word=_as_name(term)) for part in _SHAPES[kind])
                token = _as_name(term) if kind in ("identifier", "path") else " ".join(term.name.split())
                is_free = not exempt.fullmatch(name) and not vocabulary.is_exempt(number, name)
                is_free = is_free and not (kind == "key" and any_of(self.foreign_keys_in).fullmatch(name))
                is_allowed = any(_in_force(vocabulary, number, name, token))
                if is_free and not is_allowed and not term.name.endswith("_") and name not in checkout.files:
                    return Plant({name: text.encode()}, name, token)
        raise CannotPlant("no term is looked for in any file: the policy forbids nothing")


def _as_name(term: Term) -> str:
    return "_".join(term.name.replace("-", " ").split())


def _in_force(vocabulary: Vocabulary, number: int, path: str, token: str) -> Iterator[Allowed]:
    return (one for one in vocabulary.allowances_of(number, path, token) if one.expires >= vocabulary.today)


def _judged(vocabulary: Vocabulary, path: str, hit: Hit, used: set[int]) -> Iterator[Finding]:
    term = vocabulary.terms[hit.term]
    if hit.kind not in term.kinds or vocabulary.is_exempt(hit.term, path):
        return
    if term.with_evidence and hit.is_cited:
        return
    over = _allowed(vocabulary, hit.term, path, hit.token, used)
    if over is False:
        return
    fix = _instead(term, hit.spelled, hit.token, hit.kind)
    message = _said(term, f"`{hit.token}` ({hit.kind})", hit.spelled, fix, over)
    yield Finding(path, hit.line, message, subject=hit.token, column=hit.column, fix=fix)


def _named(vocabulary: Vocabulary, words: Words, used: set[int]) -> Iterator[Finding]:
    """Files and folders, each once."""
    for named in words.named():
        term = vocabulary.terms[named.term]
        if "path" not in term.kinds:
            continue
        over = _allowed(vocabulary, named.term, named.first, named.name, used)
        if over is not False:
            fix = _instead(term, named.spelled, named.name, "path")
            message = _said(term, f"the name `{named.name}`", named.spelled, fix, over)
            yield Finding(named.path, 0, message, subject=named.name, fix=fix)


def _allowed(vocabulary: Vocabulary, number: int, path: str, token: str, used: set[int]) -> object:
    """False where an allowance is in force; the one that was, where its last day has been; else None."""
    over: Optional[Allowed] = None
    for allowed in vocabulary.allowances_of(number, path, token):
        used.add(id(allowed))
        if allowed.expires >= vocabulary.today:
            return False
        over = over or allowed
    return over


def _instead(term: Term, spelled: str, token: str, kind: str) -> Optional[str]:
    if term.replacement is None:
        return None
    written = respelled(spelled, term.name, term.replacement, token, kind in NAMES)
    return token.replace(" ".join(spelled.split()), written) if written is not None else term.replacement


def _said(term: Term, what: str, spelled: str, fix: Optional[str], over: object) -> str:
    instead = f"; write `{fix}`" if fix is not None else ""
    until = f" (allowed until {over.expires}, which is over: {over.reason})" if isinstance(over, Allowed) else ""
    evidence = " Or cite the evidence in the same paragraph." if term.with_evidence else ""
    return f"{what} says {' '.join(spelled.split())}{instead}: {term.reason}{until}{evidence}"


def _idle(vocabulary: Vocabulary, words: Words, used: set[int]) -> Iterator[Finding]:
    """An allowance that covers nothing is debt that nobody owes."""
    for term, allowed in vocabulary.allowances:
        if id(allowed) not in used:
            message = f"[[term]] '{term.name}' allows {allowed.where}, where nothing says it; take it out"
            yield Finding(words.place, 0, message, subject=f"{term.name}: allows {allowed.where}")


def _outlived(aliases: Aliases) -> Iterator[Finding]:
    for alias in aliases.aliases:
        if alias.path in aliases.gone:
            message = f"names the alias {alias.path}, which is not there; take it out"
            yield Finding(LEDGER, 0, message, subject=f"missing: {alias.path}")
        elif aliases.is_over(alias):
            message = (
                f"{alias.former}, the former name of {alias.now}, goes with release {alias.until}, and this is "
                f"{aliases.release}; delete it, and its entry in {LEDGER}"
            )
            yield Finding(alias.path, 0, message, subject=f"alias: {alias.former}")
