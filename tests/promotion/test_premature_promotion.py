"""Nothing changes lane without a decision that is signed, of this content, and new; whatever is done to one is seen."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Callable

import pytest

from gates.attestation.envelope import Envelope, Signature, signed_bytes
from gates.errors import GatesError
from gates.evidence.signing import signer_of
from gates.facts.checkout import Checkout
from gates.facts.module_lanes import ModuleLanes
from gates.facts.store import Store
from gates.policy import Policy
from gates.report import Outcome
from gates.running import Run, run
from tests.promotion.conftest import GUESS, LANES, PROMOTION, TODAY, Key, Shop, run_git, write

PLACE = ".ci/promotions/guess.json"


def found(shop: Shop, base: str = "main~1") -> list[tuple[str, str]]:
    return [(finding.path, finding.subject) for finding in shop.asked(base).findings]


def said(shop: Shop) -> str:
    return " ".join(finding.message for finding in shop.asked("main~1").findings)


def test_a_tree_in_which_nothing_moved_is_left_alone(shop: Shop) -> None:
    write(shop.root, {"shop/till.py": "rate = 2\n", "shop/new.py": "", "labs/other.py": "idea = 2\n"})
    write(shop.root, {"policies/promotion.toml": (shop.root / "policies/promotion.toml").read_text().replace(
        '"shop/__init__.py"', '"shop/__init__.py", "shop/new.py"')})  # fmt: skip
    shop.commit()

    result = shop.asked("main~1")

    assert result.outcome is Outcome.PASSED, result.findings
    assert result.examined["modules with a lane"] == 3


def test_a_file_that_rises_without_a_decision_is_found(shop: Shop) -> None:
    shop.move()

    (finding,) = shop.asked("main~1").findings

    assert (finding.path, finding.subject) == ("shop/guess.py", "guess: candidate to production")
    assert "without a decision; `gates promote guess --to production --key KEY` writes one" in finding.message


def test_one_that_was_rewritten_on_the_way_is_found_by_its_name(shop: Shop) -> None:
    run_git(shop.root, "rm", "--quiet", "labs/guess.py")
    write(
        shop.root, {"shop/guess.py": "".join(f"def f{number}() -> int:\n    return {number}\n" for number in range(30))}
    )
    shop.commit()

    assert found(shop) == [("shop/guess.py", "guess: candidate to production")]


def test_one_that_took_the_place_of_another_is_found_by_its_content(shop: Shop) -> None:
    run_git(shop.root, "mv", "--force", "labs/idea.py", "shop/till.py")
    shop.commit()

    assert found(shop) == [("shop/till.py", "till: candidate to production")]


def test_a_glob_that_is_moved_from_lane_to_lane_moves_its_files(shop: Shop) -> None:
    write(shop.root, {"policies/lanes.toml": LANES.replace('["shop/**"]', '["shop/**", "labs/guess.py"]').replace(
        '["labs/**"]', '["labs/i*.py", "labs/_*.py"]')})  # fmt: skip
    shop.commit()

    assert found(shop) == [("labs/guess.py", "guess: candidate to production")]


def test_a_module_that_is_new_in_a_high_lane_is_found(shop: Shop) -> None:
    write(shop.root, {"shop/rates.py": "rate = 1\n"})
    policy = (shop.root / "policies/promotion.toml").read_text("utf-8")
    more = '\n[[module]]\nname = "rates"\npaths = ["shop/rates.py"]\nlane = "production"\n'
    write(shop.root, {"policies/promotion.toml": policy + more})
    shop.commit()

    assert found(shop) == [("shop/rates.py", "rates: nowhere to production")]


def test_a_file_that_is_of_no_module_is_found(shop: Shop) -> None:
    write(shop.root, {"shop/rates.py": "rate = 1\n"})
    shop.commit()

    assert found(shop) == [("shop/rates.py", "no module: shop/rates.py")]


def test_a_module_above_the_lane_in_which_it_belongs_is_found(shop: Shop) -> None:
    write(shop.root, {"policies/promotion.toml": PROMOTION.replace("KEYS", "[]").replace(
        'lane = "production"\nstanding = "gated"\nmust = ["coverage"]', 'lane = "candidate"')})  # fmt: skip
    shop.commit()

    assert found(shop) == [("shop/__init__.py", "till: above candidate")]


def test_policies_that_move_in_the_same_change_hide_nothing(shop: Shop) -> None:
    run_git(shop.root, "mv", "policies", "rules")
    run_git(shop.root, "mv", "labs/guess.py", "shop/guess.py")
    shop.commit()
    policy, checkout = Policy.load(shop.root / "rules", shop.root), Checkout.open(shop.root, "main~1")

    result = run(policy, checkout, today=TODAY, only=["premature-promotion"], workers=1).result("premature-promotion")

    assert [finding.subject for finding in result.findings] == ["guess: candidate to production"]


def test_what_is_kept_of_policies_elsewhere_is_not_said_of_these(shop: Shop, tmp_path: Path) -> None:
    """Two trees with the same modules, the same base and the same words; one base has its lanes where they are read."""
    digests = set()
    for place in ("policies", "rules"):
        run_git(shop.root, "checkout", "--quiet", "-B", place, "main")
        if place != "policies":
            run_git(shop.root, "mv", "policies", place)
        run_git(shop.root, "mv", "labs/guess.py", "shop/guess.py")
        shop.commit()
        policy, checkout = Policy.load(shop.root / place, shop.root), Checkout.open(shop.root, "main")
        digests.add(Run(policy, checkout, TODAY, Store(None), workers=1).gatherer().get(ModuleLanes).digest)

    assert len(digests) == 2


def test_lanes_of_the_base_that_cannot_be_read_are_no_pass(shop: Shop) -> None:
    write(shop.root, {"policies/lanes.toml": "[[lane]]\nnaem = 'candidate'\n"})
    shop.commit("damaged")
    write(shop.root, {"policies/lanes.toml": LANES})
    run_git(shop.root, "mv", "labs/guess.py", "shop/guess.py")
    shop.commit("mended")

    result = shop.asked("main~1")

    assert result.outcome is Outcome.BROKEN
    assert "the base" in (result.reason or "")
    assert "has lanes that cannot be read" in (result.reason or "")
    assert "--base REF" in (result.reason or "")


def test_a_file_does_not_rise_by_way_of_a_lane_that_no_module_rises_through(shop: Shop) -> None:
    tools = '\n[[lane]]\nname = "tools"\npaths = ["tools/**"]\nmay_import = ["tools", "candidate", "production"]\n'
    write(shop.root, {"policies/lanes.toml": LANES + tools, "tools/__init__.py": ""})
    shop.commit("tools")
    run_git(shop.root, "mv", "labs/guess.py", "tools/guess.py")
    shop.commit("out of the lanes")
    assert found(shop) == []
    run_git(shop.root, "mv", "tools/guess.py", "shop/guess.py")
    shop.commit("and in again, further up")

    assert found(shop) == [("shop/guess.py", "guess: tools to production")]


def test_a_new_file_is_not_taken_for_a_tool_of_its_name_that_is_gone(shop: Shop) -> None:
    tools = '\n[[lane]]\nname = "tools"\npaths = ["tools/**"]\nmay_import = ["tools"]\n'
    write(shop.root, {"policies/lanes.toml": LANES + tools, "tools/idle.py": "def hum() -> int:\n    return 1\n"})
    write(shop.root, {"tools/run.py": ""})
    shop.commit("tools")
    run_git(shop.root, "rm", "--quiet", "tools/idle.py")
    write(shop.root, {"labs/idle.py": "".join(f"step_{number} = {number}\n" for number in range(30))})
    shop.commit("another of that name")

    assert found(shop) == []


def test_a_lane_that_only_the_promotion_policy_knows_is_said(shop: Shop) -> None:
    write(shop.root, {"policies/promotion.toml": 'lanes = ["candidat", "production"]\n'})
    shop.commit()

    result = shop.asked()

    assert result.outcome is Outcome.BROKEN
    assert "lanes names 'candidat', which is no lane of lanes.toml; did you mean 'candidate'?" in (result.reason or "")


def test_the_first_commit_of_a_repository_promotes_nothing(shop: Shop) -> None:
    assert shop.asked().outcome is Outcome.PASSED


# Decisions


@pytest.fixture
def decided(risen: Shop, tmp_path: Path, key: Key) -> Shop:
    """A clone in which `guess` rose and its decision is written, but for the commit."""
    from gates.cli.promoting import promote

    run_git(tmp_path, "clone", "--quiet", str(risen.root), "clone")
    shop = Shop(tmp_path / "clone")
    bundle = next((risen.root / ".gates/evidence").glob("*.zip"))
    words = ["-C", str(shop.root), "guess", "--to", "production", "--key", str(key.private)]
    assert promote.main([*words, "--evidence", str(bundle)], standalone_mode=False) == 0
    return shop


def test_with_its_decision_it_may_rise(decided: Shop) -> None:
    decided.commit("decided")

    assert decided.asked("main~2").findings == ()


def test_a_decision_holds_wherever_just_this_content_lies(decided: Shop) -> None:
    (decided.root / "shop/deep").mkdir()
    run_git(decided.root, "mv", "shop/guess.py", "shop/deep/guess.py")
    decided.commit("deeper")

    assert decided.asked("main~2").findings == ()


def test_a_decision_that_the_base_had_is_used_up(decided: Shop) -> None:
    decided.commit("decided")
    run_git(decided.root, "mv", "shop/guess.py", "labs/guess.py")
    decided.commit("taken back")
    run_git(decided.root, "mv", "labs/guess.py", "shop/guess.py")
    decided.commit("and up again")

    assert "is the decision that was there before" in said(decided)


def redone(decided: Shop, key: Path, change: Callable[[Any], None]) -> bytes:
    """The decision with a changed statement, signed by a key: the work of a forger who knows how."""
    statement = json.loads(Envelope.parse((decided.root / PLACE).read_bytes()).payload)
    change(statement)
    payload = json.dumps(statement, indent=1, sort_keys=True).encode() + b"\n"
    signer = signer_of(key)
    return Envelope(payload, (Signature(signer.key.keyid, signer.sign(signed_bytes(payload))),)).render()


def tampered(decided: Shop, content: bytes) -> str:
    write(decided.root, {PLACE: content})
    decided.commit("tampered")
    result = decided.asked("main~2")
    assert result.outcome is Outcome.FAILED
    return " ".join(finding.message for finding in result.findings)


def flipped_byte(content: bytes) -> bytes:
    table = json.loads(content)
    payload = bytearray(base64.b64decode(table["payload"]))
    place = payload.index(b"2026-11-23")
    payload[place] ^= 1
    table["payload"] = base64.b64encode(payload).decode()
    return json.dumps(table, indent=1, sort_keys=True).encode() + b"\n"


def other_signature(content: bytes) -> bytes:
    table = json.loads(content)
    table["signatures"][0]["sig"] = base64.b64encode(b"no signature").decode()
    return json.dumps(table, indent=1, sort_keys=True).encode() + b"\n"


def no_signature(content: bytes) -> bytes:
    return json.dumps({**json.loads(content), "signatures": []}, indent=1, sort_keys=True).encode() + b"\n"


def other_type(content: bytes) -> bytes:
    return json.dumps({**json.loads(content), "payloadType": "text/plain"}, indent=1, sort_keys=True).encode() + b"\n"


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (flipped_byte, "it is signed by none of the keys of the policy"),
        (other_signature, "it is signed by none of the keys of the policy"),
        (no_signature, "it has no signature"),
        (other_type, "payloadType is 'text/plain'"),
        (lambda content: content + b"\n", "it is not written as an envelope is written"),
        (lambda content: b"", "is no JSON"),
        (lambda content: content[:-40], "is no JSON"),
        (lambda content: content.replace(b'"payload"', b'"payload": "", "payload"', 1), "has the key 'payload' twice"),
    ],
    ids=["flipped", "signature", "unsigned", "type", "appended", "empty", "cut", "twice"],
)
def test_a_decision_that_was_tampered_with_is_none(decided: Shop, tamper: Callable[[bytes], bytes], says: str) -> None:
    assert says in tampered(decided, tamper((decided.root / PLACE).read_bytes()))


def of_another_module(statement: Any) -> None:
    statement["predicate"]["properties"][0] = "LUKHAS_GATES_MODULE_TILL"


def of_another_lane(statement: Any) -> None:
    statement["predicate"]["properties"][1] = "LUKHAS_GATES_LANE_CANDIDATE"


def of_two_lanes(statement: Any) -> None:
    statement["predicate"]["properties"].append("LUKHAS_GATES_LANE_CANDIDATE")


def without_a_criterion(statement: Any) -> None:
    statement["predicate"]["properties"].remove("LUKHAS_GATES_CRITERION_DRILL")


def of_other_content(statement: Any) -> None:
    statement["subject"][-1]["digest"]["gitBlob"] = "a1" + statement["subject"][-1]["digest"]["gitBlob"][2:]


def of_a_file_less(statement: Any) -> None:
    del statement["subject"][-1]


def of_a_file_more(statement: Any) -> None:
    statement["subject"].append({**statement["subject"][-1], "name": "shop/other.py"})


def without_evidence(statement: Any) -> None:
    del statement["subject"][2]


def pending(statement: Any) -> None:
    statement["subject"][2]["digest"]["sha256"] = "pending"


def another_predicate(statement: Any) -> None:
    statement["predicateType"] = "https://in-toto.io/attestation/test-result/v0.1"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (of_another_module, "it decides something else"),
        (of_another_lane, "it decides something else"),
        (of_two_lanes, "it decides something else"),
        (without_a_criterion, "it does not say LUKHAS_GATES_CRITERION_DRILL"),
        (of_other_content, "it is of other content"),
        (of_a_file_less, "it is of other content"),
        (of_a_file_more, "it is of other content"),
        (without_evidence, "its first subjects are not commit, tree, manifest.json"),
        (pending, "sha256 is 'pending', which is a placeholder"),
        (another_predicate, "predicateType is"),
    ],
)
def test_a_decision_of_something_else_is_none_even_if_it_is_signed(
    decided: Shop, key: Key, change: Callable[[Any], None], says: str
) -> None:
    assert says in tampered(decided, redone(decided, key.private, change))


def test_a_decision_by_another_key_is_none(decided: Shop, other_key: Key) -> None:
    content = redone(decided, other_key.private, lambda statement: None)

    assert "it is signed by none of the keys of the policy" in tampered(decided, content)


def test_a_decision_does_not_hold_for_what_was_changed_since(decided: Shop) -> None:
    write(decided.root, {"shop/guess.py": GUESS + "\n\nlate = True\n"})
    decided.commit("changed since")

    assert "is no decision of it: it is of other content: guess.py" in " ".join(
        finding.message for finding in decided.asked("main~2").findings
    )


def test_where_nobody_may_decide_no_decision_counts(decided: Shop) -> None:
    write(decided.root, {"policies/promotion.toml": PROMOTION.replace("KEYS", "[]")})
    decided.commit("no keys")

    result = decided.asked("main~2")

    assert "the policy names no key whose decisions count" in result.findings[0].message


def test_what_goes_up_does_not_go_down(shop: Shop, key: Key) -> None:
    from gates.cli.promoting import promote

    shop.record()
    shop.bundle(key.private)
    words = ["-C", str(shop.root), "guess", "--to", "production", "--down", "--key", str(key.private)]

    with pytest.raises(GatesError, match="guess lies in candidate, and production is further up; leave --down out"):
        promote.main(words, standalone_mode=False)
    assert not (shop.root / PLACE).exists()


def test_a_module_goes_down_by_a_decision_that_asks_nothing(decided: Shop, key: Key, tmp_path: Path) -> None:
    decided.commit("decided")
    run_git(decided.root, "mv", "shop/guess.py", "labs/guess.py")
    decided.commit("down")
    assert found(decided) == [("labs/guess.py", "guess: production to candidate")]

    from gates.cli.promoting import promote

    decided.bundle(key.private)
    words = ["-C", str(decided.root), "guess", "--to", "candidate", "--down", "--key", str(key.private)]
    assert promote.main(words, standalone_mode=False) == 0
    decided.commit("decided")
    assert decided.asked("main~2").findings == ()
