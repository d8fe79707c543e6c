"""What is allowed where neither code nor distributions are at hand, and by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelhost.pickles.judge import Judge
from modelhost.pickles.modules import Modules, NoModules, here
from modelhost.pickles.stand_ins import CALLED, MADE, GlobalName


def judged(judge: Judge, full: str, *uses: str) -> str:
    module, _, name = full.rpartition(".")
    one = GlobalName(module, name, 0)
    one.uses |= set(uses)
    told = judge.of(one)
    return "unknown" if told.unknown else "allowed" if told.allowed else "refused"


@pytest.mark.parametrize(
    ("full", "uses", "expected"),
    [
        ("sklearn.svm._classes.SVC", (MADE,), "allowed"),
        ("sklearn.tree._tree.Tree", (CALLED,), "allowed"),
        ("_loss.CyHalfBinomialLoss", (CALLED,), "allowed"),
        ("_loss.__pyx_unpickle_CyHalfBinomialLoss", (CALLED,), "allowed"),
        ("_loss.system", (CALLED,), "refused"),
        ("library.Model", (MADE,), "unknown"),
        ("library.make", (CALLED,), "refused"),
        ("subprocess.Popen", (CALLED,), "refused"),
        ("__main__.Model", (MADE,), "refused"),
        ("joblib.parallel.Parallel", (MADE,), "refused"),
        ("numpy.log1p", (), "allowed"),
        ("numpy.log1p", (CALLED,), "refused"),
        ("numpy.__builtins__", (), "refused"),
        ("builtins.ValueError", (CALLED,), "allowed"),
        ("builtins.eval", (), "refused"),
        ("elsewhere.NumpyArrayWrapper", (MADE,), "refused"),
    ],
)
def test_names_alone(full: str, uses: tuple[str, ...], expected: str) -> None:
    assert judged(Judge(NoModules()), full, *uses) == expected


def test_a_user_may_allow_a_name_and_that_name_only() -> None:
    judge = Judge(here(), ["os.getcwd"])
    assert judged(judge, "os.getcwd", CALLED) == "allowed"
    assert judged(judge, "os.getcwdb", CALLED) == "refused"


def test_a_module_named_without_its_package_is_of_the_locked_distribution_or_own(
    tmp_path: Path,
) -> None:
    """Pickles of boosting by scikit-learn 1.5 to 1.7 name ``_loss.CyHalfBinomialLoss``."""
    package = tmp_path / "site" / "sklearn" / "_loss"
    package.mkdir(parents=True)
    (package / "_loss.cpython-311-x86_64-linux-gnu.so").touch()
    installed, own = tmp_path / "site", tmp_path / "own"
    one = ("_loss.CyHalfBinomialLoss", CALLED)
    assert judged(Judge(Modules([], [installed])), *one) == "allowed"
    assert judged(Judge(Modules([], [tmp_path / "empty"])), *one) == "refused"
    own.mkdir()
    (own / "_loss.py").write_text("from os import system as CyHalfBinomialLoss\n")
    assert judged(Judge(Modules([own], [installed])), *one) == "refused"
