"""Signs a bundle: each attestation, and the decision that binds them all, in envelopes that are added to it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Callable, NamedTuple

from gates.attestation import archive
from gates.attestation.envelope import Envelope, Signature, signed_bytes
from gates.attestation.keys import NAMESPACE, CannotCheck, Ed25519Key, PublicKey, read_public_key, run_in
from gates.attestation.manifest import SIGNATURES
from gates.attestation.signatures import payloads
from gates.attestation.verify import verify_bytes
from gates.errors import GatesError
from gates.evidence.writing import write_whole

_PEM = "-----BEGIN PRIVATE KEY-----"
_SSH = "-----BEGIN OPENSSH PRIVATE KEY-----"


class Signer(NamedTuple):
    """A public key, and what signs with the private one."""

    key: PublicKey
    sign: Callable[[bytes], bytes]


def sign(bundle: Path, key: Path, out: Path) -> PublicKey:
    """Write the bundle anew with signatures, in place of those it had; the public key that checks them.

    `key` is an Ed25519 private key in a PEM file, an SSH private key, or an SSH public key whose private one an agent
    holds. GatesError for another, and for a bundle that does not verify: nobody should sign that.
    """
    try:
        raw = bundle.read_bytes()
    except OSError as error:
        raise GatesError(f"{bundle}: cannot be read ({error.strerror})") from None
    signer = signer_of(key)
    write_whole(out, signed(raw, signer))
    return signer.key


def signed(raw: bytes, signer: Signer) -> bytes:
    """The bytes of the bundle with signatures."""
    found = verify_bytes(raw)
    for problem in found.problems:
        raise GatesError(f"the bundle does not verify, so it is not signed: {problem}")
    assert found.manifest is not None
    files = {name: content for name, content in archive.read(raw).members if not name.startswith(SIGNATURES)}
    wanted = payloads(found.manifest, found.digest, files, found.results)
    content = archive.packed({**files, **_envelopes(wanted, signer)})
    for problem in verify_bytes(content, key=signer.key).problems:
        raise GatesError(f"what was signed does not verify, so it is not written: {problem}")
    return content


def _envelopes(wanted: Mapping[str, bytes], signer: Signer) -> dict[str, bytes]:
    return {
        name: Envelope(payload, (Signature(signer.key.keyid, signer.sign(signed_bytes(payload))),)).render()
        for name, payload in wanted.items()
    }


def signer_of(path: Path) -> Signer:
    """The signer with this key. GatesError where it is none, or nothing here can sign with it."""
    try:
        content = path.read_text("ascii", "replace")
    except OSError as error:
        raise GatesError(f"{path}: cannot be read ({error.strerror})") from None
    if content.startswith(_PEM):
        return _ed25519(path, content)
    if content.startswith(_SSH):
        return Signer(read_public_key(_public_half(path)), lambda data: _signed_by_ssh(path, data))
    if "PRIVATE KEY" in content:
        raise GatesError(f"{path}: is a private key of another kind; it must be Ed25519 (PKCS #8, PEM) or OpenSSH's")
    key = read_public_key(path)
    if isinstance(key, Ed25519Key):
        raise GatesError(f"{path}: is a public key; to sign, the private one is needed")
    return Signer(key, lambda data: _signed_by_ssh(path, data))


def _public_half(path: Path) -> Path:
    public = path.with_name(f"{path.name}.pub")
    if not public.is_file():
        raise GatesError(f"{public}: is missing; `ssh-keygen -y -f {path} > {public}` makes it of the private key")
    return public


def _ed25519(path: Path, content: str) -> Signer:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        raise GatesError("to sign with an Ed25519 key, cryptography is needed: pip install 'lukhas-gates[sign]'; or "
                         "sign with an SSH key, which asks ssh-keygen") from None  # fmt: skip
    try:
        private = serialization.load_pem_private_key(content.encode("ascii"), None)
    except (ValueError, TypeError) as error:
        raise GatesError(f"{path}: cannot be read as a private key ({error})") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise GatesError(f"{path}: is a private key of another kind than Ed25519")
    return Signer(Ed25519Key(private.public_key().public_bytes_raw()), private.sign)


def _signed_by_ssh(path: Path, data: bytes) -> bytes:
    with tempfile.TemporaryDirectory(prefix="gates-") as folder:
        Path(folder, "data").write_bytes(data)
        try:
            done = run_in(folder, "ssh-keygen", ["-Y", "sign", "-f", str(path.absolute()), "-n", NAMESPACE, "data"])
        except CannotCheck as missing:
            raise GatesError(f"{missing}; it is needed to sign with an SSH key") from None
        signature = Path(folder, "data.sig")
        if done.returncode or not signature.is_file():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it says nothing"]
            raise GatesError(f"{path}: ssh-keygen does not sign with it: {said[-1]}")
        return signature.read_bytes()
