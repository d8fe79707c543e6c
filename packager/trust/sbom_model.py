"""The package's own components: model, members, code, runtime and data."""

from __future__ import annotations

from typing import Any

from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalContact, OrganizationalEntity

from packager.digest import sha256_bytes, tree_digest
from packager.errors import PackageError
from packager.image.documents import parse_document
from packager.image.reference import Reference
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Manifest
from packager.project.card_section import FILE, CardSection
from packager.trust.cyclonedx_card import model_card
from packager.trust.image_inventory import Inventory
from packager.trust.sbom_components import file_components, properties, sha256

DATA = "data"
"""bom-ref of the training data."""


def model_component(reference: Reference, bom_ref: str) -> Component:
    """The model with its files; of a solution, also its members' models."""
    manifest, texts = reference.manifest, reference.record(CardSection, FILE) or CardSection()
    component = _filed(
        Component(
            type=ComponentType.MACHINE_LEARNING_MODEL,
            name=manifest.name,
            version=manifest.tag,
            bom_ref=bom_ref,
            description=texts.summary,
            supplier=_owner(texts),
            hashes=sha256(manifest.model[0].sha256) if len(manifest.model) == 1 else [],
            properties=properties([("root", manifest.root), ("loader", manifest.serve.loader)]),
        ),
        "models",
        manifest.model,
    )
    if manifest.solution is not None:
        component.components.update(
            Component(
                type=ComponentType.MACHINE_LEARNING_MODEL,
                name=member.package,
                version=f"{member.version}-{member.root[:12]}",
                bom_ref=member_ref(member.name),
                properties=properties([("member", member.name), ("root", member.root)]),
            )
            for member in manifest.solution.members
        )
    return component


def _owner(texts: CardSection) -> OrganizationalEntity | None:
    """The owner of the model, by ``[card]``."""
    if texts.owner is None and texts.contact is None:
        return None
    contacts = [OrganizationalContact(name=texts.contact)] if texts.contact else []
    return OrganizationalEntity(name=texts.owner, contacts=contacts)


def member_ref(name: str) -> str:
    """The bom-ref of a member's model."""
    return f"member:{name}"


def member_cards(inventory: Inventory, manifest: Manifest) -> dict[str, dict[str, Any]]:
    """The model card of each member of a solution, by bom-ref.

    Raises ``PackageError`` if a member's manifest is missing or has another root than recorded.
    """
    cards = {}
    for member in manifest.solution.members if manifest.solution is not None else ():
        path = f"models/model/members/{member.name}/package/manifest.json"
        content = inventory.files.get(path, b"")
        if sha256_bytes(content) != member.root:
            raise PackageError(
                f"member {member.name}: /{path}: expected sha256 {member.root}, got "
                + (sha256_bytes(content) if content else "no such file"),
                "the image was changed after it was built: build it again",
            )
        cards[member_ref(member.name)] = model_card(parse_document(Manifest, content, path), None)
    return cards


def code_component(manifest: Manifest) -> Component:
    """The project's own code."""
    component = Component(
        type=ComponentType.APPLICATION,
        name=f"{manifest.name} code",
        version=manifest.version,
        bom_ref="code",
    )
    return _filed(component, "code", manifest.code)


def runtime_component(manifest: Manifest) -> Component:
    """The component of the server: modules of this program."""
    return Component(
        type=ComponentType.FRAMEWORK,
        name="model-packager runtime",
        version=manifest.runtime[:12],
        bom_ref="runtime",
        properties=properties([("tree.sha256", manifest.runtime)]),
    )


def data_component(manifest: Manifest) -> Component | None:
    """The data that the model was trained and measured on; None if the package has none.

    Its files, hashes and numbers; CycloneDX's field ``data`` is not written, because older readers
    refuse a whole file that has it.
    """
    source = manifest.data
    if source == "none":
        return None
    facts: list[tuple[str, object]] = [
        ("fingerprint", source.fingerprint),
        ("format", source.format),
        ("rows.train", source.train_rows),
        ("rows.held-out", source.test_rows),
        ("embedded", source.embed),
    ]
    if source.table is not None:
        facts.append(("table", f"{source.table.table}@{source.table.version}"))
        if source.table.labels is not None:
            facts.append(("labels", source.table.labels.scheme.name))
            facts.append(("labels.sha256", source.table.labels.sha256))
    component = Component(
        type=ComponentType.DATA,
        name=f"{manifest.name} training data",
        version=source.fingerprint[:12],
        bom_ref=DATA,
        hashes=sha256(source.files[0].sha256) if len(source.files) == 1 else [],
        properties=properties(facts),
    )
    component = _filed(component, "data/source", source.files)
    if source.test_file is not None:
        component.components.update(file_components("data/test", [source.test_file]))
    return component


def _filed(component: Component, prefix: str, entries: tuple[FileEntry, ...]) -> Component:
    """``component`` with its files, their number and the digest of all."""
    digest = tree_digest((entry.path, entry.sha256) for entry in entries)
    component.properties.update(properties([("files", len(entries)), ("tree.sha256", digest)]))
    component.components.update(file_components(prefix, entries))
    return component
