"""The bill of materials holds every component that is locked, and of each what it takes to answer for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.checks.supply.incomplete_bill import IncompleteBill
from gates.cli.bill import differences, validate
from gates.errors import FactUnavailable, GatesError
from gates.facts.store import Store
from gates.facts.supply.bill_changes import changes
from gates.facts.supply.bill_documents import supplier
from gates.facts.supply.bill_of_materials import BillOfMaterials, BillSettings
from gates.facts.supply.licences import expression, is_allowed
from gates.facts.supply.requirements import Requirements, RequirementSettings
from gates.facts.supply.tools import Tool, Tools
from tests.checkout.repository import Repository

NO_STORE = Store(None)
TOOLS = Tools.gather(NO_STORE)
asked = pytest.mark.skipif(not TOOLS.places("cyclonedx-py"), reason="cyclonedx-py is not installed")
WHOLE = "Author-email: A Person <person@example.org>\nLicense-Expression: MIT\n"
INSTALLED = {
    "whole-1.0": f"{WHOLE}Requires-Dist: bare\n",
    "bare-1.0": "",
    "other-2.0": WHOLE,
    "loose-1.0": "Maintainer: M\nClassifier: License :: OSI Approved :: BSD License\n",
    "strict-1.0": "Author: S\nClassifier: License :: OSI Approved :: GNU Affero General Public License v3\n",
    "extra-1.0": WHOLE,
    "pip-1.0": WHOLE,
}
LOCK = "".join(
    f"{name}==1.0 --hash=sha256:{digit * 64}\n"
    for name, digit in zip(("whole", "other", "loose", "strict", "gone"), "abcde")
)
PROJECT = '[project]\nname = "mine"\nversion = "0"\ndependencies = ["whole"]\n'


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    for name, about in INSTALLED.items():
        distribution, _, version = name.partition("-")
        metadata = f"Metadata-Version: 2.4\nName: {distribution}\nVersion: {version}\n{about}"
        made.write(f"env/lib/python3.9/site-packages/{name}.dist-info/METADATA", metadata)
    made.write("env/lib/python3.9/site-packages/whole-1.0.dist-info/sboms/inner.cdx.json", "{}")
    made.write("requirements.txt", f"{LOCK}bare==1.0\n")
    made.write("pyproject.toml", PROJECT)
    made.commit()
    return made


def bill(repository: Repository, tools: Tools = TOOLS, store: Store = NO_STORE, **settings: Any) -> BillOfMaterials:
    checkout = repository.open()
    requirements = Requirements.gather(checkout, RequirementSettings())
    return BillOfMaterials.gather(checkout, requirements, store, tools, BillSettings("env", **settings))


def subjects(found: BillOfMaterials, gate: IncompleteBill) -> list[str]:
    return sorted(finding.subject for finding in gate.check(found))


@asked
def test_whatever_a_component_lacks_is_a_finding(repository: Repository) -> None:
    found = bill(repository)

    assert subjects(found, IncompleteBill(deny=("AGPL-*",), unlocked=("extra",))) == [
        "bare: no hash",
        "bare: no licence",
        "bare: no supplier",
        "gone: not in the bill",
        "loose: no licence",
        "other: no hash",
        "other: not as locked",
        "strict: AGPL-3.0-only",
    ]
    assert found.account() == {"components": 6, "of them locked": 5, "embedded bills": 1}


@asked
def test_the_policy_states_licences_and_what_need_not_be_known(repository: Repository) -> None:
    found = bill(repository, licences={"Loose": "BSD-3-Clause", "bare": "not an expression"})

    said = subjects(found, IncompleteBill(unknown_licence="passes", allow=("MIT", "BSD-*")))

    assert [subject for subject in said if "loose" in subject or "strict" in subject or "extra" in subject] == [
        "extra: not locked",
        "strict: AGPL-3.0-only",
    ]
    assert "bare: no licence" in said


@asked
def test_what_the_repository_itself_holds_is_no_component(repository: Repository) -> None:
    member = '[[package]]\nname = "whole"\nversion = "1.0"\nsource = { editable = "packages/whole" }\n'
    repository.write("uv.lock", f"version = 1\n{member}")

    found = bill(repository, lock="uv.lock")

    assert "whole" not in {component.name for component in found.components}
    assert not [subject for subject in subjects(found, IncompleteBill()) if subject.startswith("whole")]


@asked
def test_the_documents_hold_what_was_joined_and_are_the_same_each_time(repository: Repository) -> None:
    cyclonedx, spdx = bill(repository).documents()

    assert (cyclonedx, spdx) == bill(repository).documents()
    read = json.loads(cyclonedx)
    whole = next(each for each in read["components"] if each["name"] == "whole")
    assert whole["supplier"] == {"name": "A Person"}
    assert whole["purl"] == "pkg:pypi/whole@1.0"
    assert whole["licenses"] == [{"acknowledgement": "declared", "expression": "MIT"}]
    assert whole["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert {"ref": "whole==1.0", "dependsOn": ["bare==1.0"]} in read["dependencies"]
    assert (read["specVersion"], read["metadata"]["lifecycles"]) == ("1.6", [{"phase": "build"}])
    packages = {each["name"]: each for each in json.loads(spdx)["packages"]}
    assert packages["whole"]["checksums"] == [{"algorithm": "SHA256", "checksumValue": "a" * 64}]
    assert packages["bare"]["licenseDeclared"] == packages["bare"]["supplier"] == "NOASSERTION"
    assert b"person@example.org" not in cyclonedx + spdx


@asked
def test_the_document_is_what_the_schema_asks_for(repository: Repository) -> None:
    cyclonedx, _ = bill(repository).documents()

    validate(cyclonedx)
    with pytest.raises(GatesError, match="is not what CycloneDX's schema asks for"):
        validate(cyclonedx.replace(b'"version": "1.0"', b'"version": 1'))


@asked
def test_an_environment_that_is_not_installed_from_the_lock_is_no_ground_for_a_bill(repository: Repository) -> None:
    checkout = repository.open()
    requirements = Requirements.gather(checkout, RequirementSettings())

    found = BillOfMaterials.gather(checkout, requirements, NO_STORE, TOOLS, BillSettings())

    assert "the environment that judges holds 0 of the 6 distributions" in found.lacking["bill of materials"]


@asked
def test_what_a_change_adds_removes_upgrades_and_puts_under_another_licence_is_told(
    repository: Repository, tmp_path: Path
) -> None:
    with Store(tmp_path / "cache" / "facts.sqlite") as store:
        assert bill(repository, store=store).lacking == {}
        base = repository.git("rev-parse", "HEAD")
        metadata = "env/lib/python3.9/site-packages/whole-1.0.dist-info"
        shutil.move(repository.root / metadata, repository.root / metadata.replace("whole-1.0", "whole-2.0"))
        about = "Metadata-Version: 2.4\nName: whole\nVersion: 2.0\nLicense-Expression: GPL-3.0-only\n"
        repository.write(f"{metadata.replace('whole-1.0', 'whole-2.0')}/METADATA", about)
        pins = ("whole==2.0", "new==1.0", "other==2.0", "loose==1.0", "bare==1.0")
        repository.write("requirements.txt", "".join(f"{pin} --hash=sha256:{'a' * 64}\n" for pin in pins))
        found = bill(repository, store=store)
        assert found.lacking == {}

        said = list(differences(repository.root, found, base, None))

    assert said[0].endswith(
        ": 1 added, 2 removed, 2 upgraded, 1 licence changed, 1 of which it is not known whether the licence changed"
    )
    assert said[4:] == [
        "| gone | 1.0 | - | not known |",
        "| new | - | 1.0 | not known |",
        "| other | 1.0 | 2.0 | MIT; before: not known |",
        "| strict | 1.0 | - | AGPL-3.0-only |",
        "| whole | 1.0 | 2.0 | **GPL-3.0-only, was MIT** |",
    ]


@asked
def test_an_earlier_bill_tells_the_licences_of_releases_that_were_never_here(
    repository: Repository, tmp_path: Path
) -> None:
    base = repository.git("rev-parse", "HEAD")
    earlier = tmp_path / "earlier.json"
    components = [
        {"name": "Other", "version": "1.0", "licenses": [{"license": {"id": "ISC"}}]},
        {"name": "bare", "version": "1.0", "licenses": [{"expression": "MIT"}]},
    ]
    earlier.write_text(json.dumps({"components": components}), "utf-8")
    repository.write("requirements.txt", LOCK.replace("other==1.0", "other==2.0") + "bare==1.0\n")

    said = list(differences(repository.root, bill(repository), base, earlier))

    assert said[0].endswith(": 0 added, 0 removed, 1 upgraded, 2 licence changed")
    assert said[4:] == [
        "| bare | 1.0 | 1.0 | **none certain, was MIT** |",
        "| other | 1.0 | 2.0 | **MIT, was ISC** |",
    ]


@asked
@pytest.mark.parametrize("content", ["no json", "[]", '{"components": [{"name": "whole"}]}'])
def test_what_is_no_earlier_bill_is_refused_by_name(content: str, repository: Repository, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.json"
    earlier.write_text(content, "utf-8")

    with pytest.raises(GatesError, match=r"earlier\.json: is no bill of materials in CycloneDX's JSON"):
        list(differences(repository.root, bill(repository), "HEAD", earlier))
    with pytest.raises(GatesError, match=r"requirements\.txt cannot be read at 'nothing'"):
        list(differences(repository.root, bill(repository), "nothing", None))


def test_a_lock_that_pins_nothing_is_no_ground_for_a_bill(repository: Repository) -> None:
    repository.write("requirements.in", "")
    repository.write("requirements.txt", "# nothing is asked for\n")

    found = bill(repository)

    assert [lock.path for lock in found.requirements.locks] == ["requirements.txt"]
    assert found.lock is None


def test_a_lock_that_the_policy_names_and_that_is_none_cannot_be_judged(repository: Repository) -> None:
    with pytest.raises(FactUnavailable, match=r"nope\.txt does not exist, and \[facts\.bill\] names it"):
        bill(repository, lock="nope.txt")

    found = bill(repository, lock="pyproject.toml")

    assert "pyproject.toml is no lock" in found.lacking["bill of materials"]
    with pytest.raises(FactUnavailable, match=r"pyproject\.toml is no lock"):
        found.documents()


VERSIONS = st.sets(st.tuples(st.sampled_from("abc"), st.sampled_from("123")))


@given(VERSIONS, VERSIONS)
def test_a_change_is_told_of_each_name_whose_versions_differ_and_of_no_other(
    before: set[tuple[str, str]], now: set[tuple[str, str]]
) -> None:
    told = {each.name for each in changes(before, now, lambda *_: "MIT", lambda *_: "MIT")}

    assert told == {name for name, _ in before ^ now}


def test_without_the_tool_or_an_environment_there_is_no_bill(repository: Repository) -> None:
    without = bill(repository, Tools(NO_STORE, ()))

    assert "cyclonedx-py is not installed" in without.lacking["bill of materials"]
    assert list(IncompleteBill().check(without)) == []
    with pytest.raises(FactUnavailable, match="cyclonedx-py is not installed"):
        without.documents()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("exit 3", "cyclonedx-py ended with 3"),
        ("echo nothing", "cyclonedx-py printed no bill"),
        (
            'echo \'{"specVersion": "1.6", "metadata": {}, "components": [{"name": "whole", "version": "1.0"}]}\'',
            "cyclonedx-py saw 1 of 7 distributions; not bare, extra, loose",
        ),
    ],
)
def test_a_tool_that_did_not_see_everything_is_not_believed(
    text: str, why: str, repository: Repository, tmp_path: Path
) -> None:
    program = tmp_path / "cyclonedx-py"
    program.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    program.chmod(0o755)
    found = bill(repository)
    found.tool = Tool("cyclonedx-py", program, "7")

    assert why in found.lacking["bill of materials"]


@pytest.mark.parametrize(
    ("headers", "who"),
    [
        ({"author": ("A",), "maintainer": ("M",)}, "M"),
        ({"author": ("UNKNOWN",), "author-email": ('"A B" <a@example.org>, C <c@example.org>',)}, "A B, C"),
        ({"author-email": ("a@example.org",)}, "example.org"),
        ({"project-url": ("Source, https://github.com/somebody/thing",)}, "somebody"),
        ({"project-url": ("Home, https://example.org",)}, "example.org"),
        ({}, ""),
    ],
)
def test_a_supplier_is_named_without_an_address(headers: Mapping[str, tuple[str, ...]], who: str) -> None:
    assert supplier(headers) == who


def test_an_expression_is_taken_from_what_is_most_certain() -> None:
    classifier = {"license": {"name": "License :: OSI Approved :: Apache Software License"}}

    assert expression([{"license": {"id": "Apache-2.0"}}, classifier], {"license": ("MIT",)}) == "Apache-2.0"
    assert expression([{"expression": "MIT OR Apache-2.0"}, {"license": {"id": "MIT"}}], {}) == "MIT OR Apache-2.0"
    assert expression([classifier], {}) == "Apache-2.0"
    assert expression([], {"license": ("3-Clause BSD License",)}) == "BSD-3-Clause"
    assert expression([{"license": {"name": "License :: OSI Approved :: BSD License"}}], {}) == ""


def classified(*names: str) -> list[dict[str, dict[str, str]]]:
    return [{"license": {"id": "MIT"}}, *({"license": {"name": f"License :: {name}"}} for name in names)]


def test_a_name_that_means_no_licence_makes_the_licence_unknown_whatever_stands_beside_it() -> None:
    assert expression(classified("OSI Approved :: GNU General Public License (GPL)"), {}) == ""
    assert expression(classified("Other/Proprietary License"), {"license": ("MIT",)}) == ""
    assert expression(classified("OSI Approved :: Apache Software License"), {}) == "Apache-2.0 AND MIT"


def test_a_licence_of_somebodys_own_is_one_to_be_allowed_or_denied_by_its_name() -> None:
    own = {"license": {"name": "LicenseRef-Acme"}}

    assert expression([own], {}) == "LicenseRef-Acme"
    assert is_allowed(expression([own, *classified()], {}), ("MIT",), ()) is False
    assert is_allowed("LicenseRef-Acme", ("MIT", "LicenseRef-*"), ()) is True


@asked
def test_the_documents_name_a_licence_of_somebodys_own(repository: Repository) -> None:
    cyclonedx, spdx = bill(repository, licences={"whole": "MIT AND LicenseRef-Acme"}).documents()

    validate(cyclonedx)
    assert [each["licenseId"] for each in json.loads(spdx)["hasExtractedLicensingInfos"]] == ["LicenseRef-Acme"]


def test_the_name_of_a_family_adds_nothing_to_one_of_it() -> None:
    family = {"license": {"name": "License :: OSI Approved :: BSD License"}}

    assert expression([{"license": {"id": "BSD-3-Clause"}}, family], {}) == "BSD-3-Clause"
    assert expression([family], {"license": ("BSD 2-Clause License",)}) == "BSD-2-Clause"
    assert expression(classified("OSI Approved"), {}) == "MIT"


@pytest.mark.parametrize(
    ("spdx", "verdict"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only OR (MIT AND BSD-3-Clause)", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MIT OR", None),
        ("(MIT", None),
        ("MIT BSD-3-Clause", None),
        ("Apache-2.0 WITH", None),
        ("", None),
    ],
)
def test_an_expression_is_met_or_not_or_none(spdx: str, verdict: object) -> None:
    assert is_allowed(spdx, (), ("GPL-*",)) is verdict


def test_what_is_not_among_the_allowed_is_refused() -> None:
    assert is_allowed("mit", ("MIT",), ()) is True
    assert is_allowed("BSD-3-Clause OR ISC", ("MIT", "Apache-*"), ()) is False


@given(st.text("()MITANDORWITH -.", max_size=30))
def test_whatever_an_expression_holds_it_is_judged_without_a_fault(spdx: str) -> None:
    assert is_allowed(spdx, ("MIT",), ()) in (True, False, None)
