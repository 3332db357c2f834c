"""The verifier by itself: one file that needs Python's library and nothing else (see gates/evidence/verifier.py)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from gates.attestation.keys import read_public_key
from gates.attestation.verify import verify
from gates.errors import GatesError


def main(words: Optional[Sequence[str]] = None) -> int:
    """Check a bundle: 0 verified, 1 rejected, 2 what was asked makes no sense, 3 could not check."""
    parser = argparse.ArgumentParser(
        prog="gates-verify",
        description="Check a bundle of evidence by itself alone.",
        epilog="Exit codes: 0 verified; 1 rejected; 2 what was asked makes no sense; 3 could not check.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--commit", metavar="SHA", help="the commit that it must be about")
    parser.add_argument("--digest", metavar="HEX", help="the manifest digest that it must have")
    parser.add_argument("--key", type=Path, metavar="FILE", help="the public key that must have signed it all")
    asked = parser.parse_args(words)
    try:
        key = read_public_key(asked.key) if asked.key is not None else None
        found = verify(asked.bundle, asked.commit, asked.digest, key)
    except GatesError as error:
        parser.exit(2, f"gates-verify: {error}\n")
    print(found.text)
    return found.exit_code
