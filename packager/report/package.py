"""``package inspect``: formats the content of a package as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelhost.text import display_value
from packager.image.reference import Reference
from packager.manifest.evaluation import Compilation
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import targets_of
from packager.report import solution
from packager.report.attribution import attribution_facts, attribution_text
from packager.report.image_facts import annotations_of, commit_text, labels_of, own_labels
from packager.report.numbers import number
from packager.report.origin import origin_of, short_facts
from packager.report.package_metrics import metrics_text
from packager.report.table import pairs, table
from packager.text import escape_control_characters, format_bytes, listed
from packager.worker.test.attribution_records import FILE as ATTRIBUTION
from packager.worker.test.attribution_records import Attribution

MAX_LISTED = 6
"""Items of a list without ``--all``."""
SCREEN = 40
"""Maximal number of lines without ``--all``."""
SOLUTION_SCREEN = 60
"""The lines for a solution."""
PROOFS = {
    "native": "native",
    "emulation": "emulation",
    None: "nothing yet: a server proves it at its start",
}
Fact = tuple[str, str]


def as_json(reference: Reference) -> dict[str, Any]:
    """Names, digests, layers with sizes in bytes, monitoring, lock and manifest."""
    manifest, attribution = reference.manifest, reference.record(Attribution, ATTRIBUTION)
    origin = origin_of(reference)
    return {
        "name": reference.name,
        "registry": reference.source or None,
        "tag": manifest.tag,
        "root": manifest.root,
        "config_digest": reference.config_digest,
        "platform": reference.lock().platform,
        "companion": reference.has_companion,
        "image_labels": labels_of(reference),
        "annotations": annotations_of(reference),
        "layers": [
            {"name": name, "diff_id": diff_id, "size": size}
            for name, diff_id, size in reference.layers()
        ],
        "monitoring": _monitored(reference),
        "attribution": None if attribution is None else attribution.model_dump(mode="json"),
        "origin": None if origin is None else origin.model_dump(mode="json"),
        "members": solution.as_json(manifest, reference.lock()),
        "lock": reference.lock().model_dump(mode="json"),
        "manifest": manifest.model_dump(mode="json", by_alias=True),
    }


def as_text(reference: Reference, columns: int | None = None, *, everything: bool = False) -> str:
    """The facts, the metrics, and the worst slices, in at most 40 lines; 60 of a solution.

    ``everything`` shows all inputs, conditions, slices and layers in any number of lines.
    """
    manifest, lock = reference.manifest, reference.lock()
    shown = pairs(_facts(reference, everything), columns, indent=2)
    blocks = [f"{escape_control_characters(reference.name)}\n{shown}"]
    blocks += solution.as_text(manifest, lock, columns, everything=everything)
    if manifest.evaluation is not None:
        screen = SCREEN if len(blocks) == 1 else SOLUTION_SCREEN
        remaining = None if everything else screen - len("\n\n".join(blocks).splitlines()) - 2
        blocks += metrics_text(manifest.evaluation, manifest.seed_variance, columns, remaining)
    attribution = reference.record(Attribution, ATTRIBUTION)
    if everything and attribution is not None:
        blocks += attribution_text(attribution, columns)
    if everything:
        blocks.append(_layer_table(reference, columns))
    return "\n\n".join(blocks)


def _facts(reference: Reference, everything: bool) -> Iterator[Fact]:
    manifest = reference.manifest
    if reference.source:
        yield "registry", reference.source
    yield "root", manifest.root
    yield "config", reference.config_digest
    if commit := commit_text(annotations_of(reference)):
        yield "commit", commit
    if labels := own_labels(labels_of(reference)):
        yield "image labels", _listed(labels, everything)
    yield "task", manifest.task
    yield "recipe", _recipe(manifest)
    origin = origin_of(reference)
    if origin is not None:
        yield from short_facts(origin, everything)
    yield "data", _data(manifest)
    yield from _labels(manifest)
    names = [column.name for column in manifest.schema_.features]
    yield "inputs", f"{len(names)}: {_listed(names, everything)}"
    yield from _personal(manifest, everything)
    yield "environment", _environment(reference)
    yield from compiled_facts(manifest.compiled, everything)
    yield from _proofs(manifest, reference.lock().platform)
    yield "monitoring", _monitoring(reference, everything)
    attribution = reference.record(Attribution, ATTRIBUTION)
    if attribution is not None and not everything:
        yield from attribution_facts(attribution)
    yield from _cases(manifest, everything)
    if not everything:
        sizes = [size for _, _, size in reference.layers()]
        yield "layers", f"{len(sizes)}, {format_bytes(sum(sizes))} in all (--all lists them)"


def _listed(items: list[str], everything: bool) -> str:
    """Items separated by commas; without ``everything`` six, and the number of the others."""
    return listed(items, len(items) if everything else MAX_LISTED)


def _recipe(manifest: Manifest) -> str:
    if manifest.solution is not None:
        return "none: the model is a flow of members, each with its own"
    if manifest.recipe == "none":
        return "none (the model was trained elsewhere)"
    recipe = manifest.recipe
    level = recipe.level or f"{manifest.level} (of the repeat at build)"
    return f"{recipe.train}, seed {recipe.seed}, params {recipe.params}, level {level}"


def _data(manifest: Manifest) -> str:
    if manifest.data == "none":
        return "none"
    data = manifest.data
    what = "profile" if manifest.recipe == "none" else "train"
    files = ", ".join(entry.path for entry in data.files[:3])
    if data.table is not None:
        files = f"{data.table.table}@{data.table.version}"
    if data.dvc is not None:
        files = f"{data.dvc.output} of {data.dvc.file}, {data.dvc.algorithm} {data.dvc.digest[:12]}"
    targets = ", ".join([data.target] if data.target else targets_of(manifest.serve.outputs))
    return (
        f"{files}: {data.train_rows:,} rows to {what}, {data.test_rows:,} held out, "
        f"target {targets or 'none'}, fingerprint {data.fingerprint[:12]}, embed {data.embed}"
        f"{_unlabelled(data.unlabelled)}"
    )


def _labels(manifest: Manifest) -> Iterator[Fact]:
    """The labelling scheme that the target consists of, and how its rows are labelled."""
    table = None if manifest.data == "none" else manifest.data.table
    if table is None or table.labels is None:
        return
    labels = table.labels
    yield (
        "labels",
        f"scheme {labels.scheme.name} ({labels.scheme.kind}, {labels.scheme.resolve}) of "
        f"{table.table}@{table.version}: {labels.labelled:,} rows labelled, {labels.unresolved:,} "
        f"disputed without a label, {labels.unlabelled:,} unlabelled, labels {labels.sha256[:12]}",
    )


def _cases(manifest: Manifest, everything: bool) -> Iterator[Fact]:
    """The behavioural cases by name and kind."""
    cases = manifest.test.case
    if cases:
        warns = {"fail": "", "warn": ", warns"}
        names = [f"{case_.name} ({case_.kind}{warns[case_.severity]})" for case_ in cases]
        yield "cases", escape_control_characters(f"{len(cases)}: {_listed(names, everything)}")
    if not manifest.test.batch_invariance:
        yield "", "an answer may depend on the other rows of its batch"


def _personal(manifest: Manifest, everything: bool) -> Iterator[Fact]:
    """Columns of personal data, whose values are not recorded."""
    columns = (*manifest.schema_.features, *manifest.schema_.extras)
    personal = [f"{column.name} ({column.personal})" for column in columns if column.personal]
    if personal:
        yield "personal", f"{_listed(personal, everything)}: no values are shown"


def _unlabelled(words: Mapping[str, int]) -> str:
    """Number of rows without a label, and the texts in their target column."""
    if not words:
        return ""
    texts = [f"target text {display_value(text)} in {rows}" for text, rows in words.items() if text]
    texts += [f"empty target in {words['']}"] if "" in words else []
    return f"; rows dropped: {sum(words.values())}, {', '.join(texts)}"


def _environment(reference: Reference) -> str:
    lock = reference.lock()
    base = "none" if lock.base == "none" else lock.base.reference
    wheels = len(lock.wheels)
    return f"Python {lock.python}, {lock.platform}, base {base}, {wheels} locked wheels"


def _proofs(manifest: Manifest, shown: str) -> Iterator[Fact]:
    """The platforms whose images were compared with the model, that of ``shown`` first.

    Nothing of a package for the platform that trained it.
    """
    platforms = manifest.platforms
    if all(one.proved_on == "native" for one in platforms.values()):
        return
    names = sorted(platforms, key=lambda name: (name != shown, name))
    yield "proved on", "; ".join(f"{name}: {PROOFS[platforms[name].proved_on]}" for name in names)


def compiled_facts(compiled: Compilation, everything: bool = True) -> Iterator[Fact]:
    """The verdict on the compiled form; with ``everything`` also the rows that it serves."""
    if compiled.verdict == "off":
        yield "compiled", "off: the native model predicts every row"
    elif compiled.verdict == "refused":
        yield "compiled", f"refused: {compiled.reason}"
    else:
        yield (
            "compiled",
            f"{compiled.strategy}: equal on {compiled.held_out_rows:,} held-out and"
            f" {compiled.edge_rows:,} edge rows, largest difference"
            f" {number(compiled.largest_difference)} (tolerance {compiled.tolerance:g})",
        )
        if everything:
            yield "", "served compiled where:"
            yield from (("", condition) for condition in compiled.domain)
    differing = compiled.differing if everything else compiled.differing[:1]
    yield from (("", f"differs: {row}") for row in differing)


def _monitored(reference: Reference) -> dict[str, Any] | None:
    """Features with drift bins, and those without; None if there is no profile."""
    profile = reference.profile()
    if profile is None:
        return None
    features = [feature.name for feature in profile.features]
    excluded = {name: why.model_dump() for name, why in profile.drift_excluded.items()}
    return {
        "features": features,
        "left_out": [*profile.left_out, *profile.unwatched],
        "drift_excluded": excluded,
    }


def _monitoring(reference: Reference, everything: bool) -> str:
    monitored = _monitored(reference)
    if monitored is None:
        return "no profile: requests, predictions and anomalies only"
    parts = [f"drift of {len(monitored['features'])}: {_listed(monitored['features'], everything)}"]
    if left_out := monitored["left_out"]:
        parts.append(f"{len(left_out)} left out: {_listed(left_out, everything)}")
    if excluded := [
        f"{name} ({why['detail']})" for name, why in monitored["drift_excluded"].items()
    ]:
        parts.append(f"not compared: {_listed(excluded, everything)}")
    return "; ".join(parts)


def _layer_table(reference: Reference, columns: int | None) -> str:
    layers = reference.layers()
    rows = [(name, format_bytes(size), diff_id[:19]) for name, diff_id, size in layers]
    rows.append(("total", format_bytes(sum(size for _, _, size in layers)), ""))
    return table(("layer", "size", "diff id"), rows, columns, right=("size",), indent=2)
