"""An action, a reusable workflow or an image is not pinned to a commit or a digest.

Why: a tag is moved with a push; whoever owns the action, or steals its owner's token, then runs in this repository's
CI with its permissions.
Instead: `uses: owner/action@<40 hex digits> # v1.2.3`, `image: name@sha256:<64 hex digits>`; or keep the tag and lock
it in `.github/workflows/actions.lock`. Dependabot and Renovate move both forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.supply.workflows import FOLDER, LOCK, Use, Workflows
from gates.finding import Finding
from gates.globs import Globs, any_of

_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"v?\d+(?:\.\d+)*\b|.*\bv\d")
_PLANTED = "gates-planted/action@v1"
_PLANT = f"{FOLDER}/gates-planted.yml"


@dataclass(frozen=True)
class UnpinnedAction:
    """`allowed_in`: workflows whose actions may be unpinned. `images`: whether images of containers are judged, too."""

    allowed_in: Globs = ()
    images: bool = True

    def check(self, workflows: Workflows) -> Iterator[Finding]:
        allowed = any_of(self.allowed_in)
        for use in (use for use in workflows.uses if not allowed.fullmatch(use.path)):
            if use.kind == "image" or use.text.startswith("docker://"):
                yield from self._of_image(use)
            elif not use.text.startswith(("./", "$/")):
                yield from _of_action(use, workflows)
        yield from _of_the_lock(workflows)

    def _of_image(self, use: Use) -> Iterator[Finding]:
        image = use.text.removeprefix("docker://")
        if not self.images or _DIGEST.fullmatch(image):
            return
        if "${{" in image:
            message = f"which image `{image}` is cannot be known here; name it, with its digest"
            yield Finding(use.path, use.line, message, subject=image, verdict="opaque")
        else:
            message = f"the image `{image}` is not pinned by digest (name@sha256:...)"
            yield Finding(use.path, use.line, message, subject=image)

    def plant(self, workflows: Workflows) -> Plant:
        """Add a workflow that uses an action by its tag."""
        if any_of(self.allowed_in).fullmatch(_PLANT):
            raise CannotPlant("allowed_in covers every workflow: the policy forbids nothing")
        text = (
            "on: push\npermissions: {}\njobs:\n  planted:\n    runs-on: ubuntu-24.04\n    timeout-minutes: 1\n"
            f"    steps:\n      - uses: {_PLANTED}\n"
        )
        return Plant({_PLANT: text.encode()}, _PLANT, _PLANTED)


def _of_action(use: Use, workflows: Workflows) -> Iterator[Finding]:
    action, at, ref = use.text.partition("@")
    if use.text in workflows.locked.workflows.get(use.path, ()) and use.text in workflows.locked.actions:
        return  # what the lock says of it is judged with the lock
    if not at:
        yield Finding(use.path, use.line, f"`{use.text}` names no version", subject=use.text)
    elif not _COMMIT.fullmatch(ref):
        message = f"`{use.text}` is not pinned: {ref} can be moved; use the commit, with the version behind it"
        yield Finding(use.path, use.line, message, subject=use.text)
    elif not _VERSION.match(use.comment):
        message = f"no comment says which version of {action} {ref[:12]} is: write `# v1.2.3` behind it"
        yield Finding(use.path, use.line, message, subject=f"{action}: no version")


def _of_the_lock(workflows: Workflows) -> Iterator[Finding]:
    locked = workflows.locked
    for action, (commit, uses) in sorted(locked.actions.items()):
        if not _COMMIT.fullmatch(commit):
            yield Finding(LOCK, 0, f"{action} is locked to '{commit[:50]}', which is no commit", subject=action)
        for used in uses:
            if (
                used not in locked.actions
                and not used.startswith("./")
                and not _COMMIT.fullmatch(used.partition("@")[2])
            ):
                message = f"{action} uses {used}, which is not locked"
                yield Finding(LOCK, 0, message, subject=f"{action} uses {used}")
    for path, used_here in sorted(locked.workflows.items()):
        for used in used_here:
            if used not in locked.actions:
                yield Finding(LOCK, 0, f"{path} uses {used}, which is not locked", subject=f"{path} uses {used}")
