"""One report that holds something of everything, for the goldens: renewed with `python -m tests.reporters.goldens`."""

from __future__ import annotations

import datetime as dt

from gates.baseline import Debt
from gates.finding import Finding
from gates.report import LaneMap, Level, Outcome, Report, Result
from gates.waiver import Waiver

LEGACY = Waiver(
    gate="dynamic-import",
    path="runtime/plugins/*.py",
    subject="importlib.*",
    reason="the legacy loader goes away with the plug-ins of 2025",
    owner="@plugins",
    ticket="T4-123",
    expires=dt.date(2027, 1, 31),
)

CROSS_LANE = Result(
    gate="cross-lane-import",
    level=Level.BLOCK,
    outcome=Outcome.FAILED,
    findings=(
        Finding(
            "runtime/recall.py",
            4,
            "production imports candidate.x, which is candidate",
            subject="candidate.x",
            column=1,
            trace=("runtime.recall", "candidate.x"),
        ),
        Finding(
            "runtime/answer.py",
            12,
            "production reaches candidate.folding.deep, which is candidate, through runtime.bridge",
            subject="runtime.bridge -> candidate",
            column=5,
            trace=("runtime.answer", "runtime.bridge", "runtime.memory.folding", "candidate.folding.deep"),
        ),
        Finding("notes/ça & <là>|`x`.py", 0, "is in no lane; map it in lanes.toml", subject="unmapped"),
    ),
    examined={"modules": 6739, "lanes": 3},
    digest="1f" * 16,
    seconds=0.412,
    inputs={"Modules": "aa" * 16, "Lanes": "bb" * 16},
)

DYNAMIC = Result(
    gate="dynamic-import",
    level=Level.WARN,
    outcome=Outcome.FAILED,
    findings=(
        Finding(
            "runtime/evil\x1b[31m\u202e.py",
            7,
            "`importlib.import_module(name)` outside the allowed modules: what it loads cannot be known here",
            subject="importlib.import_module(name)",
            column=9,
            fix='resolve("node:memory")',
            verdict="opaque",
        ),
        Finding(
            "runtime/evil\x1b[31m\u202e.py",
            9,
            "`importlib.import_module(name)` outside the allowed modules: what it loads cannot be known here",
            subject="importlib.import_module(name)",
            column=9,
            verdict="opaque",
        ),
    ),
    waived=(
        (
            Finding(
                "runtime/plugins/old.py", 3, "`importlib.reload(x)` outside the allowed modules", "importlib.reload(x)"
            ),
            LEGACY,
        ),
    ),
    owed=(Finding("scripts/load.py", 30, "`__import__(name)` outside the allowed modules", "__import__(name)", 4),),
    examined={"modules with loaders": 41},
    digest="2e" * 16,
    seconds=0.05,
    inputs={"DynamicImports": "cc" * 16},
)

REPORT = Report(
    version="0.1.0",
    results=(
        CROSS_LANE,
        DYNAMIC,
        Result(
            gate="unparsable-module",
            level=Level.BLOCK,
            outcome=Outcome.BROKEN,
            examined={"modules": 6739},
            seconds=1.25,
            reason="1 of the files could not be judged; runtime/odd.py: needs Python 3.14",
        ),
        Result(
            gate="swallowed-failure",
            level=Level.BLOCK,
            outcome=Outcome.VACUOUS,
            examined={"handlers": 0},
            digest="3d" * 16,
            reason="there are no handlers to look at",
            excused="--changed: no changed file concerns it",
        ),
        Result("waiver", Level.BLOCK, Outcome.PASSED, examined={"waivers": 1}, digest="4c" * 16),
        Result(
            gate="baseline",
            level=Level.BLOCK,
            outcome=Outcome.PASSED,
            examined={"debts": 4},
            digest="5b" * 16,
            notes=("3 paid off; `gates baseline` takes them out of .ci/baseline.json",),
        ),
    ),
    commit="0123456789abcdef0123456789abcdef01234567",
    tree="89abcdef0123456789abcdef0123456789abcdef",
    base="fedcba9876543210fedcba9876543210fedcba98",
    dirty=("runtime/recall.py",),
    today="2026-11-22",
    paid_off=(
        Debt("dynamic-import", "scripts/load.py", "__import__(name)", 2),
        Debt("swallowed-failure", "scripts/load.py", "main: Exception", 1),
    ),
    notes=("shallow clone: what lies before it cannot be compared with",),
    lanes=LaneMap(
        modules={"candidate": 120, "production": 6200, "tools": 419},
        may_import={
            "candidate": ("candidate", "production"),
            "production": ("production",),
            "tools": ("tools", "production", "candidate"),
        },
        edges={
            ("candidate", "candidate"): 300,
            ("candidate", "production"): 57,
            ("production", "production"): 24011,
            ("production", "candidate"): 2,
            ("tools", "production"): 1204,
        },
    ),
    lines={
        ("runtime/recall.py", 4): "from candidate import x",
        ("runtime/answer.py", 12): "    from runtime import bridge  # | `later`",
        ("runtime/evil\x1b[31m\u202e.py", 7): "\tpart = importlib.import_module(name)\x07",
    },
)

CALM = Report(
    version="0.1.0",
    results=(
        Result("cross-lane-import", Level.BLOCK, Outcome.PASSED, examined={"modules": 6739, "lanes": 3}, seconds=0.4),
        Result("waiver", Level.BLOCK, Outcome.PASSED, examined={"waivers": 1}),
    ),
    commit="0123456789abcdef0123456789abcdef01234567",
    today="2026-11-22",
)
