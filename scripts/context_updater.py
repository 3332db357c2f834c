#!/usr/bin/env python3
"""A door to `gates context`: scripts/context_updater.py --check, or --write."""

from __future__ import annotations

import sys

from gates.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["context"]
    sys.exit(main())
