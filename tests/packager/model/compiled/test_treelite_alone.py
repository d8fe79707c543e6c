"""Treelite without SciPy gives the same bits; other code never sees what stands in for SciPy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from compile_samples import sample

TOP = Path(__file__).parents[4]
NAMES = ("forest", "boosting of three", "histograms of numbers", "LightGBM", "XGBoost")
SCRIPT = """
import json, os, sys
from pathlib import Path
from packager.model.compiled.form import read
from packager.model.compiled.leaf_tables import LeafTables
from packager.model.compiled.model import CompiledModel
LeafTables.of = lambda _: None
told = []
for folder, task, classes, columns in json.load(sys.stdin):
    form = CompiledModel(*read(Path(folder)), task, classes and tuple(classes), None)
    found, inside = form.predict_rows(columns)
    chances = None if found.probabilities is None else found.probabilities.tobytes().hex()
    told.append([list(map(repr, found.labels)), chances, inside.tolist()])
heavy = [m for m in sys.modules if m.partition(".")[0] in ("scipy", "pandas", "sklearn", "joblib")]
print(json.dumps([told, heavy, len(os.listdir("/proc/self/task"))]))
"""


@pytest.mark.slow
def test_trees_of_each_library_give_the_same_bits_in_a_process_without_scipy(
    tmp_path: Path,
) -> None:
    asked, expected = [], []
    for name in NAMES:
        made = sample(name, tmp_path / name)
        columns = made.columns(made.rows())
        assert made.compiled is not None
        found, inside = made.compiled.predict_rows(columns)
        chances = None if found.probabilities is None else found.probabilities.tobytes().hex()
        expected.append([list(map(repr, found.labels)), chances, inside.tolist()])
        asked.append([str(made.folder), made.model.task, made.model.classes, columns])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=TOP,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        input=json.dumps(asked),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answers, heavy, threads = json.loads(done.stdout)
    assert answers == expected
    assert heavy == []
    assert threads == 1  # so it can be forked


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    ["import scipy.sparse as found", "from scipy.sparse import csr_matrix; import scipy as found"],
)
def test_who_asks_for_scipy_afterwards_gets_it(asked: str) -> None:
    script = "from packager.model.compiled.treelite_alone import import_treelite\n"
    script += f"import_treelite()\n{asked}\nprint(found.__file__)\n"
    done = subprocess.run([sys.executable, "-c", script], cwd=TOP, capture_output=True, text=True)
    assert done.stdout.strip().endswith("__init__.py"), done.stderr


@pytest.mark.slow
def test_scipy_in_memory_is_used() -> None:
    script = "import scipy.sparse\n"
    script += "from packager.model.compiled.treelite_alone import import_treelite\n"
    script += "print(import_treelite().gtil.gtil.csr_matrix is scipy.sparse.csr_matrix)\n"
    done = subprocess.run([sys.executable, "-c", script], cwd=TOP, capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr
