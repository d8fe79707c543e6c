from __future__ import annotations

from packager.deploy.grafana.panel import Panel, Query
from packager.report.dashboard.answers import AnsweredSeries, PanelAnswer
from packager.report.dashboard.values import label_names, level, series_named


def test_a_level_is_that_of_the_largest_bound_that_is_reached():
    steps = {0.1: "yellow", 0.2: "orange", 0.5: "red"}
    levels = [level(value, steps, "green") for value in (0.0, 0.1, 0.3, 0.5)]
    assert levels == ["good", "look", "likely", "wrong"]
    assert level(-4.0, {-3.3: "text"}, "red") == "wrong"
    assert level(-3.0, {-3.3: "text"}, "red") == ""
    assert level(1.0, {}, "green") == ""


def test_with_one_version_legends_do_not_name_it():
    one = AnsweredSeries({"version": "1.0", "route": "/p"}, [(0.0, 1.0)])
    queries = [Query("a", "{{version}} {{route}}"), Query("b", "{{version}}"), Query("c")]
    answer = PanelAnswer(Panel("t", "timeseries", queries, "d."), "t", [[one], [one], [one]])
    assert [name for name, *_ in series_named(answer, versions=1)] == ["/p", "1.0", "all"]
    assert [name for name, *_ in series_named(answer, versions=2)] == ["1.0 /p", "1.0", "all"]


def test_model_and_version_are_the_first_labels():
    several = [[AnsweredSeries({"bin": "", "version": "", "a": "", "model": ""}, [(0.0, 1.0)])]]
    assert label_names(several) == ["model", "version", "a", "bin"]
