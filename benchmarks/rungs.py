"""Which rung a repeat of scikit-learn estimators reaches, and under which changes.

`python benchmarks/rungs.py [NAME …]` fits 25 estimators and pipelines in processes of their own,
the way a build and its replay do, and prints a Markdown table. Columns: the same surroundings; two
threads for BLAS, OpenMP and ``n_jobs``; other BLAS kernels (``OPENBLAS_CORETYPE``), without and
with ``isa = "x86-64-v3"`` on both sides; and the negative controls. A perturbed run that comes out
as high as the plain one is marked *not noticed*. What differs goes to stderr. The whole list takes
some 225 processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from packager.manifest import Recipe, Serve
from packager.runners.fixed import FIXED
from packager.worker.dataset import prepare, read_source
from packager.worker.job import Ask, Fit, Job
from packager.worker.likeness import Trained, likeness, rung_of
from packager.worker.model import load_model_at
from packager.worker.paths import Root
from packager.worker.perturb import perturb
from packager.worker.report import LADDER

ROWS = 400
SERVE = Serve(predictor="auto", compile="off", workers=1, strict=False)
TWO = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
SCALE = "make_pipeline(StandardScaler(), {})"
# What fits, and its parameter that --perturb param changes.
MODELS = {
    "LogisticRegression": (SCALE.format("LogisticRegression(C=x)"), 1.0),
    "LogisticRegressionCV": (SCALE.format("LogisticRegressionCV(Cs=int(x), cv=3)"), 3),
    "SGDClassifier": (
        SCALE.format("SGDClassifier(alpha=x, loss='log_loss', random_state=s)"),
        1e-3,
    ),
    "RidgeClassifier": (SCALE.format("RidgeClassifier(alpha=x)"), 1.0),
    "LinearSVC": (SCALE.format("LinearSVC(C=x, random_state=s)"), 1.0),
    "SVC": (SCALE.format("SVC(C=x)"), 1.0),
    "KNeighborsClassifier": (SCALE.format("KNeighborsClassifier(x, n_jobs=j)"), 5),
    "GaussianNB": ("GaussianNB(var_smoothing=x)", 1e-9),
    "LinearDiscriminantAnalysis": ("LinearDiscriminantAnalysis(solver='lsqr', shrinkage=x)", 0.1),
    "QuadraticDiscriminantAnalysis": ("QuadraticDiscriminantAnalysis(reg_param=x)", 0.1),
    "MLPClassifier": (SCALE.format("MLPClassifier((x,), max_iter=60, random_state=s)"), 8),
    "GaussianProcessClassifier": (
        SCALE.format("GaussianProcessClassifier(random_state=s, max_iter_predict=x, n_jobs=j)"),
        50,
    ),
    "DecisionTreeClassifier": ("DecisionTreeClassifier(max_depth=x, random_state=s)", 5),
    "RandomForestClassifier": ("RandomForestClassifier(x, random_state=s, n_jobs=j)", 20),
    "ExtraTreesClassifier": ("ExtraTreesClassifier(x, random_state=s, n_jobs=j)", 20),
    "BaggingClassifier": ("BaggingClassifier(n_estimators=x, random_state=s, n_jobs=j)", 5),
    "AdaBoostClassifier": ("AdaBoostClassifier(n_estimators=x, random_state=s)", 10),
    "GradientBoostingClassifier": (
        "GradientBoostingClassifier(n_estimators=x, subsample=0.8, random_state=s)",
        20,
    ),
    "HistGradientBoostingClassifier": (
        "HistGradientBoostingClassifier(max_iter=x, random_state=s)",
        20,
    ),
    "VotingClassifier": (
        "VotingClassifier([('a', GaussianNB()), ('b', RandomForestClassifier(x, random_state=s))],"
        " voting='soft', n_jobs=j)",
        10,
    ),
    "StackingClassifier": (
        "StackingClassifier([('a', GaussianNB()), ('b', DecisionTreeClassifier(max_depth=x, "
        "random_state=s))], cv=3, n_jobs=j)",
        4,
    ),
    "CalibratedClassifierCV": (SCALE.format("CalibratedClassifierCV(LinearSVC(C=x), cv=3)"), 1.0),
    "GridSearchCV": (
        SCALE.format("GridSearchCV(LogisticRegression(), {'C': [0.1, x]}, cv=3, n_jobs=j)"),
        1.0,
    ),
    "PCA + LogisticRegression": (
        "make_pipeline(StandardScaler(), PCA(x, svd_solver='randomized', random_state=s), "
        "LogisticRegression())",
        4,
    ),
    "QuantileTransformer + Nystroem + SGD": (
        "make_pipeline(QuantileTransformer(n_quantiles=50, random_state=s), "
        "Nystroem(n_components=x, random_state=s), SGDClassifier(random_state=s, loss='log_loss'))",
        20,
    ),
}
CODE = """
import json, os, pathlib
from sklearn.calibration import *
from sklearn.decomposition import *
from sklearn.discriminant_analysis import *
from sklearn.ensemble import *
from sklearn.gaussian_process import *
from sklearn.kernel_approximation import *
from sklearn.linear_model import *
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import *
from sklearn.neighbors import *
from sklearn.neural_network import *
from sklearn.pipeline import *
from sklearn.preprocessing import *
from sklearn.svm import *
from sklearn.tree import *

def train(features, target, *, params, seed):
    x, s, j = params["x"], seed, int(os.environ.get("JOBS", "1"))
    return eval(pathlib.Path(__file__).with_name("model.txt").read_text()).fit(features, target)
"""


@dataclass(frozen=True)
class Case:
    """A change of surroundings or, with ``perturbed``, of the recipe."""

    title: str
    environment: dict[str, str]
    isa: str = "native"
    perturbed: str = "none"


CASES = [
    Case("same", {}),
    Case("2 threads", {**TWO, "JOBS": "2"}),
    Case("Nehalem kernel", {"OPENBLAS_CORETYPE": "Nehalem"}),
    Case("Nehalem, isa pinned", {"OPENBLAS_CORETYPE": "Nehalem"}, "x86-64-v3"),
    Case("seed", {}, perturbed="seed"),
    Case("row", {}, perturbed="row"),
    Case("param", {}, perturbed="param"),
]


def main(names: list[str]) -> None:
    """Print the table, of all estimators or of those named."""
    print(f"| estimator | {' | '.join(case.title for case in CASES)} |")
    print("|---" * (len(CASES) + 1) + "|")
    with ThreadPoolExecutor(2) as pool:
        for line in pool.map(row, names or MODELS):
            print(line, flush=True)


def row(name: str) -> str:
    """One line of the table."""
    expression, value = MODELS[name]
    with tempfile.TemporaryDirectory() as folder:
        root = Root(Path(folder))
        write_project(root, expression)
        recipe = Recipe(
            train="train:train", seed=7, params={"x": value}, level="artifact", accept={}
        )
        first = {isa: fit(root, job_of(recipe, isa), {}) for isa in ("native", "x86-64-v3")}
        rungs = [rung(root, recipe, case, first[case.isa]) for case in CASES]
    usual = LADDER.index(rungs[0])
    shown = [
        f"{reached} (not noticed)"
        if case.perturbed != "none" and LADDER.index(reached) <= usual
        else reached
        for case, reached in zip(CASES, rungs, strict=True)
    ]
    return f"| {name} | {' | '.join(shown)} |"


def write_project(root: Root, expression: str) -> None:
    """Code and data: six numbers, and a label that depends on three of them."""
    root.code.mkdir()
    (root.code / "train.py").write_text(CODE)
    (root.code / "model.txt").write_text(expression)
    generator = np.random.default_rng(3)
    frame = pd.DataFrame(generator.normal(size=(ROWS, 6)), columns=list("abcdef"))
    noisy = frame.a + frame.b * frame.c + generator.normal(scale=0.5, size=ROWS)
    frame["label"] = np.where(noisy > 0, "yes", "no")
    root.source.mkdir(parents=True)
    frame.to_csv(root.source / "rows.csv", index=False)


def job_of(recipe: Recipe, isa: str) -> Job:
    """The job of a build."""
    fields: dict[str, Any] = {"task": "classification", "serve": SERVE, "target": "label"}
    fields |= {"slices_columns": (), "slices_rules": {}, "split": {"test": 0.25, "seed": 1}}
    return Job.model_validate(fields | {"recipe": recipe.model_copy(update={"isa": isa})})


def fit(root: Root, job: Job, environment: dict[str, str]) -> Path:
    """Train in a fresh process; the folder with ``fit.json`` and the model."""
    out = Path(tempfile.mkdtemp(dir=root.path))
    (out / "job.json").write_bytes(job.dump())
    places = [str(root.code), str(Path(__file__).parents[1])]
    own = {"MODEL_ROOT": str(root.path), "PYTHONPATH": os.pathsep.join(places)}
    command = [sys.executable, "-W", "ignore", "-m", "packager.worker", "fit"]
    done = subprocess.run(
        [*command, str(out / "job.json"), str(out)],
        cwd=root.code,
        env={**os.environ, **FIXED, **own, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = out / "error.json"
        raise SystemExit(said.read_text() if said.exists() else done.stderr)
    return out


def rung(root: Root, recipe: Recipe, case: Case, first: Path) -> str:
    """What a repeat under ``case`` reaches beside ``first``."""
    job = job_of(recipe, case.isa)
    assert isinstance(job.recipe, Recipe)
    ask = Ask.model_validate({"perturb": case.perturbed})
    rows = prepare(read_source(root), job, root)
    changed = perturb(job, job.recipe, ask, len(rows.train)).job
    before, now = (_trained(folder) for folder in (first, fit(root, changed, case.environment)))
    found = likeness(before, now, rows.test[list(rows.features)])
    if found.differing and case.perturbed == "none":
        sys.stderr.write(f"{case.title}: {'; '.join(found.differing[:3])}\n")
    return rung_of(found, metrics=False, statistical=False)


def _trained(folder: Path) -> Trained:
    done = Fit.load(folder / "fit.json")
    serve = SERVE.model_copy(update={"loader": done.loader})
    return Trained(done.model, load_model_at(folder / "model" / "model", serve, "classification"))


if __name__ == "__main__":
    main(sys.argv[1:])
