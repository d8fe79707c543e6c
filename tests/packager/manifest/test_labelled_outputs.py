from __future__ import annotations

from monitoring.scoring.outputs import measure_names
from packager.manifest.evaluation import Evaluation, MetricValues
from packager.manifest.labelled_outputs import labelled_outputs, output_baseline
from packager.manifest.outputs import Output


def test_outputs_as_labels_see_them() -> None:
    load, tags, city, group = labelled_outputs(
        [
            Output(name="load", kind="numbers", target=("h1", "h2", "h3")),
            Output(name="tags", kind="labels", target=("hot", "big")),
            Output(name="city", kind="label", target=("city",), classes=("x", "y")),
            Output(name="group", kind="label"),
        ]
    )
    assert (load.size, load.parts, load.headline) == (3, (0, 1, 2), "mae")
    assert (load.names, tags.names) == (("h1", "h2", "h3"), ())
    assert (tags.form.classes, tags.parts) == (("hot", "big"), ("hot", "big"))
    assert (city.parts, city.headline) == ((), "accuracy")
    assert not group.scored
    (image,) = labelled_outputs([Output(name="e", kind="numbers", target=("e",), shape=(2, 3))])
    assert (image.size, image.names) == (6, ())


def test_tasks_are_measured_by_what_a_row_can_tell() -> None:
    rank, stay, items, names = labelled_outputs(
        [
            Output(name="rank", kind="score", target=("grade",), group="query", k=5),
            Output(
                name="stay", kind="numbers", target=("t",), event="e", times=(6, 12), shape=(2,)
            ),
            Output(name="items", kind="json", target=("d",), top=3),
            Output(name="names", kind="json", target=("f",), spans=True),
        ]
    )
    assert (rank.form.k, rank.headline) == (5, None)
    assert (stay.survival, stay.parts, stay.headline) == (("t", "e"), (0, 1), None)
    assert measure_names(stay) == ("brier",)
    assert measure_names(items) == ("recall_at_3", "hit_rate_at_3")
    assert (items.headline, names.headline) == ("recall_at_3", "exact_match")
    assert measure_names(names) == (
        "exact_match",
        "spans_right",
        "spans_answered",
        "spans_expected",
    )


def test_the_baseline_is_the_headline_of_each_output() -> None:
    values = {"a.mae": 1.5, "a.mse": 9.0, "b.accuracy": 0.75}
    overall = MetricValues(rows=10, values=values, intervals={})
    part = MetricValues(rows=3, values={"a.mae": 2.5}, intervals={})
    evaluation = Evaluation(overall=overall, slices={"city=x": part})
    outputs = labelled_outputs(
        [
            Output(name="a", kind="number", target=("a",)),
            Output(name="b", kind="label", target=("b",)),
        ]
    )
    assert output_baseline(outputs, evaluation) == {
        ("a", "__all__"): 1.5,
        ("a", "city=x"): 2.5,
        ("b", "__all__"): 0.75,
    }
    assert output_baseline(outputs, None) == {}
    single = MetricValues(rows=10, values={"mae": 1.0}, intervals={})
    only = output_baseline(outputs[:1], Evaluation(overall=single, slices={}))
    assert only == {("a", "__all__"): 1.0}
