from __future__ import annotations

from typing import Any

from packager.compare.records import (
    Change,
    DataDifference,
    Difference,
    EvaluationDifference,
    LayerEntry,
    LayersDifference,
    MetricChange,
    PackageRef,
)
from packager.report.package_diff import as_json, as_text

LAYERS = LayersDifference(equal=(), only_before=(), only_after=(), common=0, to_ship=0, to_load=0)


def difference(**fields: Any) -> Difference:
    ref = PackageRef(name="shop:1", root="f" * 64, config_digest="c", companion=True)
    lists = (
        *("package", "platform", "requirements", "code", "recipe", "serve", "slices", "schema"),
        *(
            "findings",
            "repeatability",
            "seed_variance",
            "environment",
            "compiled",
            "runtime",
            "model",
        ),
        *("files", "image"),
    )
    values: dict[str, Any] = dict.fromkeys(lists, ())
    values |= {"before": ref, "after": ref, "companion": None, "layers": LAYERS}
    values["data"] = DataDifference(
        settings=(), files=(), columns=(), types_differ=False, rows=None
    )
    values["evaluation"] = EvaluationDifference(metrics=(), slices_removed=(), slices_added=())
    return Difference(**(values | fields))


def metric(name: str | None, before: float | None, after: float | None) -> MetricChange:
    gap = None if before is None or after is None else after - before
    return MetricChange(slice=name, metric="mae", before=before, after=after, difference=gap)


def test_metrics_are_a_table_with_a_signed_difference() -> None:
    changes = (metric(None, 1234.5, 1200.0), metric("far", 0.5, None), metric("x", 0.5, 0.500001))
    found = EvaluationDifference(metrics=changes, slices_removed=(), slices_added=())
    lines = [line.split() for line in as_text(difference(evaluation=found)).splitlines()]
    assert ["rows", "metric", "A", "B", "difference"] in lines
    assert ["far", "mae", "0.5000", "-", "-"] in lines
    assert ["x", "mae", "0.5000", "0.5000", "+1.000e-06"] in lines
    assert as_json(difference(evaluation=found))["same"] is False


def test_changes_are_aligned_and_none_is_cut_off() -> None:
    path = ("params", "n" * 60)
    changes = (
        Change(path=path, change="changed", before=1, after="\x1b"),
        Change(path=("seed",), change="added", after=7),
    )
    lines = as_text(difference(recipe=changes)).splitlines()
    first = next(line for line in lines if "params" in line)
    second = next(line for line in lines if "seed" in line)
    assert "n" * 60 in first
    assert first.index("1 →") == second.index("7")
    assert "\x1b" not in "".join(lines)


def test_layers_have_their_sizes_to_the_right() -> None:
    entry = LayerEntry(name="model", diff_id=f"sha256:{'a' * 64}", size=12_345)
    layers = LAYERS.model_copy(update={"only_before": (entry,), "only_after": (entry,)})
    text = as_text(difference(layers=layers))
    assert f"  - model  12.3 kB  {'a' * 12}\n  + model  12.3 kB  {'a' * 12}" in text
