#!/usr/bin/env python3
"""The generated parts of docs/lanes.md: scripts/lanes_page.py --check, or --write.

What each module may do follows from the policies and the tree, and --check compares it. Its readiness is read from
verified evidence of a commit, which the page names; --write takes that of HEAD where there is some, and --check holds
its modules and criteria against the policy.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from gates.facts.checkout import Checkout
from gates.facts.module_lanes import ModuleLanes
from gates.facts.promotion_policy import CRITERIA, LaneModule, PromotionPolicy
from gates.facts.store import Store
from gates.policy import Policy
from gates.promotion import tables
from gates.promotion.readiness import of_all
from gates.promotion.told import NoEvidence, read, usual_place
from gates.reporters.markdown_text import escaped
from gates.running import Run

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "lanes.md"


def assignment(run: Run) -> Iterator[str]:
    """Lanes and modules, from the policies and the tree."""
    modules = run.gatherer().get(ModuleLanes)
    yield "| lane | files | may import |"
    yield "| --- | --- | --- |"
    for lane in modules.lanes.lanes:
        yield f"| {escaped(lane.name)} | {_globs(lane.paths)} | {escaped(', '.join(lane.may_import))} |"
    yield ""
    yield "| module | files | lies in | belongs in | standing | must meet | set aside |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for module in modules.policy.module:
        cells = [escaped(module.name), _globs(module.paths), *map(escaped, _cells(module, modules))]
        yield f"| {' | '.join(cells)} |"


def _globs(paths: Iterable[str]) -> str:
    return ", ".join(f"`{path}`" for path in paths)


def _cells(module: LaneModule, modules: ModuleLanes) -> Iterator[str]:
    yield modules.lane_of(module) or "none"
    yield module.lane
    yield module.standing
    yield ", ".join(module.must)
    yield "; ".join(f"{criterion}: {reason}" for criterion, reason in module.set_aside.items())


def readiness(run: Run) -> str:
    """Of every module by verified evidence of HEAD. NoEvidence where there is none."""
    policy, checkout = run.policy.settings(PromotionPolicy), run.checkout
    commit = checkout.commit or ""
    found = of_all(read(usual_place(checkout.root, commit), commit, policy.public_keys(), policy.evidence))
    return "\n".join(tables.markdown(found, f"verified evidence of commit {commit[:12]}, of {run.today}"))


def part(page: str, name: str) -> str:
    """What stands between the marks of a part."""
    return _found(page, name)[1]


def with_part(page: str, name: str, text: str) -> str:
    """The page with this between them."""
    begin, end = _found(page, name).span(1)
    return page[:begin] + text + page[end:]


def _found(page: str, name: str) -> re.Match[str]:
    found = re.search(rf"<!-- {name}: [^\n]*-->\n\n(.*?)\n\n<!-- end of {name} -->", page, re.DOTALL)
    if found is None:
        raise SystemExit(f"{PAGE}: has no part '{name}'")
    return found


def main() -> int:
    """0 nothing differs, or it was written; 1 something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--check", action="store_true")
    how.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    run = Run(Policy.load(ROOT / "policies", ROOT), Checkout.open(ROOT), dt.date.today(), Store(None))  # noqa: DTZ011
    page = PAGE.read_text("utf-8")
    text = "\n".join(assignment(run))
    if asked.check:
        wrong = [*_drifted(page, text), *_other_modules(part(page, "readiness"), run)]
        sys.stderr.writelines(f"docs/lanes.md: {why}; run `scripts/lanes_page.py --write`\n" for why in wrong)
        return 1 if wrong else 0
    page = with_part(page, "assignment", text)
    try:
        page = with_part(page, "readiness", readiness(run))
    except NoEvidence as why:
        print(f"readiness stays as it was: {why}", file=sys.stderr)
    PAGE.write_text(page, "utf-8")
    return 0


def _drifted(page: str, text: str) -> Iterator[str]:
    if part(page, "assignment") != text:
        yield "lanes and modules are not what the policies and the tree say"


def _other_modules(told: str, run: Run) -> Iterator[str]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in told.split("\n") if line.startswith("|")]
    names = [module.name for module in run.policy.settings(PromotionPolicy).module]
    if [row[0] for row in rows[2:]] != names or rows[0][-len(CRITERIA) :] != list(CRITERIA):
        yield "the readiness is of other modules or criteria"


if __name__ == "__main__":
    raise SystemExit(main())
