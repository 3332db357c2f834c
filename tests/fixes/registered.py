"""A repository whose plugins are announced, and what becomes of a file in it that loads some by name."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Optional

from gates.facts.checkout import Checkout
from gates.fixes.edit import Edit, Unmended
from gates.fixing import Mending, mend
from gates.policy import Policy
from tests.checkout.repository import Repository

FILES = {
    "policies/gates.toml": (
        '[gates.dynamic-import]\nallowed_in = ["lukhas/loading.py"]\nresolve = "lukhas.registry:resolve"\n'
    ),
    "pyproject.toml": (
        '[project]\nname = "shop"\nversion = "1"\n\n'
        '[project.entry-points."lukhas.cognitive_nodes"]\n'
        'recall = "candidate.memory:Recall"\n'
        'weigh = "candidate.thought:Weigh"\n'
        'first = "candidate.twice:Twice"\n'
        'second = "candidate.twice:Twice"\n'
        'nested = "candidate.memory:Outer.Inner"\n'
        '[project.entry-points."lukhas.adapters"]\n'
        'mail = "candidate.mail:Mail"\n'
        '[project.entry-points."somebody.else"]\n'
        'other = "candidate.memory:Other"\n'
    ),
    "lukhas/__init__.py": "",
    "lukhas/loading.py": "import importlib\n\n\ndef load(name):\n    return importlib.import_module(name)\n",
    "lukhas/registry.py": "def resolve(name):\n    return name\n",
    "candidate/__init__.py": "",
    "candidate/memory.py": "class Recall:\n    pass\n\n\nclass Outer:\n    class Inner:\n        pass\n",
    "candidate/thought.py": "class Weigh:\n    pass\n",
    "candidate/twice.py": "class Twice:\n    pass\n",
    "candidate/mail.py": "class Mail:\n    pass\n",
}


def repository(root: Path, **files: str) -> Repository:
    """With these files too (`service` for service.py), all of it committed."""
    made = Repository(root)
    for path, content in FILES.items():
        made.write(path, content)
    made.commit(**files)
    return made


class Outcome(NamedTuple):
    """The content afterwards, None where it stays; and what is left, as "line: reason"."""

    after: Optional[bytes]
    left: tuple[str, ...]


def mended(checkout: Checkout, gate: str = "dynamic-import", allow_dirty: bool = True) -> Mending:
    """What the fix of a gate has to say of the checkout."""
    return mend(Policy.load(checkout.root / "policies"), checkout, gate, allow_dirty=allow_dirty)


def outcome(checkout: Checkout, path: str = "service.py") -> Outcome:
    """What becomes of one file."""
    said = mended(checkout)
    after = [edit.after for edit in said.edits if edit.path == path]
    left = tuple(f"{line}: {reason}" for where, line, reason in said.unmended if where == path)
    return Outcome(after[0] if after else None, left)


def edit(path: str, before: Optional[bytes], after: bytes, to: Optional[str] = None) -> Edit:
    """An edit that mends nothing in particular."""
    return Edit(path, before, after, to=to)


__all__ = ["Edit", "Outcome", "Unmended", "edit", "mended", "outcome", "repository"]
