"""A signed bill of materials is that of the image, or the first difference is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from host_samples import LOCK, MANIFEST

from packager.errors import PackageError
from packager.trust.facts import PackageFacts
from packager.trust.sbom_comparison import bill_link, bill_serial
from packager.trust.statements import PackageBinding, bill_statement, described

BINDING = PackageBinding(
    name="shop",
    version="1.0",
    root=MANIFEST.root,
    config_digest="",
    platform="linux/amd64",
    data_fingerprint=None,
    companion=None,
)
SUBJECTS = (described("shop", "1" * 64),)


def bill(program: str = "1", version: str = "2.0") -> dict[str, Any]:
    inner = {"name": "config.json", "hashes": [{"alg": "SHA-256", "content": "a"}]}
    numpy = {"bom-ref": "numpy", "name": "numpy", "version": version, "licenses": [program]}
    return {
        "serialNumber": bill_serial("image", MANIFEST.root, "linux/amd64").urn,
        "metadata": {"tools": {"components": [{"name": "p", "version": program}]}},
        "components": [numpy, {"bom-ref": "model", "name": "model", "components": [inner]}],
        "dependencies": [{"ref": "numpy"}],
    }


def link(*signed: dict[str, Any], own: Callable[[], bytes] | None) -> tuple[bool, str]:
    facts = PackageFacts("shop", MANIFEST, LOCK, None, False, BINDING, bill=own)
    name, ok, told = bill_link(facts, [bill_statement(one, SUBJECTS) for one in signed])
    assert name == "sbom"
    return ok, told


def now(**changes: Any) -> Callable[[], bytes]:
    return lambda: json.dumps(bill(**changes)).encode()


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    found = bill()
    change(found)
    return found


def test_equal_bills_and_those_of_another_version_of_the_program() -> None:
    assert link(bill(), own=now()) == (True, "3 components")
    assert link(bill(program="0"), own=now()) == (True, "3 components")
    assert link(bill(program="0", version="1.0"), own=now()) == (
        False,
        'numpy: version: expected "1.0" signed, got "2.0"',
    )
    assert link(bill(version="1.0"), bill(), own=now())[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda b: b["components"].pop(0), "numpy: is in the image, and not in the signed bill"),
        (
            lambda b: b["components"].append({"bom-ref": "x", "name": "x"}),
            "x: is in the signed bill, and not in the image",
        ),
        (
            lambda b: b["components"][1]["components"][0].update(hashes=[]),
            "model/config.json: hashes: expected [] signed, got ",
        ),
        (
            lambda b: b["components"][0].update(licenses=["MIT"]),
            'numpy: licenses: expected ["MIT"] signed, got ["1"]',
        ),
        (lambda b: b.update(dependencies=[]), "dependencies: the signed bill has others than"),
        (lambda b: b.update(components=7), "is in the image, and not in the signed bill"),
        (lambda b: b.pop("serialNumber"), "expected the bill of this package, serial number urn:"),
        (lambda b: b.update(serialNumber="urn:uuid:1"), "got urn:uuid:1 signed"),
    ],
)
def test_the_first_difference_is_named(
    change: Callable[[dict[str, Any]], object], told: str
) -> None:
    ok, found = link(changed(change), own=now())
    assert not ok
    assert told in found


def test_without_the_layers_only_the_package_of_the_bill_is_compared() -> None:
    ok, told = link(bill(version="1.0"), own=None)
    assert (ok, told) == (True, "3 components; not compared with the layers, which were not read")
    assert not link(changed(lambda b: b.update(serialNumber="urn:uuid:1")), own=None)[0]


def test_an_image_without_a_whole_bill_has_none_that_fits() -> None:
    def broken() -> bytes:
        raise PackageError("numpy: no METADATA", "build it again")

    assert link(bill(), own=broken) == (False, "the image has no whole bill: numpy: no METADATA")
