"""Commit labels and schemes as a version of their table, whose rows stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from packager.errors import UsageError
from packager.location import Location
from packager.manifest.label_schemes import LabelScheme
from packager.tables.commits import Authorship, facts_of, label_facts
from packager.tables.delta import VersionedTable
from packager.tables.errors import retried
from packager.tables.labels.imported import ImportedLabel, ImportedLabels
from packager.tables.labels.keys import key_texts, refuse_repeated, row_keys, typed_texts
from packager.tables.labels.merge import NewLabel, merge, refuse
from packager.tables.labels.records import LABEL
from packager.tables.labels.store import (
    Labels,
    discard_labels,
    no_labels,
    read_labels,
    write_labels,
)
from packager.tables.labels.values import check_stored, stored_label
from packager.tables.records import Version


@dataclass(frozen=True)
class AddedLabels:
    """The outcome for the labels of a file."""

    version: Version
    scheme: str
    unchanged: bool
    """Whether the table had all of them already, so that nothing was committed."""
    added: int
    replaced: int
    repeated: int


def declare_scheme(
    location: Location, scheme: LabelScheme, key: Sequence[str] | None, authorship: Authorship
) -> tuple[Version, bool]:
    """Commit a scheme, or a changed one; return the version, and whether it is a new one.

    ``key``: the columns that identify rows, for the table's first scheme; None: as they are, or the
    row hash. Raises ``UsageError`` if stored labels don't fit the scheme, or another key is in use.
    """
    return retried(lambda: _declare(location, scheme, key, authorship))


def add_labels(
    location: Location,
    scheme: str,
    imported: ImportedLabels,
    by: Authorship,
    *,
    replaces: bool = False,
) -> AddedLabels:
    """Commit the labels of a file as labels of a scheme; all of them, or none.

    Raises ``UsageError`` for rows that the table lacks, labels that the scheme lacks, and labels
    that contradict each other or stored ones (unless ``replaces``).
    """
    return retried(lambda: _add(location, scheme, imported, by, replaces))


def scheme_named(labels: Labels | None, name: str | None, location: Location) -> LabelScheme:
    """A scheme by name, the only one for None; ``UsageError`` if there is no such scheme."""
    known = labels.schemes if labels else ()
    matches = [scheme for scheme in known if name in (None, scheme.name)]
    if len(matches) == 1:
        return matches[0]
    shown = ", ".join(scheme.name for scheme in known) or "none"
    expected = "one labelling scheme" if name is None else f"the labelling scheme {name!r}"
    hint = f"name one with --scheme: {shown}"
    if not known or name is not None:
        hint = (
            f"its schemes are: {shown}; declare one: package data labels declare {location} "
            f"{name or 'NAME'} --class A --class B"
        )
    raise UsageError(
        f"{location}: expected {expected}, got {shown if name is None else 'none'}", hint
    )


def _declare(
    location: Location, scheme: LabelScheme, key: Sequence[str] | None, by: Authorship
) -> tuple[Version, bool]:
    store = VersionedTable.open(location)
    version = store.version(None)
    held = read_labels(location, version)
    if held is None:
        held = Labels(no_labels(), tuple(key or ()), ())
        if held.key:
            refuse_repeated(row_keys(store, version.number, held.key), held.key, location)
    elif key is not None and tuple(key) != held.key:
        raise UsageError(
            f"--key-columns: expected the key of the table's other schemes, {_shown(held.key)}, "
            f"got {_shown(key)}",
            "leave --key-columns out",
        )
    check_stored(held.of(scheme.name)["label"], scheme)
    others = tuple(one for one in held.schemes if one.name != scheme.name)
    if scheme in held.schemes:
        return version, False
    labels = replace(held, schemes=(*others, scheme), sources=())
    return _commit(store, version, labels, by), True


def _add(
    location: Location, name: str, imported: ImportedLabels, by: Authorship, replaces: bool
) -> AddedLabels:
    store = VersionedTable.open(location)
    version = store.version(None)
    held = read_labels(location, version)
    scheme = scheme_named(held, name, location)
    assert held is not None
    texts = _checked(imported, scheme)
    keys = _matched(store, version, imported, held.key)
    new = [
        NewLabel(one.location, key, one.annotator, text, one.selection_probability, one.labelled_at)
        for one, key, text in zip(imported.labels, keys, texts, strict=True)
    ]
    merged = merge(held.frame, new, name, imported.source, replace=replaces)
    counts = merged.added, merged.replaced, merged.repeated
    if not merged.added and not merged.replaced:
        return AddedLabels(version, name, True, *counts)
    labels = replace(held, frame=merged.frame, sources=(imported.source,))
    return AddedLabels(_commit(store, version, labels, by), name, False, *counts)


def _commit(store: VersionedTable, version: Version, labels: Labels, by: Authorship) -> Version:
    store.check_writable(append=True)
    written = write_labels(store.location, labels)
    facts = facts_of(LABEL, by, version.fingerprint, version.derived) | label_facts(written)
    try:
        number = store.commit([], store.schema(version.number), facts, append=True)
    except BaseException:
        # A commit interrupted by a signal may have succeeded: then a version names the file.
        discard_labels(store.location, written, VersionedTable.open(store.location).versions)
        raise
    return VersionedTable.open(store.location).version(number)


def _checked(imported: ImportedLabels, scheme: LabelScheme) -> list[str]:
    """The labels as stored."""
    texts, wrong = [], []
    for label in imported.labels:
        try:
            texts.append(stored_label(label.label, scheme))
        except ValueError as error:
            wrong.append(f"{label.location}: {error}")
    refuse(
        wrong,
        f"{imported.source.path}: expected labels of scheme {scheme.name!r}",
        "correct them, or declare the scheme again with more classes or wider bounds",
    )
    return texts


def _matched(
    store: VersionedTable, version: Version, imported: ImportedLabels, key: tuple[str, ...]
) -> list[str]:
    """The key of the row of each label, as stored."""
    stored = row_keys(store, version.number, key)
    own = stored if imported.key == key else row_keys(store, version.number, imported.key)
    key_texts = _texts(store, version, imported)
    rows: dict[str | None, str | None] = dict(zip(own, stored, strict=True))
    unknown = [
        f"{one.location}: {_named(one, imported.key)}"
        for one, text in zip(imported.labels, key_texts, strict=True)
        if rows.get(text) is None
    ]
    at = Location(store.location.uri, version.number)
    refuse(
        unknown,
        f"{imported.source.path}: expected rows of {at}, got {len(unknown):,} labels of other rows",
        "name the columns that identify rows with --on; a row hash changes with any cell of its row"
        ", so labels of changed rows need key columns",
    )
    remaining = {*key_texts}
    refuse_repeated((text for text in own if text in remaining), imported.key, at)
    return [str(rows[text]) for text in key_texts]


def _texts(store: VersionedTable, version: Version, imported: ImportedLabels) -> list[str | None]:
    if not imported.key:
        return [label.key[0] for label in imported.labels]
    schema = store.schema(version.number)
    columns = [
        typed_texts([label.key[index] for label in imported.labels], schema.field(name).type)
        for index, name in enumerate(imported.key)
    ]
    return key_texts(columns)


def _named(label: ImportedLabel, key: Sequence[str]) -> str:
    names = key or ("row hash",)
    return ", ".join(f"{name} {text!r}" for name, text in zip(names, label.key, strict=True))


def _shown(key: Sequence[str]) -> str:
    return ", ".join(map(repr, key)) or "the row hash"
