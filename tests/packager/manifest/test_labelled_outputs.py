from __future__ import annotations

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
