"""Figures of a run with something of everything, as gates/evidence/figures.py gives them."""

from __future__ import annotations

from typing import Any

COMMIT = "0" * 40
FIGURES: dict[str, Any] = {
    "schema": 1,
    "recordings": {
        "coverage": {"made_by": "make coverage", "files": {}, "lacking": {}},
        "timings": {"made_by": "make measure", "files": {}, "lacking": {}},
    },
    "change": {
        "shop/till.py": {"statements": 40, "measured": True, "missed": []},
        "shop/<guess>.py": {"statements": 60, "measured": True, "missed": [4, 7, *range(100, 120)]},
        "shop/silent.py": {"statements": 3, "measured": False, "missed": []},
    },
    "budgets": [
        {"name": "ask", "benchmark": "t.py::test_ask", "quantile": "p50", "limit": 0.1, "estimate": 0.061,
         "lower": 0.055, "upper": 0.07},
        {"name": "ask", "benchmark": "t.py::test_ask", "quantile": "p95", "limit": 0.25, "estimate": 0.2,
         "lower": 0.18, "upper": 0.31},
        {"name": "ask", "benchmark": "t.py::test_ask", "quantile": "p99", "limit": 0.5, "estimate": 0.25,
         "lower": 0.2, "upper": None},
        {"name": "pay", "benchmark": "t.py::test_pay", "quantile": "p95", "limit": 0.01},
    ],
    "bill": {
        "components": 136,
        "base": COMMIT,
        "lock": "requirements.txt",
        "changes": [
            {"name": "useful", "kind": "upgraded", "before": ["1.0"], "now": ["1.1"], "licence": ["MIT"]},
            {"name": "new", "kind": "added", "before": [], "now": ["2.0"], "licence": []},
            {"name": "old", "kind": "removed", "before": ["0.3"], "now": [], "licence": []},
        ],
    },
    "trend": {
        "t.py::test_ask": [
            {"date": f"2026-11-{day:02}", "commit": COMMIT, "machine": "m", "p50": 0.06, "p95": 0.1 + day / 200}
            for day in range(1, 23)
        ],
        "t.py::test_new": [],
    },
}  # fmt: skip
