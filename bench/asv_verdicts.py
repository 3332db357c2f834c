"""Which of two sets of samples asv calls worse: `asv continuous` without asv's own way of making the samples.

Run by bench/measuring.py in the environment where asv is; JSON in, JSON out.
"""

from __future__ import annotations

import json
import sys

from asv.commands.compare import _is_result_better
from asv_runner.statistics import compute_stats


def main() -> None:
    """For each pair (before, now): whether asv would say that it became worse."""
    asked = json.load(sys.stdin)
    slower = []
    for before, now in asked["pairs"]:
        a, a_stats = compute_stats(before, 1)
        b, b_stats = compute_stats(now, 1)
        slower.append(bool(_is_result_better(a, b, (a_stats, before), (b_stats, now), asked["factor"])))
    json.dump(slower, sys.stdout)


if __name__ == "__main__":
    main()
