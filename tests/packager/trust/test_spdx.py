"""SPDX 2.3: valid by the format's own tools, with every component and edge of the bill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sbom_samples import FIT, WHEEL_FILES, info, metadata, opened_package
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from packager.trust.sbom import bill_of_materials
from packager.trust.spdx import to_spdx


def converted(folder: Path, *fields: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A package's bill and its SPDX; ``fields``: METADATA of the wheel ``fit-it``."""
    wheels = {**WHEEL_FILES, f"{info(FIT)}/METADATA": metadata(FIT, *fields)}
    with opened_package(folder, wheels=wheels) as reference:
        bill = bill_of_materials(reference)
    return json.loads(bill), json.loads(to_spdx(bill))


def problems(folder: Path, told: dict[str, Any]) -> list[str]:
    """What the SPDX tools say against a document."""
    path = folder / "x.spdx.json"
    path.write_text(json.dumps(told))
    found = validate_full_spdx_document(parse_file(str(path)), "SPDX-2.3")
    return [one.validation_message for one in found]


def package(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in told["packages"] if one["name"] == name)


def test_every_component_and_edge_has_a_place(tmp_path: Path):
    bill, told = converted(tmp_path)
    assert problems(tmp_path, told) == []
    packages = {one["name"] for one in told["packages"]}
    assert packages >= {one["name"] for one in bill["components"]} | {"shop", "models/model"}
    kinds = [one["relationshipType"] for one in told["relationships"]]
    edges = sum(len(one.get("dependsOn", [])) for one in bill["dependencies"])
    assert kinds.count("DEPENDS_ON") == edges > 5
    assert kinds.count("CONTAINS") == 2  # the files of the model and of the code
    assert kinds.count("DESCRIBES") == 1


def test_purls_hashes_suppliers_and_purposes_are_kept(tmp_path: Path):
    _, told = converted(tmp_path)
    fit, ssl = package(told, "fit-it"), package(told, "libssl3")
    assert fit["checksums"] == [{"algorithm": "SHA256", "checksumValue": FIT.sha256}]
    assert fit["externalRefs"][0]["referenceLocator"].startswith("pkg:pypi/fit-it@1.0")
    assert ssl["supplier"] == "Organization: Debian OpenSSL Team <ssl@example.org>"
    purposes = {one["name"]: one["primaryPackagePurpose"] for one in told["packages"]}
    assert purposes["models/model"] == "FILE"
    assert purposes["debian"] == "OPERATING-SYSTEM"
    comments = [one.get("comment", "") for one in told["packages"]]
    assert any(one.startswith("type=machine-learning-model") for one in comments)


def test_the_tools_would_notice_a_wrong_document(tmp_path: Path):
    _, told = converted(tmp_path)
    told["relationships"][0]["relatedSpdxElement"] = "SPDXRef-gone"
    assert problems(tmp_path, told)


@pytest.mark.parametrize(
    ("fields", "declared", "text"),
    [
        (("License-Expression: mit or apache-2.0",), "MIT OR Apache-2.0", None),
        (("License: BSD",), "LicenseRef-BSD-", "BSD"),
        (("License: one\n        two",), "LicenseRef-as-METADATA-states-it-", "one\ntwo"),
        (("License-Expression: LicenseRef-Own",), "LicenseRef-Own", "LicenseRef-Own (as the"),
        (
            (
                "Classifier: License :: OSI Approved :: MIT License",
                "Classifier: License :: Public Domain",
            ),
            *("(LicenseRef-MIT-License-", "MIT License"),
        ),
        ((), "NOASSERTION", None),
    ],
)
def test_licences_are_those_of_the_bill_and_never_guessed(tmp_path: Path, fields, declared, text):
    _, told = converted(tmp_path, *fields)
    assert problems(tmp_path, told) == []
    found = package(told, "fit-it")["licenseDeclared"]
    assert found.startswith(declared)
    assert package(told, "fit-it")["licenseConcluded"] == "NOASSERTION"
    texts = [one["extractedText"] for one in told["hasExtractedLicensingInfos"]]
    assert text is None or any(one.startswith(text) for one in texts)


def test_the_same_bill_gives_the_same_bytes(tmp_path: Path):
    with opened_package(tmp_path) as reference:
        bill = bill_of_materials(reference)
    assert to_spdx(bill) == to_spdx(bill)
    assert json.loads(to_spdx(bill))["creationInfo"]["created"] == "1970-01-01T00:00:00Z"
