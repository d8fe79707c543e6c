"""A package in Python: its predictions are the server's, and it is an estimator to scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from command import Package

import packager
from packager import ModelPackage, UsageError


@pytest.fixture(scope="module")
def opened(local_package: Package) -> Iterator[ModelPackage]:
    with packager.load(local_package.reference, local=True) as found:
        yield found


@pytest.fixture(scope="module")
def frame(local_package: Package) -> pd.DataFrame:
    found = pd.read_csv(local_package.project / "data" / "visits.csv").head(120)
    return found.set_index(np.arange(len(found)) * 7)


@pytest.mark.server
def test_predictions_are_those_of_the_server(opened: ModelPackage, frame: pd.DataFrame) -> None:
    rows = frame.drop(columns="returned")
    with opened.serve() as client:
        plain = rows.astype(object).where(rows.notna(), None).to_dict("records")
        served = client.predict(plain)
    answers = opened.answers(rows)
    assert answers.index.equals(rows.index)
    assert list(answers["prediction"]) == [one.prediction for one in served]
    chances = [list((one.probabilities or {}).values()) for one in served]
    assert np.array_equal(opened.predict_proba(rows), np.asarray(chances))
    assert set(opened.predict(rows)) <= set(opened.classes_)


def test_the_target_and_other_columns_are_left_out(
    opened: ModelPackage, frame: pd.DataFrame
) -> None:
    more = frame.assign(noise=1.0)
    assert np.array_equal(opened.predict(more), opened.predict(frame.drop(columns="returned")))


def test_rows_come_as_mappings_or_as_a_matrix_of_features(
    opened: ModelPackage, frame: pd.DataFrame
) -> None:
    rows = frame[list(opened.feature_names_in_)].dropna().head(5)
    whole = opened.predict(rows)
    assert np.array_equal(opened.predict(rows.to_dict("records")), whole)
    assert np.array_equal(opened.predict(rows.to_dict("list")), whole)
    with pytest.raises(UsageError, match=r"of 4 features, got an array of .*\(2, 9\)"):
        opened.predict(np.ones((2, 9)))


def test_a_column_of_several_types_is_named(opened: ModelPackage, frame: pd.DataFrame) -> None:
    rows = frame.head(3).assign(channel=[1, "web", None])
    with pytest.raises(UsageError, match="channel: expected cells of one type, got int, str"):
        opened.predict(rows)


def test_what_is_in_it_are_frames(opened: ModelPackage) -> None:
    assert list(opened.schema.query("role == 'feature'").index) == list(opened.feature_names_in_)
    assert opened.schema.loc["returned", "role"] == "target"
    accuracy = opened.metrics.loc["accuracy"]
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    assert ("channel=app", "accuracy") in opened.slices.index
    assert list(opened.findings.columns)[:2] == ["kind", "subject"]


def test_a_notebook_shows_it_without_scripts_and_escaped(opened: ModelPackage) -> None:
    shown = opened._repr_html_()
    assert "accuracy" in shown
    assert "<script" not in shown
    assert repr(opened).startswith("ModelPackage(")


def test_scikit_learn_takes_it_as_an_estimator(opened: ModelPackage, frame: pd.DataFrame) -> None:
    base = pytest.importorskip("sklearn.base")
    inspection = pytest.importorskip("sklearn.inspection")
    assert base.is_classifier(opened)
    rows = frame.dropna().head(60)
    found = inspection.permutation_importance(
        opened, rows.drop(columns="returned"), rows["returned"], n_repeats=1, random_state=0
    )
    assert found.importances_mean.shape == (4,)
    assert opened.score(rows, rows["returned"]) == pytest.approx(
        np.mean(opened.predict(rows) == rows["returned"])
    )
    again = base.clone(opened)
    assert (again.ref, again.local) == (opened.ref, True)
    with pytest.raises(UsageError, match="expected a model to train, got a package"):
        opened.fit(rows, rows["returned"])


@pytest.mark.long
def test_it_tests_compares_and_replays_itself(opened: ModelPackage, frame: pd.DataFrame) -> None:
    tested = opened.test(frame)
    assert {"schema", "drift", "quality"} <= set(tested.checks["family"]) | {"quality"}
    assert str(tested).startswith(opened.name)
    same = opened.diff(opened)
    assert "no differences" in str(same)
    assert str(tested).splitlines()[0] in tested._repr_html_().splitlines()[0]
    assert len(tested._repr_html_().splitlines()) == len(str(tested).splitlines())
    compared = opened.diff(opened.ref, frame)
    assert "no difference beyond chance" in compared.document["sentence"]
    replayed = opened.replay()
    assert (replayed.passed, replayed.level) == (True, "artifact")
    assert "replay: passed" in str(replayed)


def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(packager.PackageError, match="nowhere"):
        packager.load("oci:nowhere", local=True)


def test_the_public_names_are_listed_and_imported_when_used() -> None:
    assert sorted(packager.__all__) == [
        *("AsyncClient", "BuildOptions", "Client", "ModelPackage", "PackageError"),
        *("PreparedProject", "UsageError", "load", "pack", "prepare"),
    ]
    assert set(packager.__all__) <= set(dir(packager))
    assert not hasattr(packager, "nothing")
