"""Data, checks, reproduction and environment of a package, for its model card."""

from __future__ import annotations

from collections.abc import Iterator

from packager.image.reference import Reference
from packager.manifest.data_roles import Split
from packager.manifest.manifest import DataSource, Manifest
from packager.manifest.outputs import targets_of
from packager.manifest.platform import PROOFS
from packager.report.card_model import MAX_VALUES
from packager.report.numbers import number
from packager.report.package import compiled_facts
from packager.report.replay_page import MEANING
from packager.text import listed

Fact = tuple[str, str]


def data_facts(reference: Reference) -> Iterator[Fact]:
    """The training data: rows, source, split, fingerprint, labels, findings."""
    manifest = reference.manifest
    data = manifest.data
    if data == "none":
        yield "training data", "not in the package: the model was trained elsewhere"
        return
    what = "rows to train" if manifest.recipe != "none" else "rows of the profile"
    yield what, f"{data.train_rows:,}"
    yield "rows held out", f"{data.test_rows:,}, {_split(data.split)}"
    yield "target", ", ".join([data.target] if data.target else targets_of(manifest.serve.outputs))
    yield from _source(data)
    fingerprint = reference.fingerprint()
    if fingerprint is not None:
        yield "columns", f"{len(fingerprint.columns):,}"
    yield "fingerprint", f"dfp/1 {data.fingerprint}"
    if data.exclude:
        yield "columns not used", listed(list(data.exclude), MAX_VALUES)
    if data.unlabelled:
        yield "rows dropped without a label", f"{sum(data.unlabelled.values()):,}"
    if manifest.findings is not None:
        findings = ", ".join(
            f"{count:,} {name}" for name, count in manifest.findings.counts.items()
        )
        allowed = "; the build went on by --allow-findings" if manifest.findings.allowed else ""
        yield "data check", f"{findings or 'no findings'}{allowed}"


def _source(data: DataSource) -> Iterator[Fact]:
    if data.dvc is not None:
        stage = f", stage {data.dvc.stage}" if data.dvc.stage else ""
        source_text = f"{data.dvc.output}{stage}, {data.dvc.algorithm} {data.dvc.digest}"
        yield f"tracked by DVC in {data.dvc.file}", source_text
    if data.table is not None:
        yield "table", f"{data.table.table}, version {data.table.version}"
        labels = data.table.labels
        if labels is not None:
            yield (
                "labels",
                f"scheme {labels.scheme.name}: {labels.labelled:,} rows labelled, "
                f"{labels.unresolved:,} disputed, {labels.unlabelled:,} unlabelled",
            )
    else:
        files = [f"{file.path} (sha256 {file.sha256[:12]})" for file in data.files]
        yield "files", listed(files, MAX_VALUES)


def _split(split: Split) -> str:
    if split.file is not None:
        return f"those of {split.file}"
    if split.time is not None:
        return f"those from {split.start} on, by {split.time}"
    by = f" of {', '.join(split.by)}" if split.by else ""
    return f"a share of {split.test:g} by hash{by}, seed {split.seed}"


def checks(manifest: Manifest) -> Iterator[Fact]:
    """The build's checks of the model."""
    if manifest.repeatability is not None:
        repeatability = manifest.repeatability
        differing = (
            f"; differs: {', '.join(repeatability.differing)}" if repeatability.differing else ""
        )
        yield (
            "second training",
            f"{repeatability.level}: {_meaning(repeatability.level)}{differing}",
        )
        for source in repeatability.nondeterminism:
            yield "source of nondeterminism", source
    yield from (fact for fact in compiled_facts(manifest.compiled, everything=False) if fact[0])
    for case in manifest.test.case:
        failing = "a failure warns" if case.severity == "warn" else "a failure stops the build"
        yield f"case {case.name}", f"{case.kind}; {failing}"
    for column in manifest.schema_.features:
        if column.refuses:
            fatal = f"; ends its process on {', '.join(column.fatal)}" if column.fatal else ""
            yield f"input {column.name}", f"the model fails on {', '.join(column.refuses)}{fatal}"


def reproduction(manifest: Manifest) -> Iterator[Fact]:
    """The command, the recipe and the level of a replay."""
    if manifest.recipe == "none":
        if manifest.solution is not None:
            yield "training", "each member has its own: package replay REF --member NAME"
        else:
            yield "training", "not in the package: the model was trained elsewhere"
        return
    recipe = manifest.recipe
    yield "command", "package replay REF"
    claimed = "claimed" if recipe.level else "reached by the second training of the build"
    yield "level", f"{manifest.level} ({claimed}): {_meaning(manifest.level)}"
    yield "recipe", f"{recipe.train}, seed {recipe.seed}"
    params = ", ".join(f"{key} = {value!r}" for key, value in sorted(recipe.params.items()))
    yield "parameters", params or "none"
    if recipe.accept:
        accepted = (
            f"{metric} ± {number(limit)}" for metric, limit in sorted(recipe.accept.items())
        )
        yield "accepted differences", ", ".join(accepted)
    if manifest.data != "none":
        places = {
            "companion": "in the companion image",
            "image": "in the image",
            "none": "not in the package: name them with --data",
        }
        yield "rows", places[manifest.data.embed]


def _meaning(level: str) -> str:
    return MEANING.get(level, "no level was reached")


def environment_facts(reference: Reference) -> Iterator[Fact]:
    """Python, platform, base and wheels, and the machine that trained."""
    lock, trained = reference.lock(), reference.manifest.environment
    yield "Python", lock.python
    platforms = reference.manifest.platforms
    names = sorted(platforms, key=lambda name: (name != lock.platform, name))
    yield "platform", "; ".join(f"{name}, {PROOFS[platforms[name].proved_on]}" for name in names)
    if lock.base == "none":
        yield "base", "none: runs on a machine's own Python"
    else:
        packages = len(lock.base.packages)
        debs = f", {packages} Debian packages" if packages else ""
        yield "base", f"{lock.base.reference}{debs}"
    wheels = [f"{wheel.name} {wheel.version}" for wheel in lock.wheels_of("model", "members")]
    yield "wheels of the model", listed(wheels, MAX_VALUES)
    yield "wheels in all", f"{len(lock.wheels)}, each locked by sha256"
    yield "trained on", f"{trained.cpu}; threads: {trained.threads}; in a {trained.isolation}"
