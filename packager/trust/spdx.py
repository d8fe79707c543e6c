"""Converts a bill of materials from CycloneDX to SPDX 2.3 JSON.

What CycloneDX states has a place there, except the model card: SPDX 2.3 has none. Files are
packages of purpose ``FILE``, because an SPDX file needs a SHA-1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from packager.digest import canonical_json, sha256_bytes
from packager.image.config import EPOCH, LABEL

DOCUMENT = "SPDXRef-DOCUMENT"
UNKNOWN = "NOASSERTION"
PURPOSES = {
    "application": "APPLICATION",
    "container": "CONTAINER",
    "file": "FILE",
    "framework": "FRAMEWORK",
    "library": "LIBRARY",
    "operating-system": "OPERATING-SYSTEM",
}
LICENCE_REF = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
Component = Mapping[str, Any]


def to_spdx(bill: bytes) -> bytes:
    """SPDX 2.3 JSON of a CycloneDX ``bill`` of ``packager.trust.sbom``; no clock."""
    document = json.loads(bill)
    top = document["metadata"]["component"]
    parts = [(None, top), *_walk(None, document.get("components", ()))]
    ids = {part["bom-ref"]: _identifier(part) for _, part in parts}
    licences: dict[str, str] = {}
    packages = [_package(part, ids, licences) for _, part in parts]
    serial = document["serialNumber"].removeprefix("urn:uuid:")
    return canonical_json(
        {
            "SPDXID": DOCUMENT,
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "name": top["name"],
            "documentNamespace": f"https://spdx.org/spdxdocs/{_plain(top['name'])}-{serial}",
            # The format demands a moment; images record the same one.
            "creationInfo": {"created": EPOCH, "creators": [f"Tool: {LABEL}"]},
            "packages": packages,
            "relationships": [
                _relation(DOCUMENT, "DESCRIBES", ids[top["bom-ref"]]),
                *(
                    _relation(ids[owner], "CONTAINS", ids[part["bom-ref"]])
                    for owner, part in parts
                    if owner is not None
                ),
                *(
                    _relation(ids[edge["ref"]], "DEPENDS_ON", ids[target])
                    for edge in document.get("dependencies", ())
                    for target in edge.get("dependsOn", ())
                ),
            ],
            "hasExtractedLicensingInfos": [
                {"licenseId": name, "extractedText": text}
                for name, text in sorted(licences.items())
            ],
        }
    )


def _walk(
    owner: str | None, components: list[dict[str, Any]]
) -> Iterator[tuple[str | None, Component]]:
    for part in components:
        yield owner, part
        yield from _walk(part["bom-ref"], part.get("components", []))


def _package(part: Component, ids: Mapping[str, str], licences: dict[str, str]) -> dict[str, Any]:
    package: dict[str, Any] = {
        "SPDXID": ids[part["bom-ref"]],
        "name": part["name"],
        "downloadLocation": UNKNOWN,
        "filesAnalyzed": False,
        "copyrightText": UNKNOWN,
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": _declared(part.get("licenses", ()), licences),
        "primaryPackagePurpose": PURPOSES.get(part["type"], "OTHER"),
    }
    if "version" in part:
        package["versionInfo"] = part["version"]
    if "supplier" in part:
        package["supplier"] = f"Organization: {part['supplier']['name']}"
    if "hashes" in part:
        package["checksums"] = [
            {"algorithm": one["alg"].replace("SHA-", "SHA"), "checksumValue": one["content"]}
            for one in part["hashes"]
        ]
    if "purl" in part:
        package["externalRefs"] = [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": part["purl"],
            }
        ]
    facts = [f"{one['name']}={one['value']}" for one in part.get("properties", ())]
    kind = [] if part["type"] in PURPOSES else [f"type={part['type']}"]
    if kind or facts:
        package["comment"] = "; ".join([*kind, *facts])
    return package


def _declared(stated: Any, licences: dict[str, str]) -> str:
    """One SPDX expression of all ``stated``; names become references to ``licences``.

    Which of several licences may be chosen is not known, so they are joined by AND.
    """
    parts = []
    for one in stated:
        expression = one.get("expression") or one["license"].get("id")
        if expression:
            parts.append(_expression(expression, licences))
        else:
            name = one["license"]["name"]
            text = one["license"].get("text", {}).get("content", name)
            reference = f"LicenseRef-{_plain(name)[:60]}-{sha256_bytes(text.encode())[:8]}"
            licences[reference] = text
            parts.append(reference)
    if not parts:
        return UNKNOWN
    return parts[0] if len(parts) == 1 else " AND ".join(f"({one})" for one in dict.fromkeys(parts))


def _expression(text: str, licences: dict[str, str]) -> str:
    try:
        expression = str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        expression = f"LicenseRef-{_plain(text)[:60]}-{sha256_bytes(text.encode())[:8]}"
    for reference in LICENCE_REF.findall(expression):
        licences.setdefault(reference, f"{text} (as the package names it)")
    return expression


def _identifier(part: Component) -> str:
    """An SPDX id for a component, unique as its bom-ref is."""
    name = _plain(f"{part['name']}-{part.get('version', '')}")[:80]
    return f"SPDXRef-{name}-{sha256_bytes(part['bom-ref'].encode())[:12]}"


def _plain(text: str) -> str:
    """``text`` with the characters that SPDX allows in identifiers."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-") or "unnamed"


def _relation(source: str, kind: str, target: str) -> dict[str, str]:
    return {"spdxElementId": source, "relationshipType": kind, "relatedSpdxElement": target}
