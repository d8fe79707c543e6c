"""The features that a Delta table requires of readers and writers, and which are supported.

The Delta protocol names features; before version 3 (readers) and 7 (writers) the version number
implies a fixed set of them. A feature that is not in ``FEATURES`` is refused by its name.
docs/data.md has the same table for users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

OF_READER_VERSION = {1: (), 2: ("columnMapping",)}
"""Legacy reader version → the features it implies."""
OF_WRITER_VERSION: dict[int, tuple[str, ...]] = {1: (), 2: ("appendOnly", "invariants")}
OF_WRITER_VERSION[3] = (*OF_WRITER_VERSION[2], "checkConstraints")
OF_WRITER_VERSION[4] = (*OF_WRITER_VERSION[3], "changeDataFeed", "generatedColumns")
OF_WRITER_VERSION[5] = (*OF_WRITER_VERSION[4], "columnMapping")
OF_WRITER_VERSION[6] = (*OF_WRITER_VERSION[5], "identityColumns")

_INNER = ("elementType", "keyType", "valueType")
MAPPING_MODE = "delta.columnMapping.mode"


@dataclass(frozen=True)
class Protocol:
    """The features that a table requires, its properties, and what its schema restricts."""

    reader: frozenset[str]
    """Names of the features that a reader must support."""
    writer: frozenset[str]
    properties: Mapping[str, str]
    fields: frozenset[str]
    """Every key in the metadata of columns, at any depth."""
    partitions: Mapping[str, str]
    """Partition column → its type, in the order of the table's metadata."""
    required: frozenset[str]
    """Columns declared NOT NULL."""
    deep_required: bool
    """Whether a part of a nested column is NOT NULL."""

    @classmethod
    def of(
        cls,
        versions: tuple[int, int],
        named: tuple[Iterable[str] | None, Iterable[str] | None],
        properties: Mapping[str, str],
        schema: Mapping[str, Any],
        partitions: Iterable[str] = (),
    ) -> Protocol:
        """From the actions of a log: minimum versions and feature names, each (reader, writer).

        ``schema`` is the table's, as JSON. A version that the protocol doesn't define becomes a
        feature, which is refused.
        """
        reader, writer = versions
        fields = schema.get("fields", ())
        types = {field["name"]: field["type"] for field in fields}
        return cls(
            reader=_names(reader, 3, named[0], OF_READER_VERSION, "reader"),
            writer=_names(writer, 7, named[1], OF_WRITER_VERSION, "writer"),
            properties=dict(properties),
            fields=frozenset(_field_keys(schema)),
            partitions={name: str(types.get(name, "unknown")) for name in partitions},
            required=frozenset(f["name"] for f in fields if not f.get("nullable", True)),
            deep_required=any(_is_required(field["type"]) for field in fields),
        )

    @property
    def mapped(self) -> bool:
        """Whether files use other column names than the table (column mapping)."""
        return self.properties.get(MAPPING_MODE, "none") != "none"

    def is_on(self, key: str) -> bool:
        """Whether a property of the table is set to true."""
        return self.properties.get(key, "").lower() == "true"


Use = Callable[[Protocol], bool]


@dataclass(frozen=True)
class Feature:
    """When a feature prevents an operation; None if it is supported."""

    reads: Use | None = None
    replaces: Use | None = None
    """For commits that remove rows: a version that replaces all rows, and a revert."""
    appends: Use | None = None


def _always(_: Protocol) -> bool:
    return True


def _field(key: str) -> Use:
    return lambda protocol: any(field.startswith(key) for field in protocol.fields)


def _property(key: str) -> Use:
    return lambda protocol: any(name.startswith(key) for name in protocol.properties)


def _no_writes(when: Use = _always) -> Feature:
    return Feature(replaces=when, appends=when)


_REFUSED = Feature(_always, _always, _always)

FEATURES: dict[str, Feature] = {
    # Writer features. Those that a legacy version implies prevent commits only if they are used.
    "appendOnly": Feature(replaces=lambda protocol: protocol.is_on("delta.appendOnly")),
    "invariants": _no_writes(_field("delta.invariants")),
    "checkConstraints": _no_writes(_property("delta.constraints.")),
    "generatedColumns": _no_writes(_field("delta.generationExpression")),
    "changeDataFeed": Feature(),  # commits here add and remove whole files: no cdc file is needed
    "allowColumnDefaults": _no_writes(),
    "identityColumns": _no_writes(),
    "rowTracking": _no_writes(),
    "domainMetadata": _no_writes(),
    "clustering": _no_writes(),
    "icebergCompatV1": _no_writes(),
    "icebergCompatV2": _no_writes(),
    "icebergCompatV3": _no_writes(),
    "icebergWriterCompatV1": _no_writes(),
    "icebergWriterCompatV3": _no_writes(),
    "inCommitTimestamp": _no_writes(),
    "inCommitTimestamp-preview": _no_writes(),
    "materializePartitionColumns": _no_writes(),
    "checkpointProtection": _no_writes(),
    # Reader and writer features.
    "columnMapping": Feature(
        reads=lambda protocol: (
            protocol.properties.get(MAPPING_MODE, "none") not in ("none", "name")
        ),
        replaces=lambda protocol: protocol.mapped,
        appends=lambda protocol: protocol.mapped,
    ),
    "deletionVectors": _no_writes(),
    "timestampNtz": Feature(),
    "typeWidening": _no_writes(),
    "typeWidening-preview": _no_writes(),
    "v2Checkpoint": Feature(),
    "vacuumProtocolCheck": _no_writes(),
    "variantType": _REFUSED,
    "variantType-preview": _REFUSED,
    "variantShredding": _REFUSED,
    "variantShredding-preview": _REFUSED,
    "collations": _REFUSED,
    "collations-preview": _REFUSED,
    "geospatial": _REFUSED,
    # The newest commits of these tables are in a catalog, not in the folder.
    "catalogManaged": _REFUSED,
    "catalogOwned-preview": _REFUSED,
    "coordinatedCommits-preview": _REFUSED,
    "managedCommits-dev": _REFUSED,
}


def unreadable(protocol: Protocol) -> str | None:
    """The feature that prevents reading the table; None if it can be read.

    Writer features are irrelevant to a reader, except those by which the newest commits are stored
    elsewhere.
    """
    known = {name for name in protocol.writer if name in FEATURES}
    for name in sorted(protocol.reader | known):
        refuses = FEATURES.get(name, _REFUSED).reads
        if refuses is not None and refuses(protocol):
            return _in_mode(name, protocol)
    if any(kind == "binary" for kind in protocol.partitions.values()):
        return "partition columns of type binary"
    return None


def unwritable(protocol: Protocol, *, append: bool) -> str | None:
    """The feature that prevents a commit; None if it is possible.

    ``append``: the commit only adds rows, which fewer features prevent.
    """
    for name in sorted(protocol.reader | protocol.writer):
        feature = FEATURES.get(name, _REFUSED)
        refuses = feature.appends if append else feature.replaces
        if refuses is not None and refuses(protocol):
            return _in_mode(name, protocol)
    if protocol.deep_required:
        return "NOT NULL within a nested column"
    return unreadable(protocol)


def _in_mode(name: str, protocol: Protocol) -> str:
    mode = protocol.properties.get(MAPPING_MODE)
    return f"{name} (mode {mode})" if name == "columnMapping" and mode else name


def _names(
    version: int,
    listing: int,
    named: Iterable[str] | None,
    legacy: Mapping[int, tuple[str, ...]],
    side: str,
) -> frozenset[str]:
    """The features of one side: listed in version ``listing``, implied by earlier ones."""
    if version == listing:
        return frozenset(named or ())
    return frozenset(legacy.get(version, (f"{side} version {version}",)))


def _is_required(kind: Any) -> bool:
    """Whether a type, as JSON, contains a NOT NULL part."""
    if not isinstance(kind, Mapping):
        return False
    if kind.get("containsNull") is False or kind.get("valueContainsNull") is False:
        return True
    fields = kind.get("fields", ())
    inner = [field["type"] for field in fields] + [kind.get(key) for key in _INNER]
    return not all(field.get("nullable", True) for field in fields) or any(map(_is_required, inner))


def _field_keys(kind: Any) -> Iterable[str]:
    """The keys of all columns' metadata in a schema, or a type within one, as JSON."""
    if not isinstance(kind, Mapping):
        return
    for field in kind.get("fields", ()):
        yield from field.get("metadata") or {}
        yield from _field_keys(field["type"])
    for inner in _INNER:
        yield from _field_keys(kind.get(inner))
