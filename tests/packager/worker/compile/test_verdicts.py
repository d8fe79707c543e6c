"""Refusals and their reasons, the written files, and a comparison that can fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from compile_samples import FEATURES, MODELS, compiled, loaded, one_hot, sample, table
from in_process import hosted
from refused_models import NUMERIC, REFUSED
from sklearn import ensemble, linear_model
from sklearn.pipeline import make_pipeline
from worker_projects import SERVE

from packager.errors import PackageError
from packager.manifest.evaluation import Compilation
from packager.manifest.manifest import Manifest
from packager.model.compiled import model
from packager.model.compiled.model import load_compiled
from packager.worker.compile.compile import compile_model


@pytest.mark.slow
def test_without_data_there_is_nothing_to_show(tmp_path: Path):
    frame = table()
    native = ensemble.RandomForestClassifier(3).fit(frame[NUMERIC], frame["two"])
    made = compiled(native, frame[NUMERIC], frame["two"], tmp_path / "form")
    verdict = compile_model(hosted(loaded(native)), made.schema, None, tmp_path / "other", "auto")
    assert verdict.reason == "there is no data to show that a compiled form is equal"


@pytest.mark.slow
def test_require_names_the_reason(tmp_path: Path):
    frame = table()
    native, reason = REFUSED["a transformer of one's own"]
    made = compiled(native, frame[NUMERIC], frame["two"], tmp_path / "form")
    with pytest.raises(PackageError) as caught:
        compile_model(hosted(made.model), made.schema, made.held_out, tmp_path / "form", "require")
    assert caught.value.message == f"this model can't be compiled: {reason}"
    assert 'compile = "auto"' in caught.value.hint


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


@pytest.mark.slow
def test_no_value_of_a_row_is_in_the_form(tmp_path: Path):
    frame = table()
    frame["size"] += 0.123456789
    made = compiled(
        make_pipeline(one_hot(), linear_model.LogisticRegression()),
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
        update={"compiled": Compilation(verdict="off")}
    )
    (project.root.package / "manifest.json").write_bytes(off.dump())
    assert load_compiled(project.root, result.schema_, "classification") is None


@pytest.mark.slow
def test_a_model_fitted_on_a_list_of_texts_is_packaged_compiled(project, monkeypatch):
    project.code(train=TEXTS)
    rows = [{"t": f"a{at % 9} b{at % 2} c", "n": at, "y": at % 2} for at in range(60)]
    project.data(pd.DataFrame(rows))
    job = project.job(target="y", serve=SERVE.model_copy(update={"compile": "require"}))
    result = project.train_here(job)
    assert result.compiled.strategy == "encoders + n-grams + sparse linear model in NumPy"
    manifest = project.package(job, result)
    packaged = manifest.model_copy(update={"compiled": result.compiled})
    (project.root.package / "manifest.json").write_bytes(packaged.dump())
    (project.out / "compiled").rename(project.root.package / "compiled")
    made = load_compiled(project.root, result.schema_, "classification")
    assert made is not None
    assert made.predict_row(["b1 b1", 0])[0] == 1
    monkeypatch.setattr(model, "UNICODE", "3.99, 99.0.0")
    with pytest.raises(PackageError, match=r"divides text as Python and Unicode .*3\.99, 99\.0\.0"):
        load_compiled(project.root, result.schema_, "classification")


TEXTS = """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    def train(features, target, *, params, seed):
        texts = features["t"].tolist()
        return make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, target)
"""
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
