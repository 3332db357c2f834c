"""Public keys, and whether a signature is theirs: Ed25519, and whatever `ssh-keygen` signs with.

Nothing but Python's library and programs of the system is needed: where the package cryptography is not installed
`openssl` (3.0 or newer) for an Ed25519 key, `ssh-keygen` (8.2 or newer) for an SSH key; for one of another kind always.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Union

from gates.attestation import ssh_signature
from gates.errors import GatesError

NAMESPACE = "gates-evidence"
"""What SSH signatures are made for: one for a git commit, or for a file, is none for evidence."""

# A SubjectPublicKeyInfo of Ed25519 (RFC 8410) is these bytes, and the 32 of the key.
_ED25519 = bytes.fromhex("302a300506032b6570032100")
_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
_SSH_KINDS = ("ssh-", "ecdsa-", "sk-")
_MOST_BYTES = 100_000


class CannotCheck(GatesError):
    """There is no program here that could tell."""


@dataclass(frozen=True)
class Ed25519Key:
    """An Ed25519 public key, 32 bytes."""

    raw: bytes

    @property
    def keyid(self) -> str:
        """SHA-256 over the key as PEM files have it."""
        return hashlib.sha256(_ED25519 + self.raw).hexdigest()

    def pem(self) -> bytes:
        """The key as a PEM file."""
        body = base64.b64encode(_ED25519 + self.raw).decode("ascii")
        return f"{_BEGIN}\n{body}\n{_END}\n".encode("ascii")

    def has_signed(self, data: bytes, signature: bytes) -> bool:
        """Whether the signature over the data is of this key. CannotCheck where nothing here can tell."""
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError:
            return self.openssl_says(data, signature)
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True

    def openssl_says(self, data: bytes, signature: bytes) -> bool:
        """The same, asked of `openssl`, where there is no library for it."""
        if len(signature) != 64:
            return False
        with tempfile.TemporaryDirectory(prefix="gates-") as folder:
            for name, content in (("key", self.pem()), ("signature", signature), ("data", data)):
                Path(folder, name).write_bytes(content)
            arguments = "pkeyutl -verify -pubin -inkey key -rawin -in data -sigfile signature".split()
            done = run_in(folder, "openssl", arguments)
        if b"Signature Verified" in done.stdout:
            return True
        if b"Signature Verification Failure" in done.stdout + done.stderr:
            return False
        raise CannotCheck(f"this openssl cannot check Ed25519 ({_last(done.stderr)}); 3.0 and newer can")


@dataclass(frozen=True)
class SshKey:
    """A public key as OpenSSH writes it: its kind, and the key in base64."""

    kind: str
    blob: str

    @property
    def keyid(self) -> str:
        """The fingerprint that `ssh-keygen -l` shows."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")

    def has_signed(self, data: bytes, signature: bytes) -> bool:
        """Whether the signature over the data is of this key. CannotCheck where nothing here can tell."""
        if self.kind == "ssh-ed25519" and has_library():
            try:
                found = ssh_signature.parts(signature, NAMESPACE.encode("ascii"), data)
                key = Ed25519Key(ssh_signature.raw_key(found.key))
            except ValueError:
                return False
            is_mine = found.key == base64.b64decode(self.blob)
            return is_mine and key.has_signed(found.signed, found.signature)
        return self.ssh_keygen_says(data, signature)

    def ssh_keygen_says(self, data: bytes, signature: bytes) -> bool:
        """The same, asked of `ssh-keygen`: for keys of other kinds, and where there is no library."""
        with tempfile.TemporaryDirectory(prefix="gates-") as folder:
            allowed = f'{NAMESPACE} namespaces="{NAMESPACE}" {self.kind} {self.blob}\n'
            Path(folder, "allowed").write_text(allowed, "ascii")
            Path(folder, "signature").write_bytes(signature)
            arguments = ["-Y", "verify", "-f", "allowed", "-I", NAMESPACE, "-n", NAMESPACE, "-s", "signature"]
            done = run_in(folder, "ssh-keygen", arguments, data)
        if b"unknown option" in done.stderr or b"illegal option" in done.stderr:
            raise CannotCheck("this ssh-keygen checks no signatures; 8.2 and newer do")
        return done.returncode == 0


def has_library() -> bool:
    """Whether the package cryptography is there."""
    return find_spec("cryptography") is not None


PublicKey = Union[Ed25519Key, SshKey]


def read_public_key(path: Path) -> PublicKey:
    """An Ed25519 key in a PEM file, or an SSH key in a `.pub` file. GatesError for what is neither."""
    try:
        content = path.read_bytes()[:_MOST_BYTES].decode("ascii", "replace")
    except OSError as error:
        raise GatesError(f"{path}: cannot be read ({error.strerror})") from None
    return public_key(content, str(path))


def public_key(text: str, place: str) -> PublicKey:
    """The same key, from the text of such a file; `place` is how an error calls it."""
    content = text.strip()
    if "PRIVATE KEY" in content:
        raise GatesError(f"{place}: is a private key; to check, the public one is needed, and nothing else")
    if content.startswith(_BEGIN) and content.endswith(_END):
        der = _from_base64("".join(content[len(_BEGIN) : -len(_END)].split()))
        if der.startswith(_ED25519) and len(der) == len(_ED25519) + 32:
            return Ed25519Key(der[len(_ED25519) :])
        raise GatesError(f"{place}: is a public key of another kind than Ed25519")
    words = content.split()
    if len(words) > 1 and words[0].startswith(_SSH_KINDS) and len(content.splitlines()) == 1:
        named = words[0].encode("ascii", "replace")
        if _from_base64(words[1])[4 : 4 + len(named)] == named:  # (its length stands before it)
            return SshKey(words[0], words[1])
    raise GatesError(f"{place}: is no public key; it must be a PEM file of an Ed25519 key, or one line of OpenSSH")


def run_in(folder: str, program: str, arguments: list[str], data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """A program of the system, with what it said. CannotCheck where there is none."""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            [program, *arguments], cwd=folder, env=environment, input=data, capture_output=True, check=False
        )
    except FileNotFoundError:
        raise CannotCheck(f"there is no `{program}` here") from None
    except OSError as error:
        raise CannotCheck(f"`{program}` cannot be started ({error.strerror})") from None


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _last(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it says nothing"
