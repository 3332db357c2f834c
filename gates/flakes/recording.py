"""What a search found, as a recording, with the content that every module had while the tests ran."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

from gates import own_folder
from gates.facts.checkout import Checkout
from gates.facts.flake_recording import ALL, CHANGE, FlakeRecording, Flaky, TestRuns, render
from gates.facts.modules import Modules
from gates.flakes.search import Cause, Found
from gates.replay import write_if_changed


def recorded(
    found: Found, why: Mapping[str, str], modules: Modules, checkout: Checkout, base: Optional[str], is_change: bool
) -> FlakeRecording:
    """The recording. A module that was changed since the search began has no content: nobody knows which one ran."""
    now = Checkout.open(checkout.root)
    files = {}
    for file in modules.files:
        later = now.files.get(file.path)
        files[file.path] = file.blob if later is not None and later.blob == file.blob else ""
    tests = {}
    for test in sorted(found.every):
        rate, seeds = found.rate(test), found.rate(test, "seed")
        path = test.partition("::")[0]
        tests[test] = TestRuns(path, found.lines.get(test, 0), rate.runs, rate.failed, seeds.runs, why.get(test, ""))
    return FlakeRecording(
        files=files,
        tests=tests,
        flaky=tuple(map(_flaky, found.causes)),
        scope=CHANGE if is_change else ALL,
        base=base,
        commit=checkout.commit,
        tree=checkout.tree,
        python=".".join(platform.python_version_tuple()[:2]),
        lacks=tuple(found.lacks),
        not_tried=dict(found.not_tried),
    )


def _flaky(cause: Cause) -> Flaky:
    one, other = cause.rates
    return Flaky(
        test=cause.test,
        dimension=cause.dimension,
        way=cause.way,
        because=cause.because,
        command=cause.command,
        rates=(one.failed, one.runs, other.failed, other.runs),
        p=float(f"{cause.p:.3g}"),
        tests=cause.tests,
        state=cause.state,
        said=cause.said,
    )


def write(recording: FlakeRecording, root: Path, file: str) -> Path:
    """Write it below the root; where it lies. Errors: OSError."""
    place = Path(os.path.join(root, file))
    own_folder.make(place.parent)
    write_if_changed(str(place), render(recording))
    return place
