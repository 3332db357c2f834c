"""The verifier as one file, for whoever has Python (3.9 or newer) and not this package: published with a release."""

from __future__ import annotations

from pathlib import Path

import gates
from gates.attestation import archive
from gates.evidence.writing import write_whole

_SHEBANG = b"#!/usr/bin/env python3\n"
_MAIN = b"import sys\n\nfrom gates.attestation.command import main\n\nsys.exit(main())\n"
# What the verifier needs beside the package attestation.
_BESIDE = ("errors.py",)


def write_verifier(out: Path) -> Path:
    """Write it; the same bytes for the same code. `python gates-verify.pyz BUNDLE --key K --commit SHA` runs it."""
    write_whole(out, verifier())
    out.chmod(0o755)
    return out


def verifier() -> bytes:
    """A zip archive that Python runs."""
    package = Path(gates.__file__).parent
    sources = [*(package / "attestation").glob("*.py"), *(package / name for name in _BESIDE)]
    files = {f"gates/{source.relative_to(package).as_posix()}": source.read_bytes() for source in sources}
    version = f'"""The verifier of lukhas-gates {gates.__version__}."""\n'.encode("ascii")
    return _SHEBANG + archive.packed({**files, "gates/__init__.py": version, "__main__.py": _MAIN})
