from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from worker_projects import RECIPE, RULE, Project

from packager.errors import PackageError, UsageError
from packager.manifest.data_roles import Split
from packager.manifest.manifest import Serve

pytestmark = pytest.mark.slow


def test_a_recipe_that_raises_is_reported_with_its_line(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(
        helpers="""
        def fail():
            raise ValueError("no such thing")
        """,
        train="""
        import helpers

        def train(features, target, *, params, seed):
            helpers.fail()
        """,
    )
    project.data(rows)
    ended = project.start(project.job())
    assert ended.code == 1
    assert ended.error == {
        "message": "the recipe raised ValueError: no such thing",
        "hint": "see helpers.py:3 in the project",
        "exit_code": 1,
    }
    assert "Traceback" in ended.stderr
    assert not (project.out / "result.json").exists()


@pytest.mark.parametrize(
    "attempt",
    [
        "urllib.request.urlopen('http://example.invalid/data.csv')",
        "wrapped('http://example.invalid/data.csv')",
    ],
)
def test_a_recipe_that_opens_a_socket_is_stopped(
    project: Project, rows: pd.DataFrame, attempt: str
) -> None:
    project.code(
        train=f"""
        import urllib.request

        def wrapped(url):
            try:
                urllib.request.urlopen(url)
            except Exception as error:
                raise RuntimeError("no download") from error

        def train(features, target, *, params, seed):
            {attempt}
        """
    )
    project.data(rows)
    ended = project.start(project.job())
    assert ended.code == 1
    assert ended.error["message"] == ("the recipe tried to reach the network (example.invalid:80)")
    assert "into the project or the data" in ended.error["hint"]


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("pass", PackageError, "train returned nothing, expected the fitted model"),
        ("return 3", PackageError, r"expected a model with predict\(frame\), got int"),
        ("import sys; sys.exit(4)", PackageError, "the recipe raised SystemExit: 4"),
        ("import nowhere", PackageError, "raised ModuleNotFoundError: No module named 'nowhere'"),
        (
            "C = type('C', (), {'__module__': '__main__'}); return C()",
            PackageError,
            "the model needs 'C' of the script it was made by",
        ),
    ],
)
def test_a_recipe_without_a_usable_model_is_refused(
    project: Project, rows: pd.DataFrame, body: str, error: type[PackageError], message: str
) -> None:
    project.code(train=f"def train(features, target, *, params, seed):\n    {body}\n")
    project.data(rows)
    with pytest.raises(error, match=message):
        project.train_here(project.job())


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ("elsewhere:train", "expected a module of the project, got 'elsewhere'"),
        ("train:fit", "expected 'fit' in module 'train', which has no such function"),
        ("train:odd", "expected train:odd to take"),
        ("train", "expected 'module:name', got 'train'"),
        ("broken:train", "importing broken raised SyntaxError"),
    ],
)
def test_a_recipe_that_cannot_be_called_is_refused_naming_the_key(
    project: Project, rows: pd.DataFrame, train: str, message: str
) -> None:
    project.code(train="def odd(features): ...", broken="def train(:")
    project.data(rows)
    recipe = RECIPE.model_copy(update={"train": train})
    with pytest.raises(PackageError, match=message) as caught:
        project.train_here(project.job(recipe=recipe))
    if train == "broken:train":
        assert caught.value.hint == "see broken.py:1 in the project"
    else:
        assert caught.value.message.startswith("[recipe] train")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "price"}, "expected a column of the data, got 'price'"),
        ({"exclude": ("price",)}, "exclude: expected a column of the data, got 'price'"),
        ({"exclude": ("label",)}, "exclude: expected other columns than the target"),
        ({"exclude": ("size", "count", "new")}, "expected at least one feature"),
        ({"slices_columns": ("price",)}, "expected a column of the data, got 'price'"),
        ({"slices_columns": ("label",)}, "expected columns that a request can hold, got the"),
        ({"slices_rules": {"r": "label == 'big'"}}, "got the target 'label'"),
        ({"slices_rules": {"r": "size ="}}, "slice 'r': expected a condition"),
        ({"slices_rules": {"r": "size == 'x'"}}, "expected alike values in a comparison"),
        ({"task": "regression"}, "expected numbers in 'label' for regression, got string"),
        ({"target": "size", "exclude": ("label",)}, "expected class labels in 'size', got frac"),
        ({"split": Split(time="when", start="2024")}, "expected a column of the data, got 'when'"),
    ],
)
def test_a_job_that_does_not_fit_the_data_is_refused_before_training(
    project: Project, rows: pd.DataFrame, changes: dict[str, Any], message: str
) -> None:
    project.code(train="raise RuntimeError('reached')")
    project.data(rows)
    with pytest.raises(UsageError, match=message):
        project.train_here(project.job(**changes))


def test_a_column_that_no_request_could_hold_is_refused_before_training(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(train="raise RuntimeError('reached')")
    project.data(rows.assign(parts=[{"a": 1}] * 80), "rows.parquet")
    with pytest.raises(UsageError, match="booleans or times in 'parts', got mixed"):
        project.train_here(project.job())


def test_an_unusable_predictor_is_refused(project: Project, rows: pd.DataFrame) -> None:
    project.code(train=RULE, predict="class Predictor: pass")
    project.data(rows)
    serve = Serve(predictor="predict:Predictor", compile="auto", workers=1, strict=False)
    with pytest.raises(UsageError, match=r"expected 'predict:Predictor' to have load\(path\)"):
        project.train_here(project.job(serve=serve))


def test_wrong_arguments_show_how_it_is_used(project: Project) -> None:
    ended = project.work("run")
    assert ended.code == 2
    assert ended.stderr.startswith("usage: python -m packager.worker run|baseline|seeds|")
