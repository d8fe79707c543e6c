"""What a process of the model host may do: read the project and its data, write its model."""

from __future__ import annotations

import pandas as pd
import pytest
from worker_projects import RECIPE, SERVE

from packager.errors import PackageError
from packager.model.hosted import ModelHost
from packager.worker.processes.host_command import model_host, training_host
from packager.worker.processes.resilient_model import StoredModel

ROWS = pd.DataFrame({"x": [1.0, 2.0], "label": ["a", "b"]})
TRAIN = """
import os
from pathlib import Path

class Model:
    def predict(self, frame):
        return ["a"] * len(frame)

def train(features, target, *, params, seed):
    where = Path(params["path"])
    if params["how"] == "write":
        where.write_text("forged")
    if params["how"] == "read":
        where.read_text()
    if params["how"] == "list":
        raise ValueError(os.listdir(where))
    return Model()
"""


@pytest.fixture
def attempt(project):
    """Run a recipe that does this with a path."""
    project.code(train=TRAIN)
    models = project.out / "model"
    models.mkdir(parents=True)

    def run(how, path, reverse=False):
        with ModelHost(training_host(project.root, models, reverse=reverse)) as host:
            recipe = RECIPE.model_copy(update={"params": {"how": how, "path": str(path)}})
            host.train(recipe, ROWS, ["x"], ["label"])
            return host.save(models, "auto")

    return run


@pytest.mark.slow
def test_a_recipe_reads_neither_other_files_nor_the_recorded_model(project, attempt):
    (project.out / "result.json").write_text("measured")
    project.root.models.mkdir()
    project.root.model.write_text("recorded")
    for path in (project.out / "result.json", project.root.model):
        with pytest.raises(PackageError) as caught:
            attempt("read", path)
        assert "train.py:" in caught.value.hint
    assert attempt("read", project.root.code / "train.py") == "joblib"


@pytest.mark.slow
def test_a_recipe_writes_no_result(project, attempt):
    result = project.out / "result.json"
    result.write_text("measured")
    with pytest.raises(PackageError, match=r"result\.json, which is neither in the project"):
        attempt("write", result)
    assert result.read_text() == "measured"


@pytest.mark.slow
def test_listings_of_a_second_training_are_reversed(project, attempt):
    (project.root.code / "more").mkdir()
    for name in ("a", "b", "c"):
        (project.root.code / "more" / name).write_text("")
    told = []
    for reverse in (False, True):
        with pytest.raises(PackageError) as caught:
            attempt("list", project.root.code / "more", reverse)
        told.append(caught.value.message.partition(": ")[2])
    assert told[0] == str(eval(told[1])[::-1])


@pytest.mark.slow
def test_a_model_is_loaded_from_the_folders_named(project, attempt):
    attempt("nothing", "")
    models = project.out / "model"
    stored = StoredModel(models, SERVE, "classification")
    with ModelHost(model_host(project.root, models)) as host:
        assert stored.load(host).type_name == "Model"
