from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worker_projects import FOREST, RECIPE, SERVE, Project

from packager.digest import sha256_file
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Recipe
from packager.worker.job import TrainingResult

pytestmark = pytest.mark.usefixtures("warm")


@pytest.mark.slow
def test_a_process_trains_measures_and_writes_everything(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(train=FOREST)
    project.data(rows.assign(shop=["north", "south"] * 40))
    result = project.train(
        project.job(
            query_model=True,
            exclude=("shop",),
            slices_columns=("shop",),
            slices_rules={"large": "size >= 8"},
        )
    )
    assert [(c.name, c.kind, c.dtype) for c in result.schema_.features] == [
        ("size", "number", "float64"),
        ("count", "integer", "int64"),
        ("new", "boolean", "bool"),
    ]
    assert [column.name for column in result.schema_.extras] == ["shop"]
    assert result.schema_.target is not None
    assert result.schema_.target.name == "label"
    assert result.schema_.classes == ("big", "small")
    assert result.slices.columns == {"shop": ("north", "south")}
    assert result.evaluation is not None
    assert result.evaluation.overall.values["accuracy"] == 1
    assert {"shop=north", "large"} <= result.evaluation.slices.keys()
    assert result.train_rows + result.test_rows == 80
    assert result.loader == "joblib"
    assert result.environment.isolation == "process"
    assert result.environment.threads == 1
    (model,) = result.model
    assert (model.path, model.sha256) == ("model", sha256_file(project.out / "model/model"))
    golden = Golden.load(project.out / "golden.json")
    assert len(golden.rows) == len(golden.expected) == 8
    assert golden.expected[0].keys() == {"prediction", "probabilities", "flags"}
    profile = json.loads((project.out / "profile.json").read_bytes())
    assert profile["rows"] == result.train_rows
    fingerprint = json.loads((project.out / "fingerprint.json").read_bytes())
    assert fingerprint["row_count"] == 80
    assert [file["path"] for file in fingerprint["files"]] == ["rows.csv"]


@pytest.mark.slow
def test_nothing_depends_on_folder_hash_seed_locale_time_zone_or_umask(
    project: Project, rows: pd.DataFrame, tmp_path: Path
) -> None:
    project.code(train=FOREST)
    project.data(rows)
    job = project.job(slices_columns=("new",), query_model=True)
    project.train(job, PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C")
    elsewhere = Project(type(project.root)(tmp_path / "else where"), tmp_path / "results")
    shutil.copytree(project.root.path, elsewhere.root.path)
    elsewhere.train(job, PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C.UTF-8", PYTHONUTF8="0")
    names = sorted(p.relative_to(project.out) for p in project.out.rglob("*") if p.is_file())
    assert len(names) == 9
    for name in names:
        if name.name != "result.json":
            assert (project.out / name).read_bytes() == (elsewhere.out / name).read_bytes(), name
    one, other = (TrainingResult.load(p.out / "result.json") for p in (project, elsewhere))
    named = {"hash_seed": "2", "locale": "C.UTF-8", "timezone": "Asia/Tokyo"}
    moved = one.environment.model_copy(update=named)
    assert one.model_copy(update={"environment": moved}) == other


@pytest.mark.slow
def test_a_regression_with_missing_values_dates_and_unusual_names(project: Project) -> None:
    project.code(
        train="""
        from sklearn.compose import make_column_transformer
        from sklearn.ensemble import HistGradientBoostingRegressor
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OrdinalEncoder

        def train(features, target, *, params, seed):
            texts = [n for n in features.columns if features[n].dtype.kind not in "fi"]
            encode = make_column_transformer(
                (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), texts),
                ("passthrough", ["länge (cm)", "count"]),
            )
            trees = HistGradientBoostingRegressor(max_iter=5, random_state=seed)
            return make_pipeline(encode, trees).fit(features, target)
        """
    )
    frame = pd.DataFrame(
        {
            "länge (cm)": [i / 3 if i % 7 else None for i in range(90)],
            "self": [i % 4 == 0 if i % 5 else None for i in range(90)],
            "bought-on": [f"2024-{1 + i % 12:02}-0{1 + i % 9}" for i in range(90)],
            "count": [i if i % 6 else None for i in range(90)],
            "empty": [None] * 90,
            "färbung": [("rot", "grün", "007", None)[i % 4] for i in range(90)],
            "y": [i * 1.5 if i % 10 else None for i in range(90)],
        }
    )
    project.data(frame)
    job = project.job(
        task="regression",
        target="y",
        query_model=True,
        slices_columns=("färbung",),
        slices_rules={"long": "`länge (cm)` >= 20"},
    )
    result = project.train_here(job)
    assert result.schema_.classes is None
    assert result.train_rows + result.test_rows == 81
    assert result.evaluation is not None
    assert result.evaluation.overall.values.keys() == {"mae", "rmse", "bias", "r2"}
    assert "färbung=other" in result.evaluation.slices
    golden = Golden.load(project.out / "golden.json")
    assert golden.rows[-1]["färbung"] is None
    assert "färbung:missing" in golden.expected[-1]["flags"]
    assert isinstance(golden.expected[0]["prediction"], float)


@pytest.mark.slow
def test_a_predictor_that_is_not_scikit_learn_serves_from_the_src_layout(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(
        src__fit="""
        import json

        def train(features, target, *, params, seed):
            return {"limit": params["limit"]}

        def save(model, path):
            path.mkdir()
            (path / "limit.json").write_text(json.dumps(model))
        """,
        src__predict="""
        import json

        class Predictor:
            def __init__(self, limit):
                self.limit = limit

            @classmethod
            def load(cls, path):
                return cls(json.loads((path / "limit.json").read_text())["limit"])

            def predict(self, frame):
                return ["big" if size > self.limit else "small" for size in frame["size"]]
        """,
    )
    project.data(rows)
    serve = SERVE.model_copy(update={"predictor": "predict:Predictor"})
    recipe = RECIPE.model_copy(update={"train": "fit:train", "params": {"limit": 4}})
    result = project.train(project.job(serve=serve, recipe=recipe))
    assert result.evaluation is not None
    assert result.evaluation.overall.values["accuracy"] == 1
    assert result.schema_.classes == ("big", "small")
    assert [entry.path for entry in result.model] == ["model/limit.json"]


@pytest.mark.slow
def test_a_model_reads_a_module_and_a_file_of_the_project(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(
        limits="""
        from pathlib import Path

        class Threshold:
            def predict(self, frame):
                limit = float(Path("limit.txt").read_text())
                return ["big" if size > limit else "small" for size in frame["size"]]
        """,
        train="""
        from limits import Threshold

        def train(features, target, *, params, seed):
            return Threshold()
        """,
    )
    (project.root.code / "limit.txt").write_text("4")
    project.data(rows)
    result = project.train(project.job())
    assert result.evaluation is not None
    assert result.evaluation.overall.values["accuracy"] == 1


@pytest.mark.slow
def test_a_models_own_save_and_load_are_used(project: Project, rows: pd.DataFrame) -> None:
    project.code(
        train="""
        import pickle
        from sklearn.tree import DecisionTreeClassifier

        def train(features, target, *, params, seed):
            return DecisionTreeClassifier(random_state=seed).fit(features, target)

        def save(model, path):
            path.write_bytes(pickle.dumps(model, protocol=4))

        def load(path):
            return pickle.loads(path.read_bytes())
        """
    )
    project.data(rows)
    assert project.train_here(project.job()).loader == "train"


@pytest.mark.slow
def test_seeds_cover_a_recipe_that_forgets_them(project: Project, rows: pd.DataFrame) -> None:
    project.code(
        train="""
        import random
        import numpy as np

        class Noise:
            def __init__(self, numbers):
                self.numbers = numbers

            def predict(self, frame):
                return ["big"] * len(frame)

        def train(features, target, *, params, seed):
            return Noise([random.random(), np.random.random(), list(params)])
        """
    )
    project.data(rows)
    recipes = [
        Recipe(train="train:train", seed=-3, params=params, level="artifact", accept={})
        for params in ({"a": 1, "b": 2}, {"b": 2, "a": 1})
    ]
    first, second = (project.train_here(project.job(recipe=recipe)) for recipe in recipes)
    assert first.model == second.model


@pytest.mark.slow
def test_golden_rows_hold_no_number_of_the_training_rows(project: Project) -> None:
    project.code(
        train="""
        class Always:
            def predict(self, frame):
                return ["a"] * len(frame)

        def train(features, target, *, params, seed):
            return Always()
        """
    )
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"x": generator.normal(size=200), "label": ["a", "b"] * 100})
    project.data(frame)
    project.train_here(project.job(query_model=True))
    golden = Golden.load(project.out / "golden.json")
    assert len({row["x"] for row in golden.rows}) == 8
    assert not {row["x"] for row in golden.rows} & set(frame["x"])
    assert all(frame["x"].min() <= row["x"] <= frame["x"].max() for row in golden.rows)
