"""What holds for every test: a property is not judged by the clock, and there is no network."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import settings

from tests.without_network import leave

settings.register_profile("untimed", deadline=None)
# `make coverage` asks for it: a recording says the same of the same code, whatever examples another run would think of.
settings.register_profile("recorded", deadline=None, derandomize=True)
settings.load_profile("untimed")

# Kingfisher compiles its rules when it is first started, which takes seconds: once for all tests.
os.environ.setdefault("KF_RULE_CACHE_DIR", str(Path(__file__).parents[1] / ".gates" / "cache" / "kingfisher"))

# Before anything is started; tests/unit/test_without_network.py says where the machine does not allow it.
leave()
