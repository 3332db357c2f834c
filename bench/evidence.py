"""How long a bundle takes to be verified, beyond the start of Python: as it is, and signed with a key of each kind.

python -m bench.evidence BUNDLE [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Optional

from bench.machine import machine
from gates.attestation import archive
from gates.attestation.keys import PublicKey, read_public_key
from gates.attestation.verify import verify_bytes
from gates.evidence.signing import signed, signer_of

MOST = 50.0


def taken(raw: bytes, key: Optional[PublicKey], rounds: int) -> float:
    """The median of so many verifications, in milliseconds."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        found = verify_bytes(raw, key=key)
        took.append((time.perf_counter() - began) * 1000)
        if found.exit_code != 0:
            raise SystemExit(found.text)
    return statistics.median(took)


def keys(folder: Path) -> dict[str, tuple[Path, Path]]:
    """A private key and its public half, by kind."""
    ssh, pem, public = folder / "ssh", folder / "key.pem", folder / "public.pem"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ssh], check=True)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", pem], check=True)
    subprocess.run(["openssl", "pkey", "-in", pem, "-pubout", "-out", public], check=True)
    return {"Ed25519": (pem, public), "SSH": (ssh, ssh.with_name("ssh.pub"))}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.evidence", description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--rounds", type=int, default=15, metavar="N")
    asked = parser.parse_args()
    raw = asked.bundle.read_bytes()
    print(f"{machine()}\n\n| bundle | files | verified in |\n| --- | ---: | ---: |")
    print(f"| not signed | {len(archive.read(raw).members)} | {taken(raw, None, asked.rounds):.1f} ms |")
    with tempfile.TemporaryDirectory() as folder:
        for kind, (private, public) in keys(Path(folder)).items():
            content = signed(raw, signer_of(private))
            many, took = len(archive.read(content).members), taken(content, read_public_key(public), asked.rounds)
            print(f"| signed, {kind} | {many} | {took:.1f} ms |")
    print(f"\nat most: {MOST:.0f} ms")


if __name__ == "__main__":
    main()
