"""Bills of materials (CycloneDX) of packages and bases, from what they hold; no network, no clock.

The same package gives the same bytes. The serial number is a UUID made from the package root
and the platform.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Literal

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.tool import Tool, ToolRepository
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from packager.digest import canonical_json, sha256_bytes
from packager.image.base.saved import BaseImage
from packager.image.config import LABEL
from packager.image.reference import Reference
from packager.manifest.manifest import Lock, Wheel
from packager.project.card_section import FILE as CARD
from packager.project.card_section import CardSection
from packager.trust.cyclonedx_card import model_card
from packager.trust.debian_packages import debian_packages
from packager.trust.image_inventory import PYTHON, InstalledDistribution, Inventory, read_inventory
from packager.trust.locked_distributions import LockedDistributions, locked_distributions
from packager.trust.sbom_comparison import bill_serial
from packager.trust.sbom_components import (
    deb_component,
    distribution_component,
    own_purl,
    properties,
    recorded_deb,
    wheel_component,
)
from packager.trust.sbom_model import (
    DATA,
    code_component,
    data_component,
    member_cards,
    model_component,
    runtime_component,
)
from packager.trust.wheel_edges import marker_environment, requirement_edges
from packager.worker.test.weak_slice import FILE as WEAK
from packager.worker.test.weak_slice import WeakSlices

Spec = Literal["1.5", "1.6", "1.7"]
"""Version of CycloneDX."""
VERSIONS = {"1.5": SchemaVersion.V1_5, "1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}
MODEL = "model"
"""bom-ref of the model."""
SYSTEM = "operating-system"
NOT_PROVED = "nowhere yet"
"""Of a platform for which no compiled form and no golden answer was compared with the model."""


def bill_of_materials(
    reference: Reference, *, spec: Spec = "1.6", companion: bool = False
) -> bytes:
    """The CycloneDX JSON of a package's image, or of its companion if there is one.

    It lists the base's packages, every wheel with what it vendors, code, model with its card, and
    training data. Raises ``PackageError`` if the image's distributions are not those of its lock.
    """
    manifest, lock = reference.manifest, reference.lock()
    image = reference.image(companion=companion)
    inventory = read_inventory(image.layers)
    layers = [layer.name for layer in image.layers]
    held = locked_distributions(inventory.distributions, lock, layers, reference.name)
    kind = "companion" if companion and reference.has_companion else "image"
    bom = _bom(manifest.name, manifest.tag, bill_serial(kind, manifest.root, lock.platform), spec)
    facts = [("root", manifest.root), ("image", kind), ("platform", lock.platform)]
    facts.append(("proved-on", manifest.platforms[lock.platform].proved_on or NOT_PROVED))
    bom.metadata.properties.update(properties(facts))
    base = _base_components(bom, inventory, held.base, lock)
    wheels = _wheel_components(held)
    model = model_component(reference, MODEL)
    code, runtime, data = (
        code_component(manifest),
        runtime_component(manifest),
        data_component(manifest),
    )
    parts = [part for part in (model, code, runtime, data) if part is not None]
    bom.components.update([*base, *parts, *wheels.values(), *_shared_vendored(held)])
    _register(bom, wheels, lock, held)
    bom.register_dependency(model, [data] if data is not None else [])
    bom.register_dependency(code, _of_groups(wheels, {"model"}))
    bom.register_dependency(runtime, _of_groups(wheels, {"server", "grpc", "trees"}))
    cards = member_cards(inventory, manifest)
    texts, weak = reference.record(CardSection, CARD), reference.record(WeakSlices, WEAK)
    ref = DATA if data is not None else None
    cards[MODEL] = model_card(manifest, ref, texts or CardSection(), weak)
    return _json(bom, spec, cards)


def base_bill(base: BaseImage, *, spec: Spec = "1.6") -> bytes:
    """The CycloneDX JSON of a base image."""
    inventory, saved = read_inventory(base.layers), base.saved
    lock = Lock(python=saved.python, platform=saved.platform, base=base.locked, wheels=())
    name, _, tag = saved.reference.rpartition(":")
    content = sha256_bytes(canonical_json(saved.diff_ids))
    bom = _bom(
        name or saved.reference,
        tag if name else "",
        uuid.uuid5(uuid.NAMESPACE_URL, f"{LABEL}:base {content}"),
        spec,
    )
    bom.metadata.properties.update(properties([("image", "base")]))
    bom.components.update(_base_components(bom, inventory, inventory.distributions, lock))
    bom.register_dependency(_top(bom), bom.components)
    return _json(bom, spec, {})


def _bom(name: str, tag: str, serial: uuid.UUID, spec: Spec) -> Bom:
    bom = Bom(serial_number=serial)
    # A time would make the same package give other bytes each time.
    setattr(bom.metadata, "timestamp", None)  # noqa: B010 - the library declares it as required
    own_version = version(LABEL)
    if spec == "1.5":
        # The form of earlier versions, because readers of 1.5 refuse a file with the newer one.
        bom.metadata.tools = ToolRepository(tools=[Tool(name=LABEL, version=own_version)])
    else:
        tool = Component(type=ComponentType.APPLICATION, name=LABEL, version=own_version)
        bom.metadata.tools.components.add(tool)
    bom.metadata.component = Component(
        type=ComponentType.CONTAINER, name=name, version=tag or None, bom_ref="container"
    )
    return bom


def _top(bom: Bom) -> Component:
    top = bom.metadata.component
    assert top is not None
    return top


def _base_components(
    bom: Bom, inventory: Inventory, distributions: Iterable[InstalledDistribution], lock: Lock
) -> list[Component]:
    """The base's operating system, packages and Python; empty for a package without a base.

    The packages depend on the operating system: scanners count only those.
    """
    if lock.base == "none":
        return []
    release = inventory.release
    system = Component(
        type=ComponentType.OPERATING_SYSTEM,
        name=release.get("ID", "unknown"),
        version=release.get("VERSION_ID"),
        bom_ref=SYSTEM,
        properties=properties([("base", lock.base.reference)]),
    )
    debs = [deb_component(package, release) for package in debian_packages(inventory)]
    debs = debs or [recorded_deb(entry, release) for entry in lock.base.packages]
    if not debs:
        system.properties.update(properties([("packages", "unknown: no dpkg database found")]))
    bom.register_dependency(system, debs)
    pythons = [
        _built_python(content)
        for name, content in inventory.files.items()
        if PYTHON.fullmatch(name)
    ]
    installed = []
    for distribution in distributions:
        purl = own_purl(distribution)
        if purl is None:
            system.properties.update(
                properties([("distribution.unread", f"/{distribution.folder}")])
            )
        else:
            installed.append(
                distribution_component(distribution, purl, f"{purl}#/{distribution.folder}")
            )
    return [system, *debs, *(one for one in pythons if one is not None), *installed]


def _built_python(header: bytes) -> Component | None:
    """The Python of a base that no package installed, by its patchlevel.h."""
    for line in header.decode(errors="replace").splitlines():
        words = line.split()
        if words[:2] == ["#define", "PY_VERSION"] and len(words) == 3:
            purl = PackageURL("generic", None, "python", words[2].strip('"'))
            kind = ComponentType.APPLICATION
            return Component(
                type=kind, name="python", version=purl.version, purl=purl, bom_ref=str(purl)
            )
    return None


def _wheel_components(held: LockedDistributions) -> dict[Wheel, Component]:
    components = {
        wheel: wheel_component(wheel, distribution) for wheel, distribution in held.wheels
    }
    for wheel, distribution in held.vendored:
        purl = own_purl(distribution)
        if wheel is not None and purl is not None:
            owner = components[wheel]
            inner = distribution_component(distribution, purl, f"{owner.bom_ref.value}#{purl}")
            owner.components.add(inner)
    return components


def _shared_vendored(held: LockedDistributions) -> list[Component]:
    """Vendored distributions in folders of several wheels."""
    named = [
        (distribution, own_purl(distribution))
        for wheel, distribution in held.vendored
        if wheel is None
    ]
    return [
        distribution_component(distribution, purl, f"{purl}#/{distribution.folder}")
        for distribution, purl in named
        if purl is not None
    ]


def _of_groups(wheels: Mapping[Wheel, Component], groups: set[str]) -> list[Component]:
    return [part for wheel, part in wheels.items() if groups & set(wheel.groups)]


def _register(
    bom: Bom, wheels: Mapping[Wheel, Component], lock: Lock, held: LockedDistributions
) -> None:
    """Add the edges from the container to its parts, and between wheels of one environment."""
    system = [part for part in bom.components if part.bom_ref.value == SYSTEM]
    owned = {
        edge for one in bom.dependencies if one.ref.value == SYSTEM for edge in one.dependencies
    }
    below = {dependency.ref.value for dependency in owned}
    top = [part for part in bom.components if part.bom_ref.value not in below]
    bom.register_dependency(_top(bom), [*system, *top])
    markers = marker_environment(lock.python, lock.platform)
    metadata = {wheel: distribution.metadata for wheel, distribution in held.wheels}
    for environment in _environments(lock):
        named = {wheel.name: wheel for wheel in environment if wheel in wheels}
        edges = requirement_edges({name: metadata[one] for name, one in named.items()}, markers)
        for name, needed in edges.items():
            targets = [wheels[named[one]] for one in sorted(needed)]
            bom.register_dependency(wheels[named[name]], targets)


def _environments(lock: Lock) -> list[Sequence[Wheel]]:
    return [
        lock.wheels_of("model"),
        lock.wheels_of("server", "grpc", "trees"),
        lock.wheels_of("harness", "parquet"),
        *(lock.wheels_of_member(name) for name in lock.members),
    ]


def _json(bom: Bom, spec: Spec, cards: Mapping[str, dict[str, Any]]) -> bytes:
    """The library's JSON with the model cards (by bom-ref), which it has no classes for."""
    document = json.loads(make_outputter(bom, OutputFormat.JSON, VERSIONS[spec]).output_as_string())
    todo = list(document.get("components", ()))
    while todo:
        component = todo.pop()
        if component.get("bom-ref") in cards:
            component["modelCard"] = cards[component["bom-ref"]]
        todo += component.get("components", ())
    return canonical_json(document)
