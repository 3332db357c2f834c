"""What the policy says of context files: which they are, what is counted, which of them mirror each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gates.errors import PolicyError
from gates.globs import Globs

CONTEXT_FILES = (
    "**/claude.me",
    "**/lukhas_context.md",
    "**/AGENTS.md",
    "**/CLAUDE.md",
    "**/GEMINI.md",
    "**/.cursorrules",
    "**/.github/copilot-instructions.md",
)


@dataclass(frozen=True)
class Counted:
    """`[[facts.context.count]]`: what a noun like "components" counts: the files that its globs match."""

    noun: str
    paths: Globs
    leave_out: Globs = ()

    def __post_init__(self) -> None:
        if not self.noun.strip() or not self.paths:
            raise PolicyError(f"[[facts.context.count]] '{self.noun}' needs a noun and at least one glob")


@dataclass(frozen=True)
class Mirror:
    """`[[facts.context.mirror]]`: `file` says what `of` says, by sections; `differ` are headings that need not."""

    file: str
    of: str
    differ: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContextSettings:
    """`[facts.context]`: `files` are patterns of context files wherever they lie; `add` and `leave_out` some by glob.

    `template` are those that must have front matter of version 2.0.0: lane, owner, canonical imports, components.
    """

    policy_section: ClassVar[str] = "context"
    files: tuple[str, ...] = CONTEXT_FILES
    """Patterns of the files that are context files, wherever there are any."""
    add: Globs = ()
    """Further context files."""
    leave_out: Globs = ()
    """Files that are none, whatever they are called."""
    template: Globs = ()
    """Context files that must have front matter of version 2.0.0."""
    count: tuple[Counted, ...] = ()
    """What the nouns of counts stand for."""
    mirror: tuple[Mirror, ...] = ()
    """Context files that must say the same."""
