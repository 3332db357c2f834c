"""A bill of materials as documents: CycloneDX 1.6, joined with what the lock and the metadata know, and SPDX 2.3."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gates.facts.supply.asked import normalised
from gates.facts.supply.licences import own_licences

SPEC = "1.6"
_ALGORITHMS = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


class Component(NamedTuple):
    """One distribution: what CycloneDX's tool says of it, and what is joined to that. Empty is what nobody knows."""

    name: str
    version: str
    purl: str
    supplier: str
    licence: str
    hashes: tuple[str, ...]
    depends_on: tuple[str, ...]
    has_dependencies: bool
    embedded_bills: int
    said: Mapping[str, Any]

    @property
    def reference(self) -> str:
        """How the document calls it."""
        return str(self.said["bom-ref"])


def supplier(headers: Mapping[str, tuple[str, ...]]) -> str:
    """Who a distribution says that it is from: the people or the project, without their addresses."""
    for key in ("maintainer", "author"):
        for said in headers.get(key, ()):
            if said.strip() and said.strip().lower() != "unknown":
                return said.strip()
    for key in ("maintainer-email", "author-email"):
        for said in headers.get(key, ()):
            names = re.sub(r"<[^>]*>|[\w.+-]+@[\w.-]+", "", said)
            name = ", ".join(part.strip(' "') for part in names.split(",") if part.strip(' "'))
            domain = re.search(r"@([\w.-]+)", said)
            if name or domain:
                return name or (domain[1] if domain else "")
    for said in headers.get("project-url", ()):  # a project that names nobody has a place
        place = re.search(r"https?://(?:www\.)?(?:git(?:hub|lab)\.com/)?([\w.-]+)", said)
        if place:
            return place[1]
    return ""


def cyclonedx(tool_said: Mapping[str, Any], components: Sequence[Component]) -> bytes:
    """The document with each component completed: hashes of the lock, supplier, licence, purl."""
    document = copy.deepcopy(dict(tool_said))
    by_reference = {component.reference: component for component in components}
    for entry in document["components"]:
        component = by_reference.get(entry["bom-ref"])
        if component is None:
            continue
        entry["purl"] = component.purl
        if component.supplier:
            entry["supplier"] = {"name": component.supplier}
        if component.licence:
            entry["licenses"] = [{"expression": component.licence, "acknowledgement": "declared"}]
        hashes = (each.partition(":") for each in component.hashes)
        # Of the files of one release the lock names all, so it is not known which of them was installed.
        entry["hashes"] = [{"alg": _ALGORITHMS[kind], "content": digest} for kind, _, digest in hashes]
        entry["hashes"] = sorted(entry["hashes"], key=lambda each: (each["alg"], each["content"]))
        if not entry["hashes"]:
            del entry["hashes"]
    document["metadata"]["lifecycles"] = [{"phase": "build"}]
    return _plain(document)


def spdx(cdx: bytes, components: Sequence[Component]) -> bytes:
    """The same as SPDX 2.3. Its licences are declared; what is concluded from them, nobody said."""
    document = json.loads(cdx)
    root = document["metadata"].get("component", {"name": "repository", "bom-ref": "root-component"})
    known = {component.reference: _spdx_id(component.reference) for component in components}
    known[root["bom-ref"]] = "SPDXRef-root"
    packages = [_package("SPDXRef-root", root["name"], root.get("version", ""), "", "", (), "")]
    packages += [
        _package(known[each.reference], each.name, each.version, each.supplier, each.licence, each.hashes, each.purl)
        for each in components
    ]
    related = [
        {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-root"}
    ]
    related += [
        {"spdxElementId": known[each["ref"]], "relationshipType": "DEPENDS_ON", "relatedSpdxElement": known[other]}
        for each in document["dependencies"]
        for other in each.get("dependsOn", ())
        if each["ref"] in known and other in known
    ]
    own = sorted({licence for each in components for licence in own_licences(each.licence)})
    return _plain(
        {
            "SPDXID": "SPDXRef-DOCUMENT",
            "creationInfo": {
                "created": re.sub(r"\+00:00$", "Z", document["metadata"]["timestamp"]),
                "creators": ["Tool: lukhas-gates", "Tool: cyclonedx-py"],
            },
            "dataLicense": "CC0-1.0",
            "documentNamespace": f"urn:gates:bill:{hashlib.sha256(cdx).hexdigest()}",
            **({"hasExtractedLicensingInfos": [_extracted(licence) for licence in own]} if own else {}),
            "name": str(root["name"]),
            "packages": packages,
            "relationships": related,
            "spdxVersion": "SPDX-2.3",
        }
    )


def _package(
    reference: str, name: str, version: str, supplier: str, licence: str, hashes: Iterable[str], purl: str
) -> dict[str, Any]:
    package: dict[str, Any] = {
        "SPDXID": reference,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": licence or "NOASSERTION",
        "name": name,
        "supplier": f"Organization: {supplier}" if supplier else "NOASSERTION",
    }
    if version:
        package["versionInfo"] = version
    if purl:
        package["externalRefs"] = [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceLocator": purl, "referenceType": "purl"}
        ]
    told = [each.partition(":") for each in hashes]
    if told:
        package["checksums"] = [{"algorithm": kind.upper(), "checksumValue": digest} for kind, _, digest in told]
    return package


def _extracted(licence: str) -> dict[str, str]:
    return {"licenseId": licence, "extractedText": "NOASSERTION"}  # the text lies in the distribution


def _spdx_id(reference: str) -> str:
    return f"SPDXRef-{re.sub(r'[^A-Za-z0-9.-]', '-', normalised(reference))}"


def _plain(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False).encode("utf-8") + b"\n"
