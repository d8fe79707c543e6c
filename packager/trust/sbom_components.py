"""Components of a bill of materials: wheels, Debian packages, files (CycloneDX)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.exception import CycloneDxException
from cyclonedx.exception.factory import InvalidSpdxLicenseException
from cyclonedx.model import AttachedText, HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.model.license import (
    DisjunctiveLicense,
    License,
    LicenseAcknowledgement,
    LicenseExpression,
)
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from packager.image.config import LABEL
from packager.image.documents import bounded
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Wheel
from packager.trust.debian_packages import DebianPackage
from packager.trust.image_inventory import InstalledDistribution
from packager.trust.licences import Licence, licences_of

DECLARED = LicenseAcknowledgement.DECLARED
MAX_FILES = 1_000
"""Files of one component that are listed one by one."""


def properties(facts: Iterable[tuple[str, object]]) -> list[Property]:
    """Properties in this program's namespace."""
    return [Property(name=f"{LABEL}:{name}", value=str(value)) for name, value in facts]


def sha256(digest: str) -> list[HashType]:
    """The hash of a component; ``digest`` is hex."""
    return [HashType(alg=HashAlgorithm.SHA_256, content=digest)]


def wheel_component(wheel: Wheel, distribution: InstalledDistribution) -> Component:
    """A locked wheel, with the licence and the nested bills of its installed files."""
    qualifiers = {"file_name": wheel.filename}
    name = canonicalize_name(wheel.name)
    purl = PackageURL("pypi", None, name, wheel.version, qualifiers)
    component = distribution_component(distribution, purl, str(purl))
    component.hashes = sha256(wheel.sha256)
    component.properties.update(properties(("group", group) for group in wheel.groups))
    return component


def distribution_component(
    distribution: InstalledDistribution, purl: PackageURL, reference: str
) -> Component:
    """An installed distribution called ``purl``."""
    licence = licences_of(distribution.metadata)
    component = Component(
        type=ComponentType.LIBRARY,
        name=purl.name,
        version=purl.version,
        purl=purl,
        bom_ref=reference,
        licenses=_licences(licence),
        properties=properties([("licence.kind", licence.kind)]),
    )
    for name, content in distribution.sboms.items():
        try:
            component.components.update(_nested(component, content))
        except (CycloneDxException, ValueError, TypeError, KeyError, RecursionError) as error:
            # What can't be read is told, so that nobody takes its absence for nothing vendored.
            problem = f"{name}: {type(error).__name__}"
            component.properties.update(properties([("sbom.unread", problem)]))
    return component


def own_purl(distribution: InstalledDistribution) -> PackageURL | None:
    """The purl of a distribution by its METADATA; None if that states no name and version."""
    return (
        None if distribution.identity is None else PackageURL("pypi", None, *distribution.identity)
    )


def deb_component(package: DebianPackage, release: Mapping[str, str]) -> Component:
    """A Debian package; ``release``: the fields of os-release."""
    distribution = release.get("ID", "debian")
    qualifiers = {"arch": package.architecture}
    if "VERSION_ID" in release:
        qualifiers["distro"] = f"{distribution}-{release['VERSION_ID']}"
    facts = [] if package.files is None else [("files", package.files)]
    if (package.source, package.source_version) != (package.name, package.version):
        same = package.source_version == package.version
        qualifiers["upstream"] = (
            package.source if same else f"{package.source}@{package.source_version}"
        )
    purl = PackageURL("deb", distribution, package.name, package.version, qualifiers)
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        purl=purl,
        bom_ref=str(purl),
        supplier=OrganizationalEntity(name=package.maintainer) if package.maintainer else None,
        licenses=_named(package.licences),
        properties=[*properties(facts), *_for_trivy(package, distribution)],
    )


def recorded_deb(entry: str, release: Mapping[str, str]) -> Component:
    """A Debian package of which the lock of a base records ``name=version`` only."""
    name, _, version = entry.partition("=")
    distribution = release.get("ID", "debian")
    purl = PackageURL("deb", distribution, name, version)
    facts = properties([("source", "unknown: the base records names and versions only")])
    kind = ComponentType.LIBRARY
    return Component(
        type=kind, name=name, version=version, purl=purl, bom_ref=str(purl), properties=facts
    )


def _for_trivy(package: DebianPackage, distribution: str) -> list[Property]:
    """The source package where trivy looks for it; its advisories name sources."""
    facts = {
        "PkgType": distribution,
        "SrcName": package.source,
        "SrcVersion": package.source_version,
    }
    return [Property(name=f"aquasecurity:trivy:{name}", value=fact) for name, fact in facts.items()]


def file_components(prefix: str, entries: Iterable[FileEntry]) -> list[Component]:
    """Files by path below ``prefix``; an empty list for more than ``MAX_FILES``."""
    listed = list(entries)
    if len(listed) > MAX_FILES:
        return []
    return [
        Component(
            type=ComponentType.FILE,
            name=f"{prefix}/{entry.path}",
            bom_ref=f"file:{prefix}/{entry.path}",
            hashes=sha256(entry.sha256),
        )
        for entry in listed
    ]


def _licences(licence: Licence) -> list[License]:
    if licence.kind == "none":
        return []
    if licence.kind == "long text":
        text = AttachedText(content=licence.names[0])
        name = "as METADATA states it"
        return [DisjunctiveLicense(name=name, text=text, acknowledgement=DECLARED)]
    if licence.kind == "classifier":
        return list(_named(licence.names))
    make, name = LicenseFactory(), licence.names[0]
    try:
        return [make.make_with_id(name, acknowledgement=DECLARED)]
    except InvalidSpdxLicenseException:
        if licence.kind == "expression":
            # The library's own check knows no LicenseRef, which PEP 639 allows.
            return [LicenseExpression(name, acknowledgement=DECLARED)]
        return [make.make_from_string(name, license_acknowledgement=DECLARED)]


def _named(names: Iterable[str]) -> list[License]:
    """Names that are no SPDX ids, or need not be."""
    return [DisjunctiveLicense(name=name, acknowledgement=DECLARED) for name in names]


def _nested(owner: Component, content: bytes) -> list[Component]:
    """The components of a wheel's own bill, without the wheel itself."""
    document = json.loads(bounded(content))
    if not isinstance(document, dict) or document.get("bomFormat") != "CycloneDX":
        raise ValueError("expected a CycloneDX document")
    read = getattr(Bom, "from_json")(document)  # noqa: B009 - made by a decorator that hides its type
    top = read.metadata.component
    components = [*([top] if top is not None else []), *read.components]
    inner = [part for one in components for part in (one, *one.get_all_nested_components())]
    known: dict[str, Component] = {}
    for part in inner:
        purl = part.purl
        if purl is not None and purl.type == "pypi" and canonicalize_name(purl.name) == owner.name:
            continue
        reference = f"{owner.bom_ref.value}#{purl or f'{part.name}@{part.version}'}"
        known[reference] = Component(
            type=part.type,
            group=part.group,
            name=part.name,
            version=part.version,
            purl=purl,
            bom_ref=reference,
            hashes=part.hashes,
            licenses=part.licenses,
        )
    return list(known.values())
