"""SLSA provenance of a package: training is a build, and its data are dependencies.

Made of the manifest and the lock alone, without clock or machine, so that it is the same wherever
it is made. A key of one's own vouches for it: SLSA Build L1.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from packager.digest import canonical_json, sha256_bytes
from packager.manifest.manifest import DataSource, Lock, Manifest
from packager.trust.statements import (
    PROVENANCE,
    ResourceDescriptor,
    StandardRecord,
    Statement,
    described,
)

BUILD_TYPE = "https://model-packager/train/v1"
BUILDER = "https://model-packager/builder/v1"


class BuildDefinition(StandardRecord):
    """The inputs of a build: parameters and materials."""

    build_type: str
    external_parameters: dict[str, Any]
    internal_parameters: dict[str, Any] = {}
    resolved_dependencies: tuple[ResourceDescriptor, ...] = ()


class ProvenanceBuilder(StandardRecord):
    """The builder."""

    id: str
    version: dict[str, str] = {}


class RunDetails(StandardRecord):
    """The run of the builder, without times."""

    builder: ProvenanceBuilder
    byproducts: tuple[ResourceDescriptor, ...] = ()


class Provenance(StandardRecord):
    """The predicate of SLSA provenance v1."""

    build_definition: BuildDefinition
    run_details: RunDetails

    def dependencies(self) -> dict[str, str]:
        """Name → sha256 of what the package was made of."""
        descriptors = self.build_definition.resolved_dependencies
        return {one.name: (one.digest or {}).get("sha256", "") for one in descriptors if one.name}


def provenance_statement(
    manifest: Manifest, lock: Lock, subjects: Sequence[ResourceDescriptor]
) -> Statement:
    """The statement of how ``subjects`` were made."""
    recipe = manifest.recipe
    external = {
        "package": {"name": manifest.name, "version": manifest.version, "task": manifest.task},
        "recipe": recipe if isinstance(recipe, str) else recipe.model_dump(mode="json"),
    }
    environment = manifest.environment.model_dump(mode="json")
    dependencies = (
        *data_dependencies(manifest),
        *_base(lock),
        *(
            described(wheel.filename, wheel.sha256, uri=f"pkg:pypi/{wheel.name}@{wheel.version}")
            for wheel in lock.wheels
        ),
        *(described(f"code/{entry.path}", entry.sha256) for entry in manifest.code),
    )
    predicate = Provenance(
        build_definition=BuildDefinition(
            build_type=BUILD_TYPE,
            external_parameters=external,
            internal_parameters={"environment": environment},
            resolved_dependencies=dependencies,
        ),
        run_details=RunDetails(
            builder=ProvenanceBuilder(id=BUILDER), byproducts=tuple(_byproducts(manifest))
        ),
    )
    return Statement(
        subject=tuple(subjects), predicate_type=PROVENANCE, predicate=predicate.as_json()
    )


def data_dependencies(manifest: Manifest) -> Iterator[ResourceDescriptor]:
    """The files of the training data, each with the fingerprint of the whole; and its table."""
    data = manifest.data
    if not isinstance(data, DataSource):
        return
    facts = {"fingerprint": f"dfp/1 sha256:{data.fingerprint}", "training": "true"}
    for entry in data.files:
        yield described(f"data/source/{entry.path}", entry.sha256, annotations=facts)
    if data.test_file is not None:
        held_out = {**facts, "training": "false"}
        entry = data.test_file
        yield described(f"data/test/{entry.path}", entry.sha256, annotations=held_out)
    if data.table is not None:
        yield ResourceDescriptor(
            name=f"table/{data.table.table}@{data.table.version}",
            digest={"sha256": data.fingerprint},
            annotations=data.table.model_dump(mode="json"),
        )


def _base(lock: Lock) -> Iterator[ResourceDescriptor]:
    if lock.base == "none":
        return
    for number, diff_id in enumerate(lock.base.diff_ids):
        facts = {"reference": lock.base.reference}
        yield described(f"base/layer {number}", diff_id.removeprefix("sha256:"), annotations=facts)


def _byproducts(manifest: Manifest) -> Iterator[ResourceDescriptor]:
    for name in ("evaluation", "findings", "repeatability"):
        record = getattr(manifest, name)
        if record is not None:
            content = canonical_json(record.model_dump(mode="json", by_alias=True))
            yield described(
                f"{name}.json",
                sha256_bytes(content),
                media_type="application/json",
                content=base64.b64encode(content).decode(),
            )
