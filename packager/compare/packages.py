"""``package diff``: sorted differences between two packages; no code is run, no model loaded.

Values are compared in their JSON form: 1, 1.0, true and "1" are four values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from packager.compare.members import described, own_wheels
from packager.compare.records import (
    Change,
    Changes,
    DataDifference,
    Difference,
    EvaluationDifference,
    LayerEntry,
    LayersDifference,
    MetricChange,
    PackageRef,
    Requirement,
)
from packager.data.row_overlap import compare_rows
from packager.digest import canonical_json
from packager.image.reference import Reference
from packager.manifest.base import FileEntry, FrozenModel
from packager.manifest.evaluation import Evaluation, MetricValues
from packager.manifest.manifest import Column, Fingerprint, Lock, Manifest, Wheel

# Settings of an image's config that its environment, the manifest and the layers don't record.
SETTINGS = ("Cmd", "Entrypoint", "ExposedPorts", "Healthcheck", "User", "WorkingDir")


@dataclass(frozen=True)
class ComparedPackage:
    """The parts of a package that are compared."""

    side: PackageRef
    manifest: Manifest
    lock: Lock
    fingerprint: Fingerprint | None
    settings: dict[str, Any]
    """``config`` in the image's config: how the image runs."""
    layers: tuple[LayerEntry, ...]
    companion: tuple[LayerEntry, ...]
    """The companion's layers; the image's if there is no companion."""

    @classmethod
    def of(cls, package: Reference) -> ComparedPackage:
        """The package at a reference."""
        side = PackageRef(
            name=package.name,
            root=package.manifest.root,
            config_digest=package.config_digest,
            companion=package.has_companion,
        )
        return cls(
            side,
            package.manifest,
            package.lock(),
            package.fingerprint(),
            package.config["config"],
            _entries(package.layers()),
            _entries(package.layers(companion=True)),
        )


def diff_packages(before: Reference, after: Reference) -> Difference:
    """Differences between the packages at two references."""
    return diff(ComparedPackage.of(before), ComparedPackage.of(after))


def diff(before: ComparedPackage, after: ComparedPackage) -> Difference:
    """Differences between two packages, and the layers to ship from one to the other."""
    a, b = before.manifest, after.manifest
    companions = before.side.companion or after.side.companion
    return Difference(
        before=before.side,
        after=after.side,
        package=changes(_package(a), _package(b)),
        platform=changes(_platform(before), _platform(after)),
        requirements=tuple(_requirements(before.lock, after.lock)),
        data=_data(before, after),
        solution=changes(described(a, before.lock), described(b, after.lock)),
        code=changes(_files(a.code), _files(b.code)),
        recipe=changes(_dump(a.recipe), _dump(b.recipe)),
        serve=changes(_dump(a.serve), _dump(b.serve)),
        slices=changes(_dump(a.slices), _dump(b.slices)),
        schema_=changes(_schema(a, b), _schema(b, a)),
        evaluation=_evaluation(a.evaluation, b.evaluation),
        findings=changes(_dump(a.findings), _dump(b.findings)),
        repeatability=changes(_dump(a.repeatability), _dump(b.repeatability)),
        seed_variance=changes(_dump(a.seed_variance), _dump(b.seed_variance)),
        environment=changes(_dump(a.environment), _dump(b.environment)),
        compiled=changes(_dump(a.compiled), _dump(b.compiled)),
        runtime=changes({"digest": a.runtime}, {"digest": b.runtime}),
        model=changes(_files(a.model), _files(b.model)),
        files=changes(_files(a.files), _files(b.files)),
        image=changes(_settings(before.settings), _settings(after.settings)),
        layers=compare_layers(before.layers, after.layers),
        companion=compare_layers(before.companion, after.companion) if companions else None,
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """Differences between two JSON objects, sorted by path.

    Objects that both sides have are compared by member. A list, or a value that only one side has,
    is one change.
    """
    return tuple(_changes((), before, after))


def _changes(
    above: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        path = (*above, name)
        one, other = before.get(name), after.get(name)
        if name not in before:
            yield Change(path=path, change="added", after=other)
        elif name not in after:
            yield Change(path=path, change="removed", before=one)
        elif isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _changes(path, one, other)
        elif canonical_json(one) != canonical_json(other):
            yield Change(path=path, change="changed", before=one, after=other)


def compare_layers(before: Sequence[LayerEntry], after: Sequence[LayerEntry]) -> LayersDifference:
    """Compare two stacks of layers, bottom up, by diff_id; equal layers have ``after``'s sizes."""
    pairs = zip(before, after, strict=False)
    unlike = (i for i, (one, other) in enumerate(pairs) if one.diff_id != other.diff_id)
    common = next(unlike, min(len(before), len(after)))
    equal, only_after = _parted(after, before)
    held = {layer.diff_id for layer in before}
    lacking = {layer.diff_id: layer.size for layer in after if layer.diff_id not in held}
    return LayersDifference(
        equal=equal,
        only_before=_parted(before, after)[1],
        only_after=only_after,
        common=common,
        to_ship=sum(lacking.values()),
        to_load=sum(layer.size for layer in after[common:]),
    )


def _parted(
    layers: Sequence[LayerEntry], others: Sequence[LayerEntry]
) -> tuple[tuple[LayerEntry, ...], tuple[LayerEntry, ...]]:
    """``layers`` that ``others`` contain too (counting duplicates), and the rest; bottom up."""
    counts = Counter(layer.diff_id for layer in others)
    parts: tuple[list[LayerEntry], list[LayerEntry]] = [], []
    for layer in layers:
        parts[0 if counts[layer.diff_id] > 0 else 1].append(layer)
        counts[layer.diff_id] -= 1
    return tuple(parts[0]), tuple(parts[1])


def _entries(layers: Iterable[tuple[str, str, int]]) -> tuple[LayerEntry, ...]:
    return tuple(LayerEntry(name=name, diff_id=id_, size=size) for name, id_, size in layers)


def _dump(noun: FrozenModel | Literal["none"] | None) -> dict[str, Any]:
    return noun.model_dump(mode="json", by_alias=True) if isinstance(noun, FrozenModel) else {}


def _package(manifest: Manifest) -> dict[str, Any]:
    return manifest.model_dump(include={"name", "version", "task", "schema_version"})


def _platform(package: ComparedPackage) -> dict[str, Any]:
    lock, platforms = package.lock, package.manifest.platforms
    proofs = {name: one.proved_on or "nothing" for name, one in platforms.items()}
    described = {"python": lock.python, "platform": lock.platform, "proved_on": proofs}
    if lock.base == "none":
        return described
    base = {**_dump(lock.base), "env": _variables(lock.base.env)}
    return {**described, "base": base}


def _variables(entries: Iterable[str]) -> dict[str, str]:
    return {name: value for name, _, value in (entry.partition("=") for entry in entries)}


def _files(entries: Iterable[FileEntry]) -> dict[str, str]:
    return {entry.path: entry.sha256 for entry in entries}


def _requirements(before: Lock, after: Lock) -> Iterator[Requirement]:
    wheels, others = (
        {(wheel.name, "model" not in wheel.groups): wheel for wheel in own_wheels(lock)}
        for lock in (before, after)
    )
    for name, shipped in sorted(wheels.keys() | others.keys()):
        one, other = wheels.get((name, shipped)), others.get((name, shipped))
        if one is None:
            yield Requirement(name=name, change="added", before=one, after=other)
        elif other is None:
            yield Requirement(name=name, change="removed", before=one, after=other)
        elif one != other:
            yield Requirement(name=name, change=_unlike(one, other), before=one, after=other)


def _unlike(one: Wheel, other: Wheel) -> Literal["version", "file", "groups"]:
    if one.version != other.version:
        return "version"
    same_file = (one.filename, one.sha256) == (other.filename, other.sha256)
    return "groups" if same_file else "file"


def _data(before: ComparedPackage, after: ComparedPackage) -> DataDifference:
    one, other = before.fingerprint, after.fingerprint
    a, b = before.manifest, after.manifest
    return DataDifference(
        settings=changes(_data_settings(a), _data_settings(b)),
        files=changes(_data_files(a), _data_files(b)),
        columns=changes(one.columns if one else {}, other.columns if other else {}),
        types_differ=(one and one.schema_) != (other and other.schema_),
        rows=compare_rows(one, other) if one and other else None,
    )


def _data_settings(manifest: Manifest) -> dict[str, Any]:
    told_elsewhere = ("files", "test_file", "fingerprint")
    dumped = _dump(manifest.data)
    return {name: value for name, value in dumped.items() if name not in told_elsewhere}


def _data_files(manifest: Manifest) -> dict[str, dict[str, str]]:
    if manifest.data == "none":
        return {"source": {}, "test": {}}
    test = manifest.data.test_file
    return {"source": _files(manifest.data.files), "test": _files((test,) if test else ())}


def _schema(manifest: Manifest, beside: Manifest) -> dict[str, Any]:
    """Columns by name; only the order of features that both sides have is compared."""
    schema, other = manifest.schema_, beside.schema_
    known = {column.name for column in other.features}
    return {
        "features": _columns(schema.features),
        "order of features": [c.name for c in schema.features if c.name in known],
        "extras": _columns(schema.extras),
        "target": _columns((schema.target,) if schema.target else ()),
        "classes": schema.classes,
    }


def _columns(columns: Iterable[Column]) -> dict[str, dict[str, Any]]:
    return {column.name: column.model_dump(mode="json", exclude={"name"}) for column in columns}


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without labels and empty values.

    Labels repeat the manifest, and engines write empty values in several ways.
    """
    settings = {name: config[name] for name in SETTINGS if config.get(name)}
    return {**settings, "Env": _variables(config.get("Env") or ())}


def _evaluation(before: Evaluation | None, after: Evaluation | None) -> EvaluationDifference:
    one, other = (evaluation.slices if evaluation else {} for evaluation in (before, after))
    metrics = list(_overall(before, after))
    for name in sorted(one.keys() & other.keys()):
        metrics += _metrics(name, one[name], other[name])
    return EvaluationDifference(
        metrics=tuple(metrics),
        slices_removed=tuple(sorted(one.keys() - other.keys())),
        slices_added=tuple(sorted(other.keys() - one.keys())),
    )


def _overall(before: Evaluation | None, after: Evaluation | None) -> Iterator[MetricChange]:
    one, other = (evaluation.overall if evaluation else None for evaluation in (before, after))
    return _metrics(None, one, other)


def _metrics(
    where: str | None, before: MetricValues | None, after: MetricValues | None
) -> Iterator[MetricChange]:
    one, other = ({"rows": m.rows, **m.values} if m else {} for m in (before, after))
    for change in changes(one, other):
        a, b = change.before, change.after
        yield MetricChange(
            slice=where,
            metric=change.path[0],
            before=a,
            after=b,
            difference=None if a is None or b is None else b - a,
        )
