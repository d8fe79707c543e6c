from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from packager.manifest.case import Case
from packager.manifest.evaluation import Compilation, Evaluation, MetricValues, SeedVariance
from packager.manifest.label_schemes import LabelScheme, TableVersion, TrainedLabels
from packager.manifest.policy import Policy
from packager.report.package import SCREEN, _labels, as_text, compiled_facts

POLICY = Policy(
    case=[Case(name=f"c{i}", kind="bounds", expect="between 0 and 1") for i in range(9)]
)


def lines(**fields) -> list[str]:
    return [f"{name} {value}".strip() for name, value in compiled_facts(Compilation(**fields))]


def test_a_form_is_shown_with_its_way_evidence_and_domain():
    assert lines(
        verdict="equal",
        strategy="encoders + treelite",
        domain=("size: any value, or null",),
        held_out_rows=7,
        edge_rows=5,
        tolerance=1e-9,
        largest_difference=2.2e-16,
    ) == [
        "compiled encoders + treelite: equal on 7 held-out and 5 edge rows, largest difference"
        " 2.200e-16 (tolerance 1e-09)",
        "served compiled where:",
        "size: any value, or null",
    ]


def test_a_refusal_names_its_reason_and_the_rows_that_differ():
    assert lines(verdict="refused", reason="it answers otherwise", differing=("edge row 1f",)) == [
        "compiled refused: it answers otherwise",
        "differs: edge row 1f",
    ]


def test_off_says_who_answers():
    assert lines(verdict="off") == ["compiled off: the native model predicts every row"]


def measured(accuracy: float, rows: int) -> MetricValues:
    low, high = accuracy - 1 / rows, min(1.0, accuracy + 1 / rows)
    return MetricValues(
        rows=rows,
        values={"accuracy": accuracy, "f1_macro": accuracy / 2},
        intervals={"accuracy": (low, high)},
        baseline={"accuracy": 0.75, "f1_macro": 0.25},
    )


def reference(slices: int, inputs: int = 14) -> Any:
    """A package with so many slices and inputs, all that ``inspect`` reads of one."""
    columns = [SimpleNamespace(name=f"input {i}", personal=None) for i in range(inputs)]
    names = {f"slice {i}": measured(0.5 + i / (2 * slices), 10) for i in range(slices)}
    seeds = SeedVariance(seeds=(1, 2), overall={"accuracy": (0.8, 0.9)}, slices={})
    manifest = SimpleNamespace(
        root="f" * 64, task="classification", recipe="none", data="none", seed_variance=seeds,
        solution=None, platforms={},
        schema_=SimpleNamespace(features=columns, extras=()),
        compiled=Compilation(verdict="equal", strategy="x", domain=("a: any",) * 14),
        test=POLICY,
        evaluation=Evaluation(overall=measured(0.875, 1000), slices=names),
    )  # fmt: skip
    lock = SimpleNamespace(python="3.11", platform="linux/amd64", base="none", wheels=())
    profile = SimpleNamespace(
        features=[SimpleNamespace(name=f"input {i}") for i in range(inputs)],
        left_out=(),
        unwatched=(),
        drift_excluded={},
    )
    return SimpleNamespace(
        name="starter:1", source=None, manifest=manifest, config_digest="sha256:" + "0" * 64,
        config={
            "annotations": {"org.opencontainers.image.revision": "1" * 40},
            "config": {"Labels": {f"com.example.label-{i}": "x" for i in range(20)}},
        },
        lock=lambda: lock, profile=lambda: profile, record=lambda *_: None,
        layers=lambda: [(f"layer {i}", "sha256:" + "1" * 64, 10) for i in range(20)],
    )  # fmt: skip


def test_where_each_platform_was_proved_is_said_unless_it_is_the_one_that_trained() -> None:
    found = reference(1)
    proved = {"linux/amd64": "native", "linux/arm64": None}
    found.manifest.platforms = {n: SimpleNamespace(proved_on=one) for n, one in proved.items()}
    assert (
        "linux/amd64: native; linux/arm64: nothing yet: a server proves it at its start"
        in as_text(found)
    )
    del found.manifest.platforms["linux/arm64"]
    assert "proved on" not in as_text(found)


@pytest.mark.parametrize("slices", [0, 1, 5, 23, 200])
@pytest.mark.parametrize("columns", [80, 120, None])
def test_the_short_form_fits_a_screen(slices: int, columns: int | None) -> None:
    lines = as_text(reference(slices, inputs=300), columns).splitlines()
    assert len(lines) <= SCREEN
    assert columns is None or all(len(line) <= columns for line in lines)


def test_each_metric_has_its_interval_and_the_baseline_beside_it() -> None:
    lines = [line.split("  ") for line in as_text(reference(4)).splitlines()]
    rows = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert ["metric", "value", "95 % interval", "majority class", "± seeds"] in rows
    assert ["accuracy", "0.8750", "0.8740 to 0.8760", "0.7500", "0.07071"] in rows
    assert ["f1_macro", "0.4375", "-", "0.2500"] in rows
    assert ["slice 0", "10", "0.5000", "0.4000 to 0.6000", "0.7500"] in rows


def test_the_worst_slices_come_first_and_the_rest_is_counted() -> None:
    text = as_text(reference(60))
    shown = [line.split()[1] for line in text.splitlines() if line.startswith("  slice ")]
    assert shown[1:4] == ["0", "1", "2"]
    assert f"and {60 - len(shown) + 1} more slices, which are better: --all" in text


def test_all_lists_every_input_condition_slice_and_layer() -> None:
    text = as_text(reference(60), everything=True)
    assert all(f"slice {i} " in text for i in range(60))
    assert all(f"layer {i} " in text for i in range(20))
    assert text.count("input 13") == 2
    assert text.count("a: any") == 14
    assert "--all" not in text


def test_a_regression_is_held_against_the_mean() -> None:
    found = reference(0)
    error = MetricValues(
        rows=5, values={"mae": 2.0}, intervals={"mae": (1, 3)}, baseline={"mae": 4.0}
    )
    found.manifest.evaluation = Evaluation(overall=error, slices={"a": error})
    text = as_text(found)
    assert "5 held-out rows; mean: the same number for every row" in text
    assert "  a         5  2.000  1.000 to 3.000  4.000" in text


def test_the_scheme_that_a_package_was_trained_on_is_shown():
    trained = TrainedLabels(
        scheme=LabelScheme(name="mood", classes=("no", "yes")),
        sha256="ab" * 32,
        labelled=1_200,
        unresolved=3,
        unlabelled=40,
    )
    table = TableVersion(table="visits", version=7, labels=trained)
    manifest: Any = SimpleNamespace(data=SimpleNamespace(table=table))
    assert [*_labels(manifest)] == [
        (
            "labels",
            "scheme mood (label, majority) of visits@7: 1,200 rows labelled, 3 disputed without a "
            "label, 40 unlabelled, labels abababababab",
        )
    ]
    manifest.data.table = TableVersion(table="visits", version=7)
    assert [*_labels(manifest)] == []


def test_the_cases_are_listed_with_their_kind() -> None:
    text = as_text(reference(0))
    assert "cases " in text
    assert "9: c0 (bounds), c1 (bounds)" in text
    assert "and 3 more" in text
    assert "c8 (bounds)" in as_text(reference(0), everything=True)
