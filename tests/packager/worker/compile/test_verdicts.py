"""What is refused and why, what is written, and that the comparison can fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from compile_samples import FEATURES, MODELS, compiled, hot, loaded, sample, table
from sklearn import ensemble, linear_model, preprocessing
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from worker_projects import SERVE

from packager.errors import PackageError
from packager.manifest.evaluation import Compiled
from packager.manifest.manifest import Manifest
from packager.model.compiled.form import read
from packager.model.compiled.model import CompiledModel, load_compiled
from packager.worker.compile import trees as ensembles
from packager.worker.compile.compile import compile_model
from packager.worker.compile.equivalence import EquivalenceChecker


class Doubler(TransformerMixin, BaseEstimator):
    """A transformer of a project's own."""

    def fit(self, features, target=None):
        return self

    def transform(self, features):
        return np.asarray(features, float) * 2


class NondeterministicTransformer(ClassifierMixin, BaseEstimator):
    """Another answer each time."""

    def fit(self, features, target):
        self.classes_ = np.unique(target)
        return self

    def predict(self, features):
        return np.random.default_rng().choice(self.classes_, len(features))


def halve(values):
    return values / 2


NUMERIC = ["size", "count"]
REFUSED = {
    "a transformer of one's own": (
        make_pipeline(Doubler(), linear_model.LogisticRegression()),
        f"no exact encoder is known for {__name__}.Doubler",
    ),
    "a function of one's own": (
        make_pipeline(preprocessing.FunctionTransformer(halve), linear_model.LogisticRegression()),
        "FunctionTransformer calls the function halved",
    ),
    "an estimator of one's own": (
        NondeterministicTransformer(),
        f"no compiled form is known for {__name__}.Moody",
    ),
    "weights": (
        make_pipeline(
            ColumnTransformer(
                [("n", preprocessing.StandardScaler(), NUMERIC)], transformer_weights={"n": 2.0}
            ),
            linear_model.LogisticRegression(),
        ),
        "ColumnTransformer has transformer_weights",
    ),
    "answers that change": (
        make_pipeline(preprocessing.StandardScaler(), NondeterministicTransformer()),
        "the model gives different answers when it predicts again",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_known_is_refused_by_name(tmp_path: Path, what: str):
    native, reason = REFUSED[what]
    frame = table()
    made = compiled(native, frame[NUMERIC], frame["two"], tmp_path / "form")
    assert made.verdict == Compiled(verdict="refused", reason=reason)
    assert not made.folder.exists()


def test_float32_columns_are_refused(tmp_path: Path):
    frame = table()[["size", "count"]].astype("float32")
    model = make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    made = compiled(model, frame, table()["two"], tmp_path / "form")
    assert made.verdict.reason == (
        "column 'size' is of the dtype float32, and StandardScaler reads it"
    )


def test_without_data_there_is_nothing_to_show(tmp_path: Path):
    frame = table()
    native = ensemble.RandomForestClassifier(3).fit(frame[NUMERIC], frame["two"])
    made = compiled(native, frame[NUMERIC], frame["two"], tmp_path / "form")
    verdict = compile_model(loaded(native), made.schema, None, tmp_path / "other", "auto")
    assert verdict.reason == "there is no data to show that a compiled form is equal"


def test_without_treelite_trees_take_another_way(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(ensembles.importlib.util, "find_spec", lambda _: None)
    assert sample("forest", tmp_path / "form").verdict.strategy == "encoders + native estimator"


def test_require_names_the_reason(tmp_path: Path):
    frame = table()
    native, reason = REFUSED["a transformer of one's own"]
    made = compiled(native, frame[NUMERIC], frame["two"], tmp_path / "form")
    with pytest.raises(PackageError) as caught:
        compile_model(made.model, made.schema, made.held_out, tmp_path / "form", "require")
    assert caught.value.message == f"this model can't be compiled: {reason}"
    assert 'compile = "auto"' in caught.value.hint


def test_off_is_off_and_clears_what_lay_there(tmp_path: Path):
    made = sample("ridge", tmp_path / "form")
    assert (made.folder / "form.json").exists()
    verdict = compile_model(made.model, made.schema, made.held_out, made.folder, "off")
    assert verdict == Compiled(verdict="off")
    assert not made.folder.exists()


@pytest.mark.parametrize("name", ["logistic", "ridge", "components"])
def test_a_form_that_differs_is_found_out(tmp_path: Path, name: str):
    made = sample(name, tmp_path / "form")
    form, trees = read(made.folder)
    (first, *others), *rows = form.head.coefficients
    head = form.head.model_copy(update={"coefficients": ((first + 1e-3, *others), *rows)})
    bent = CompiledModel(
        form.model_copy(update={"head": head}),
        trees,
        made.model.task,
        made.model.classes,
        made.model,
    )
    judged = EquivalenceChecker(made.model, made.schema, bent).judge(made.rows(), [])
    assert not judged.equal
    assert len(judged.differing) == 10
    assert all(len(row) == len("held-out row ") + 16 for row in judged.differing)


def test_a_form_that_answers_no_held_out_row_is_refused(tmp_path: Path):
    frame = pd.DataFrame({"a": np.linspace(0, 1, 200)})
    tied = ensemble.RandomForestClassifier(2, bootstrap=False, max_depth=1)
    made = compiled(tied, frame, np.array([0, 1] * 100), tmp_path / "form")
    assert made.verdict.verdict == "equal" or "no held-out row lies in its domain" in (
        made.verdict.reason
    )


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from compile_samples import sample
for name in sys.argv[3:]:
    sample(name, Path(sys.argv[2]) / name)
"""


@pytest.mark.slow
def test_the_same_model_gives_the_same_bytes_in_every_process(tmp_path: Path):
    names = ["mixed encoders", "histograms"]
    here, there = tmp_path / "here", tmp_path / "there"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    folder = str(Path(__file__).parents[3] / "support")
    subprocess.run(
        [sys.executable, "-c", SCRIPT, folder, str(there), *names], env=environment, check=True
    )
    files = ["mixed encoders/form.json", "histograms/form.json", "histograms/trees.bin"]
    for name in names:
        sample(name, here / name)
    assert [(here / file).read_bytes() for file in files] == [
        (there / file).read_bytes() for file in files
    ]


def test_no_value_of_a_row_is_in_the_form(tmp_path: Path):
    frame = table()
    frame["size"] += 0.123456789
    made = compiled(
        make_pipeline(hot(), linear_model.LogisticRegression()),
        frame[FEATURES],
        frame["two"],
        tmp_path / "form",
    )
    text = (made.folder / "form.json").read_text()
    middle = made.held_out["size"].sort_values()[1:-1]
    assert not [value for value in middle if repr(float(value)) in text]


@pytest.mark.slow
def test_a_package_is_loaded_with_its_compiled_form(project, rows):
    project.code(train=FOREST)
    project.data(rows)
    job = project.job(serve=SERVE.model_copy(update={"compile": "require"}))
    result = project.train_here(job)
    assert result.compiled.verdict == "equal"
    manifest = project.package(job, result)
    packaged = manifest.model_copy(update={"compiled": result.compiled})
    (project.root.package / "manifest.json").write_bytes(packaged.dump())
    (project.out / "compiled").rename(project.root.package / "compiled")
    made = load_compiled(project.root, result.schema_, "classification")
    assert made is not None
    assert made.predict_row([9.0, 3, True])[0] == "big"
    (project.root.package / "compiled" / "trees.bin").unlink()
    with pytest.raises(PackageError, match=r"expected the trees of the compiled model"):
        load_compiled(project.root, result.schema_, "classification")
    off = Manifest.load(project.root.package / "manifest.json").model_copy(
        update={"compiled": Compiled(verdict="off")}
    )
    (project.root.package / "manifest.json").write_bytes(off.dump())
    assert load_compiled(project.root, result.schema_, "classification") is None


FOREST = """
    from sklearn.ensemble import RandomForestClassifier

    def train(features, target, *, params, seed):
        return RandomForestClassifier(n_estimators=5, random_state=seed).fit(features, target)
"""


def test_every_model_of_the_list_has_a_way():
    assert {way for *_, way in MODELS.values()} == {
        "encoders + linear model in NumPy",
        "encoders + treelite",
        "encoders + native estimator",
        "encoders + native transformers + linear model in NumPy",
    }
