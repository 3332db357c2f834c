"""Links to the network, held against what their servers answered; asked by `gates links fetch`, never by a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, NamedTuple, Optional

from gates.errors import PolicyError
from gates.facts.checkout import Checkout
from gates.facts.documents import Documents, Link
from gates.facts.fact import digest_of
from gates.facts.link_answers import DEAD, UNCLEAR, Answer, parse
from gates.facts.recording_file import RecordingError, held, refuse_outside
from gates.facts.today import Today
from gates.globs import any_of

_FETCH = "run `gates links fetch`"


@dataclass(frozen=True)
class NetworkLinkSettings:
    """`[facts.network-links]`: only where `allowed` is true is an address held against the recording of answers.

    An answer counts for `keep_days`. `leave_out` are globs of addresses that are never asked.
    """

    policy_section: ClassVar[str] = "network-links"
    allowed: bool = False
    keep_days: int = 30
    recording: str = ".gates/recordings/links.json"
    leave_out: tuple[str, ...] = ()  # no globs of paths

    def __post_init__(self) -> None:
        if self.keep_days < 1:
            raise PolicyError(f"keep_days is {self.keep_days}; it must be 1 or more")
        refuse_outside(self.recording, "recording")


class DeadAddress(NamedTuple):
    """A link whose server says that nothing is there."""

    link: Link
    answer: Answer


@dataclass
class NetworkLinks:
    """The addresses that documents link to, and the answers of their servers. None where the policy forbids it."""

    checkout: Checkout = field(repr=False)
    documents: Documents
    settings: NetworkLinkSettings
    today: Today
    unit: ClassVar[str] = "links to the network"
    may_be_none: ClassVar[bool] = True

    @classmethod
    def gather(
        cls, checkout: Checkout, documents: Documents, settings: NetworkLinkSettings, today: Today
    ) -> NetworkLinks:
        """Nothing is asked of anybody."""
        return cls(checkout, documents, settings, today)

    @property
    def depends_on_the_day(self) -> bool:
        """Answers grow old; without any the day does not matter."""
        return self.settings.allowed

    @property
    def reads(self) -> tuple[str, ...]:
        """The recording; the documents are said by themselves."""
        return (f":(literal){self.settings.recording}",) if self.settings.allowed else ()

    @cached_property
    def digest(self) -> str:
        """Of the documents, of the recording, and of the day."""
        if not self.settings.allowed:
            return digest_of("not allowed")
        content = self._content
        return digest_of(
            self.documents.digest, content if content is not None else "none", self.today.digest, repr(self.settings)
        )

    def __len__(self) -> int:
        return len(self.links)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Those that the policy lets be asked."""
        if not self.settings.allowed:
            return ()
        left_out = any_of(self.settings.leave_out)
        return tuple(link for link in self.documents.to_the_network if not left_out.fullmatch(link.target))

    def account(self) -> dict[str, int]:
        """How many have an answer that says neither this nor that."""
        unclear = sum(answer.verdict == UNCLEAR for _, answer in self._answered)
        return {"links without a clear answer": unclear} if unclear else {}

    @property
    def lacking(self) -> Mapping[str, str]:
        """Why it is not known of each address what its server says."""
        if not self.links:
            return {}
        place = self.settings.recording
        if self._content is None:
            return {place: f"does not exist; {_FETCH}"}
        if self._wrong:
            return {place: f"{self._wrong}; {_FETCH}"}
        known = {link.target for link, _ in self._answered}
        missing = sorted({link.target for link in self.links} - known)
        if missing:
            days = self.settings.keep_days
            return {
                place: f"no answer of the last {days} days for {len(missing)} links, such as {missing[0]}; {_FETCH}"
            }
        return {}

    @property
    def dead(self) -> Iterator[DeadAddress]:
        """Those that are gone."""
        return (DeadAddress(link, answer) for link, answer in self._answered if answer.verdict == DEAD)

    def open(self, answers: Mapping[str, Answer]) -> list[str]:
        """The addresses that have no answer young enough among these."""
        return sorted({link.target for link in self.links if not self._is_young(answers.get(link.target))})

    @cached_property
    def answers(self) -> Mapping[str, Answer]:
        """What the recording says, old answers too; nothing where it cannot be read."""
        return self._parsed[0]

    @property
    def _wrong(self) -> str:
        return self._parsed[1]

    @cached_property
    def _parsed(self) -> tuple[Mapping[str, Answer], str]:
        try:
            return (parse(self._content) if self._content is not None else {}), ""
        except RecordingError as error:
            return {}, str(error)

    @cached_property
    def _content(self) -> Optional[bytes]:
        return held(self.checkout, self.settings.recording)[0]

    @cached_property
    def _answered(self) -> list[tuple[Link, Answer]]:
        pairs = ((link, self.answers.get(link.target)) for link in self.links)
        return [(link, answer) for link, answer in pairs if answer is not None and self._is_young(answer)]

    def _is_young(self, answer: Optional[Answer]) -> bool:
        return answer is not None and (self.today.date - answer.day).days < self.settings.keep_days
