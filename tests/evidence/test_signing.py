"""A signed bundle is of the key that it is said to be of, as a whole: whatever is done to it afterwards is rejected."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

import pytest
from click.testing import CliRunner

from gates.attestation import archive
from gates.attestation.envelope import Envelope, Signature
from gates.attestation.keys import Ed25519Key, SshKey, read_public_key
from gates.attestation.verify import Verification, verify_bytes
from gates.cli.evidence import evidence
from gates.errors import GatesError
from gates.evidence.signing import sign, signed, signer_of
from gates.evidence.verifier import write_verifier

DECISION = "signatures/decision.dsse.json"
ONE = "signatures/attestations/dynamic-import.dsse.json"
KINDS = ("ed25519", "ssh")


@dataclasses.dataclass(frozen=True)
class Pair:
    """A private key with the public one that checks it."""

    private: Path
    public: Path


def made(folder: Path, kind: str, name: str) -> Pair:
    private = folder / name
    if kind == "ssh":
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "t@example.org", "-f", str(private)]
        subprocess.run(command, check=True)
        return Pair(private, private.with_name(f"{name}.pub"))
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    public = private.with_name(f"{name}.pem")
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return Pair(private, public)


@pytest.fixture(scope="module", params=KINDS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return made(tmp_path_factory.mktemp("keys"), request.param, "key")


@pytest.fixture(scope="module")
def whole(raw: bytes, pair: Pair) -> bytes:
    return signed(raw, signer_of(pair.private))


def files_of(content: bytes) -> dict[str, bytes]:
    return dict(archive.read(content).members)


def checked(files: Mapping[str, bytes], pair: Pair) -> Verification:
    return verify_bytes(archive.packed(dict(files)), key=read_public_key(pair.public))


def test_a_signed_bundle_is_verified_with_the_key_and_says_whose_it_is(whole: bytes, pair: Pair, judged: Any) -> None:
    key = read_public_key(pair.public)

    found = verify_bytes(whole, judged.report.commit, key=key)

    assert found.problems == ()
    assert found.exit_code == 0
    assert found.signed_by == key.keyid
    assert f"signed by {key.keyid}" in found.text


def test_each_attestation_and_the_decision_is_signed(whole: bytes) -> None:
    attested = {name for name in files_of(whole) if name.startswith("attestations/")}

    assert {name for name in files_of(whole) if name.startswith("signatures/")} == {
        DECISION,
        *(f"signatures/{name[: -len('.json')]}.dsse.json" for name in attested),
    }


def test_the_decision_says_what_passed_and_binds_commit_tree_and_manifest(whole: bytes, judged: Any) -> None:
    decided = Envelope.parse(files_of(whole)[DECISION]).payload.decode()

    assert '"predicateType": "https://in-toto.io/attestation/svr/v0.2"' in decided
    assert '"LUKHAS_GATES_UNPARSABLE_MODULE"' in decided
    assert "LUKHAS_GATES_NONE_FAILED" in decided
    assert "LUKHAS_GATES_DYNAMIC_IMPORT" not in decided  # (it failed, at level warn)
    for bound in (judged.report.commit, judged.report.tree, verify_bytes(whole).digest):
        assert bound in decided


def test_the_same_bundle_and_key_give_the_same_bytes(whole: bytes, raw: bytes, pair: Pair) -> None:
    assert signed(raw, signer_of(pair.private)) == whole
    assert signed(whole, signer_of(pair.private)) == whole


def test_without_the_key_signatures_are_said_not_to_be_checked(whole: bytes) -> None:
    found = verify_bytes(whole)

    assert found.exit_code == 0
    assert found.signed_by is None
    assert "not checked: 7 signatures (to check them, name the key: --key)" in found.text


def test_a_bundle_that_is_not_signed_is_rejected_where_a_key_is_asked_for(raw: bytes, pair: Pair) -> None:
    found = verify_bytes(raw, key=read_public_key(pair.public))

    assert found.problems == ("it is not signed (signatures/decision.dsse.json is missing)",)


@pytest.mark.parametrize("kind", KINDS)
def test_another_key_is_another_author(whole: bytes, kind: str, tmp_path: Path) -> None:
    other = made(tmp_path, kind, "other")

    found = verify_bytes(whole, key=read_public_key(other.public))

    assert found.exit_code == 1
    assert f"{DECISION}: is not signed by the key {read_public_key(other.public).keyid}" in found.text


def flipped(files: dict[str, bytes], name: str) -> None:
    envelope = Envelope.parse(files[name])
    payload = envelope.payload.replace(b"PASSED", b"WARNED", 1).replace(b"WARNED", b"PASSED", 1)
    payload = payload if payload != envelope.payload else payload.replace(b"a", b"b", 1)
    files[name] = Envelope(payload, envelope.signatures).render()


def resigned(files: dict[str, bytes], name: str) -> None:
    envelope = Envelope.parse(files[name])
    files[name] = Envelope(envelope.payload, (Signature(envelope.signatures[0].keyid, b"x" * 64),)).render()


def joined(files: dict[str, bytes], name: str) -> None:
    envelope = Envelope.parse(files[name])
    files[name] = Envelope(envelope.payload, (*envelope.signatures, Signature("somebody else", b"y" * 64))).render()


TAMPERINGS: dict[str, tuple[Callable[[dict[str, bytes]], Any], str]] = {
    "the decision dropped": (lambda files: files.pop(DECISION), f"{DECISION}: is missing"),
    "a signed attestation dropped": (lambda files: files.pop(ONE), f"{ONE}: is missing"),
    "one added": (
        lambda files: files.update({"signatures/x.dsse.json": files[ONE]}),
        "signatures/x.dsse.json: was added",
    ),
    "a payload flipped": (lambda files: flipped(files, ONE), f"{ONE}: signs something else"),
    "the decision flipped": (lambda files: flipped(files, DECISION), f"{DECISION}: is not signed by the key"),
    "a signature replaced": (lambda files: resigned(files, DECISION), f"{DECISION}: is not signed by the key"),
    "a signature joined": (lambda files: joined(files, DECISION), f"{DECISION}: has 2 signatures"),
    "two exchanged": (lambda files: files.update({ONE: files[DECISION]}), f"{ONE}: signs something else"),
    "no envelope": (lambda files: files.update({ONE: b"{}"}), f"{ONE}: it has no 'payload'"),
    "written otherwise": (lambda files: files.update({ONE: files[ONE] + b" "}), f"{ONE}: is not written as"),
    "a report edited": (
        lambda files: files.update({"report.json": files["report.json"].replace(b"lab", b"lob")}),
        "report.json: was changed",
    ),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_what_is_done_to_a_signed_bundle_is_noticed(whole: bytes, pair: Pair, tampering: str) -> None:
    tamper, complaint = TAMPERINGS[tampering]
    files = files_of(whole)
    tamper(files)

    found = checked(files, pair)

    assert found.exit_code == 1
    assert complaint in "\n".join(found.problems)


WITHOUT_A_KEY = sorted(TAMPERINGS.keys() - {"a signature replaced"})


@pytest.mark.parametrize("tampering", WITHOUT_A_KEY)
def test_all_but_who_signed_is_noticed_without_the_key(whole: bytes, tampering: str) -> None:
    files = files_of(whole)
    TAMPERINGS[tampering][0](files)

    assert verify_bytes(archive.packed(files)).exit_code == 1


def test_signatures_of_another_commit_are_no_signatures_of_this_one(
    whole: bytes, pair: Pair, clone: Any, git: Any, judge: Any
) -> None:
    other = clone("other")
    (other / "lab" / "more.py").write_text("", "utf-8")
    git(other, "add", "-A")
    git(other, "commit", "-q", "-m", "second")
    files = {**files_of(judge(other).bundled()), **{n: c for n, c in files_of(whole).items() if n.startswith("sign")}}

    found = checked(files, pair)

    assert f"{DECISION}: signs something else than what this bundle says" in found.problems


def test_an_ssh_signature_for_another_purpose_is_none(raw: bytes, tmp_path: Path) -> None:
    pair = made(tmp_path, "ssh", "key")
    files = files_of(signed(raw, signer_of(pair.private)))
    envelope = Envelope.parse(files[DECISION])
    data = tmp_path / "data"
    data.write_bytes(b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(envelope.payload), envelope.payload))
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", pair.private, "-n", "git", data], check=True)
    forged = (Signature(envelope.signatures[0].keyid, data.with_name("data.sig").read_bytes()),)
    files[DECISION] = Envelope(envelope.payload, forged).render()

    assert f"{DECISION}: is not signed by the key" in checked(files, pair).text


def test_where_nothing_can_check_the_answer_is_that_it_could_not(
    whole: bytes, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = read_public_key(pair.public)
    # As where the library is not installed.
    monkeypatch.setattr(Ed25519Key, "has_signed", Ed25519Key.openssl_says)
    monkeypatch.setattr(SshKey, "has_signed", SshKey.ssh_keygen_says)
    monkeypatch.setenv("PATH", str(tmp_path))

    found = verify_bytes(whole, key=key)

    assert found.exit_code == 3
    assert "could not check: its signatures: there is no `" in found.text


def test_openssl_says_of_an_ed25519_signature_what_the_library_says(
    raw: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, other = made(tmp_path, "ed25519", "key"), made(tmp_path, "ed25519", "other")
    content = signed(raw, signer_of(pair.private))
    monkeypatch.setattr(Ed25519Key, "has_signed", Ed25519Key.openssl_says)

    assert verify_bytes(content, key=read_public_key(pair.public)).exit_code == 0
    assert "is not signed by the key" in verify_bytes(content, key=read_public_key(other.public)).text


def test_ssh_keygen_says_of_a_signature_what_is_read_off_it(tmp_path: Path) -> None:
    pair, other = made(tmp_path, "ssh", "key"), made(tmp_path, "ssh", "other")
    mine, theirs = read_public_key(pair.public), read_public_key(other.public)
    assert isinstance(mine, SshKey)
    assert isinstance(theirs, SshKey)
    good = signer_of(pair.private).sign(b"data")
    broken = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(40, len(good) - 40, 37)]
    cases = [(mine, b"data", good), (theirs, b"data", good), (mine, b"date", good), (mine, b"data", b"")]

    for key, data, signature in [*cases, *((mine, b"data", one) for one in broken)]:
        assert key.has_signed(data, signature) == key.ssh_keygen_says(data, signature)
    assert mine.has_signed(b"data", good)


def test_what_does_not_verify_is_not_signed(raw: bytes, pair: Pair) -> None:
    with pytest.raises(GatesError, match="does not verify, so it is not signed: 1 bytes are appended"):
        signed(raw + b"x", signer_of(pair.private))


def test_a_key_of_the_wrong_half_is_named(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(GatesError, match="is a private key; to check, the public one is needed"):
        read_public_key(pair.private)
    (tmp_path / "no.pem").write_text("hello\n", "utf-8")
    with pytest.raises(GatesError, match="is no public key; it must be a PEM file of an Ed25519 key, or one line of"):
        read_public_key(tmp_path / "no.pem")
    with pytest.raises(GatesError, match="cannot be read"):
        sign(tmp_path / "none.zip", pair.private, tmp_path / "out.zip")


def test_the_commands_sign_and_verify(raw: bytes, pair: Pair, tmp_path: Path) -> None:
    bundle = tmp_path / "evidence.zip"
    bundle.write_bytes(raw)

    done = CliRunner().invoke(evidence, ["sign", str(bundle), "--key", str(pair.private)], standalone_mode=False)
    told = CliRunner().invoke(evidence, ["verify", str(bundle), "--key", str(pair.public)], standalone_mode=False)

    assert done.exception is None
    assert (told.return_value, told.output.splitlines()[1][:9]) == (0, "signed by")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_verifier(tmp_path_factory.mktemp("verifier") / "gates-verify.pyz")


def test_the_verifier_in_one_file_needs_python_alone(
    whole: bytes, pair: Pair, alone: Path, tmp_path: Path, judged: Any
) -> None:
    (tmp_path / "good.zip").write_bytes(whole)
    (tmp_path / "bad.zip").write_bytes(whole.replace(b"swallowed", b"swallewed", 1))

    def said(*words: str) -> tuple[int, str]:
        command = [sys.executable, "-I", "-S", "gates-verify.pyz", *words]
        done = subprocess.run(command, cwd=alone.parent, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    key = ("--key", str(pair.public))
    good, bad, none = (str(tmp_path / name) for name in ("good.zip", "bad.zip", "none.zip"))
    assert said(good, *key, "--commit", judged.report.commit)[0] == 0
    assert "signed by" in said(good, *key)[1]
    assert said(bad, *key)[0] == 1
    assert said(none, *key)[0] == 3
    assert said(good, "--key", "none")[0] == 2
