"""``package inspect``: what is in a package, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import stdev
from typing import Any

from packager.image.reference import Reference
from packager.manifest.evaluation import Compiled, Metrics
from packager.manifest.manifest import Manifest
from packager.text import display_value, escape_control_characters, format_bytes


def as_json(reference: Reference) -> dict[str, Any]:
    """Everything: names, digests, layers with bytes, lock and the manifest itself."""
    manifest = reference.manifest
    return {
        "name": reference.name,
        "tag": manifest.tag,
        "root": manifest.root,
        "config_digest": reference.config_digest,
        "companion": reference.has_companion,
        "layers": [
            {"name": name, "diff_id": diff_id, "size": size}
            for name, diff_id, size in reference.layers()
        ],
        "monitoring": _monitored(reference),
        "lock": reference.lock().model_dump(mode="json"),
        "manifest": manifest.model_dump(mode="json", by_alias=True),
    }


def as_text(reference: Reference) -> str:
    """The same in a screenful."""
    manifest = reference.manifest
    lines = [
        reference.name,
        f"  root          {manifest.root}",
        f"  config        {reference.config_digest}",
        f"  task          {manifest.task}",
        f"  recipe        {_recipe(manifest)}",
        f"  data          {_data(manifest)}",
        f"  inputs        {', '.join(c.name for c in manifest.schema_.features)}",
        *_personal(manifest),
        f"  environment   {_environment(reference)}",
        *compiled_lines(manifest.compiled),
        f"  monitoring    {_monitoring(reference)}",
        *_evaluation(manifest),
        *_layer_table(reference),
    ]
    return "\n".join(map(escape_control_characters, lines))


def _recipe(manifest: Manifest) -> str:
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
    return (
        f"{files}: {data.train_rows} rows to {what}, {data.test_rows} held out, "
        f"target {data.target}, fingerprint {data.fingerprint[:12]}, embed {data.embed}"
        f"{_unlabelled(data.unlabelled)}"
    )


def _personal(manifest: Manifest) -> Iterator[str]:
    """Columns of personal data, of which no value is recorded."""
    columns = (*manifest.schema_.features, *manifest.schema_.extras)
    told = [f"{column.name} ({column.personal})" for column in columns if column.personal]
    if told:
        yield f"  personal      {', '.join(told)}: no values are shown"


def _unlabelled(words: Mapping[str, int]) -> str:
    """How many rows had no label, and what stood there."""
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


def compiled_lines(compiled: Compiled) -> Iterator[str]:
    """The verdict on the compiled form, and where it holds."""
    if compiled.verdict == "off":
        yield "  compiled      off: the native model answers every row"
    elif compiled.verdict == "refused":
        yield f"  compiled      refused: {compiled.reason}"
    else:
        yield (
            f"  compiled      {compiled.strategy}: equal on {compiled.held_out_rows} held-out and"
            f" {compiled.edge_rows} edge rows, largest difference"
            f" {compiled.largest_difference:.1e} (tolerance {compiled.tolerance:g})"
        )
        yield "                served compiled where:"
        yield from (f"                  {condition}" for condition in compiled.domain)
    yield from (f"                  differs: {row}" for row in compiled.differing)


def _monitored(reference: Reference) -> dict[str, Any] | None:
    """Features with drift bins, and those without; None where there is no profile."""
    profile = reference.profile()
    if profile is None:
        return None
    features = [feature.name for feature in profile.features]
    apart = {name: why.model_dump() for name, why in profile.drift_excluded.items()}
    return {"features": features, "left_out": list(profile.left_out), "drift_excluded": apart}


def _monitoring(reference: Reference) -> str:
    found = _monitored(reference)
    if found is None:
        return "no profile: requests, predictions and anomalies only"
    left_out = found["left_out"]
    some = ", ".join(left_out[:5]) + (", …" if len(left_out) > 5 else "")
    rest = f"; {len(left_out)} left out: {some}" if left_out else ""
    apart = [f"{name} ({why['detail']})" for name, why in found["drift_excluded"].items()]
    told = f"; not compared: {', '.join(apart)}" if apart else ""
    return f"drift of {', '.join(found['features'])}{rest}{told}"


def _evaluation(manifest: Manifest) -> Iterator[str]:
    if manifest.evaluation is None:
        return
    yield ""
    spread = manifest.seed_variance
    over = f" ± standard deviation over {len(spread.seeds)} seeds" if spread else ""
    yield f"  {'held-out rows':<28} {'rows':>7}  metrics{over}"
    yield _metrics("all", manifest.evaluation.overall, spread.overall if spread else {})
    for name, metrics in manifest.evaluation.slices.items():
        yield _metrics(name, metrics, spread.slices.get(name, {}) if spread else {})


def _metrics(name: str, metrics: Metrics, spread: Mapping[str, Sequence[float]]) -> str:
    values = "  ".join(
        f"{key} {value:.4f}" + (f" ± {stdev(spread[key]):.4f}" if key in spread else "")
        for key, value in sorted(metrics.values.items())
    )
    return f"  {name:<28} {metrics.rows:>7}  {values}"


def _layer_table(reference: Reference) -> Iterator[str]:
    layers = reference.layers()
    yield ""
    yield f"  {'layer':<42} {'bytes':>10}  diff id"
    for name, diff_id, size in layers:
        yield f"  {name:<42} {format_bytes(size):>10}  {diff_id[:19]}"
    yield f"  {'total':<42} {format_bytes(sum(size for _, _, size in layers)):>10}"
