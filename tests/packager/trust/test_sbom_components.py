"""Components: purls, licences as found, what wheels vendor."""

from __future__ import annotations

import json

import pytest
from cyclonedx.model.component import Component
from sbom_samples import FIT, metadata

from packager.manifest.base import FileEntry
from packager.trust.debian_packages import DebianPackage
from packager.trust.image_inventory import InstalledDistribution
from packager.trust.sbom_components import (
    MAX_FILES,
    deb_component,
    file_components,
    own_purl,
    recorded_deb,
    wheel_component,
)

LIBSSL = DebianPackage("libssl3", "3.0-1", "amd64", "openssl", "3.0-1", "", (), None)
CRATES = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "metadata": {"component": {"type": "library", "name": "fit-core", "version": "1"}},
    "components": [
        {
            "type": "library",
            "name": "serde",
            "version": "1.2",
            "purl": "pkg:cargo/serde@1.2",
            "licenses": [{"expression": "MIT OR Apache-2.0"}],
            "components": [{"type": "library", "name": "inner", "version": "3"}],
        },
        {"type": "library", "name": "fit_it", "version": "1.0", "purl": "pkg:pypi/Fit_It@1.0"},
    ],
}


def wheel(*fields: str, **sboms: object) -> Component:
    content = {
        f"{name}.cdx.json": each if isinstance(each, bytes) else json.dumps(each).encode()
        for name, each in sboms.items()
    }
    found = InstalledDistribution("x.dist-info", metadata(FIT, *fields).decode(), content)
    return wheel_component(FIT, found)


def facts(component: Component) -> dict[str, set[str]]:
    told: dict[str, set[str]] = {}
    for one in component.properties:
        told.setdefault(one.name, set()).add(one.value)
    return told


def test_a_wheel_has_purl_hash_and_groups():
    made = wheel()
    assert str(made.purl) == "pkg:pypi/fit-it@1.0?file_name=fit_it-1.0-py3-none-any.whl"
    assert [one.content for one in made.hashes] == [FIT.sha256]
    assert facts(made)["model-packager:group"] == {"model", "harness"}


@pytest.mark.parametrize(
    ("fields", "kind", "licence"),
    [
        (["License-Expression: MIT"], "expression", "id MIT"),
        (["License-Expression: MIT OR ISC"], "expression", "value MIT OR ISC"),
        (["License-Expression: LicenseRef-Own"], "expression", "value LicenseRef-Own"),
        (
            ["Classifier: License :: OSI Approved :: BSD License"],
            *("classifier", "name BSD License"),
        ),
        # No id is made of what is none.
        (["License: BSD"], "text", "name BSD"),
        (["License: MIT"], "text", "id MIT"),
        (["License: a\n        b"], "long text", "name as METADATA states it"),
        ([], "none", ""),
    ],
)
def test_a_licence_is_reported_as_found(fields: list[str], kind: str, licence: str):
    made = wheel(*fields)
    told = [
        f"{name} {getattr(one, name)}"
        for one in made.licenses
        for name in ("id", "name", "value")
        if getattr(one, name, None)
    ]
    assert told == ([licence] if licence else [])
    assert facts(made)["model-packager:licence.kind"] == {kind}


def test_what_a_wheel_vendors_is_nested_in_it_without_the_wheel_itself():
    made = wheel(crates=CRATES)
    assert {(one.name, one.version) for one in made.components} == {
        ("fit-core", "1"),
        ("serde", "1.2"),
        ("inner", "3"),
    }
    assert all(one.bom_ref.value.startswith(f"{made.bom_ref.value}#") for one in made.components)
    serde = next(one for one in made.components if one.name == "serde")
    assert [one.value for one in serde.licenses] == ["MIT OR Apache-2.0"]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"{", "JSONDecodeError"),
        (b"[]", "ValueError"),
        ({"spdxVersion": "SPDX-2.3"}, "ValueError"),
        (b"[" * 100_000, "RecursionError"),
        (b"[" + b"1," * 300_000 + b"1]", "ValueError"),
        ({**CRATES, "components": [{"type": "strange"}]}, None),
    ],
)
def test_a_bill_of_a_wheel_that_cant_be_read_is_told(content: object, error: str | None):
    made = wheel(x=content)
    (told,) = facts(made)["model-packager:sbom.unread"]
    assert told.startswith("x.cdx.json: ")
    assert error is None or told == f"x.cdx.json: {error}"
    assert not made.components


def test_a_distribution_without_name_or_version_has_no_purl():
    assert own_purl(InstalledDistribution("x", "Name: a\n", {})) is None
    assert str(own_purl(InstalledDistribution("x", "Name: A.b\nVersion: 1\n", {}))) == (
        "pkg:pypi/a-b@1"
    )


@pytest.mark.parametrize(
    ("source", "version", "upstream"),
    [
        ("openssl", "3.0-1", "openssl"),
        ("openssl", "3.0", "openssl@3.0"),
        ("libssl3", "3.0-1", None),
        ("libssl3", "3.0", "libssl3@3.0"),
    ],
)
def test_a_debian_package_names_its_source_for_scanners(source, version, upstream):
    package = DebianPackage(
        "libssl3", "3.0-1", "amd64", source, version, "Team <a@example.org>", ("GPL-2+",), 7
    )
    made = deb_component(package, {"ID": "debian", "VERSION_ID": "12"})
    qualifiers = {"arch": "amd64", "distro": "debian-12"}
    assert made.purl.qualifiers == qualifiers | ({"upstream": upstream} if upstream else {})
    assert facts(made)["aquasecurity:trivy:SrcName"] == {source}
    assert facts(made)["aquasecurity:trivy:SrcVersion"] == {version}
    assert facts(made)["model-packager:files"] == {"7"}
    assert made.supplier.name == "Team <a@example.org>"
    assert [one.name for one in made.licenses] == ["GPL-2+"]


def test_the_distribution_is_that_of_the_release():
    assert str(deb_component(LIBSSL, {"ID": "ubuntu", "VERSION_ID": "24.04"}).purl) == (
        "pkg:deb/ubuntu/libssl3@3.0-1?arch=amd64&distro=ubuntu-24.04&upstream=openssl"
    )
    assert str(deb_component(LIBSSL, {}).purl).startswith("pkg:deb/debian/libssl3@3.0-1?arch=")


def test_a_package_of_which_only_a_version_is_recorded_says_so():
    made = recorded_deb("a=1:2", {"ID": "debian"})
    assert (made.name, made.version, str(made.purl)) == ("a", "1:2", "pkg:deb/debian/a@1:2")
    assert facts(made)["model-packager:source"] == {
        "unknown: the base records names and versions only"
    }


def test_more_files_than_a_reader_wants_are_counted_not_listed():
    entry = FileEntry(path="a", sha256="0" * 64, size=1)
    assert [one.name for one in file_components("code", [entry])] == ["code/a"]
    assert file_components("code", [entry] * (MAX_FILES + 1)) == []
