"""What holds for every test: a property is not judged by the clock."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Kingfisher compiles its rules when it is first started, which takes seconds: once for all tests.
os.environ.setdefault("KF_RULE_CACHE_DIR", str(Path(__file__).parents[1] / ".gates" / "cache" / "kingfisher"))
