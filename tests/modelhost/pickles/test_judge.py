"""What is allowed where neither code nor distributions are at hand, and by name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from modelhost.pickles.judge import Judge
from modelhost.pickles.modules import Modules, NoModules, here
from modelhost.pickles.stand_ins import CALLED, LATER, MADE, GlobalName


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
        ("numpy.log1p", (LATER,), "allowed"),
        ("numpy._core._multiarray_umath.log1p", (), "allowed"),
        ("numpy.core._multiarray_umath.expm1", (LATER,), "allowed"),
        ("numpy.core._multiarray_umath.log1p", (CALLED,), "refused"),
        ("numpy.core._multiarray_umath.set_string_function", (), "unknown"),
        ("dateutil.tz._tzfile._unpickle", (CALLED,), "allowed"),
        ("sklearn.metrics._classification.f1_score", (LATER,), "allowed"),
        ("statsmodels.tools.web.webdoc", (), "unknown"),
        ("statsmodels.formula.formulatools.handle_formula_data", (), "unknown"),
        ("statsmodels.stats.sandwich_covariance.weights_bartlett", (), "allowed"),
        ("numpy.vectorize", (MADE,), "allowed"),
        ("numpy.vectorize", (CALLED,), "refused"),
        ("builtins.getattr", ("safe", LATER), "refused"),
        ("pytz._p", (CALLED,), "allowed"),
        ("pytz.open_resource", (CALLED,), "refused"),
        ("numpy.__builtins__", (), "refused"),
        ("builtins.ValueError", (CALLED,), "allowed"),
        ("builtins.eval", (), "refused"),
        ("elsewhere.NumpyArrayWrapper", (MADE,), "refused"),
    ],
)
def test_names_alone(full: str, uses: tuple[str, ...], expected: str) -> None:
    assert judged(Judge(NoModules()), full, *uses) == expected


def test_methods_and_kept_functions_of_the_locked_distributions() -> None:
    judge = Judge(here())

    def told(module: str, name: str, *uses: str) -> bool:
        one = GlobalName(module, name, 0)
        one.uses |= set(uses)
        return judge.of(one).allowed

    assert told("builtins", "str.split")
    assert not told("builtins", "str.format")
    assert told("scipy.stats._discrete_distns", "randint_gen._entropy", LATER)
    assert not told("scipy.stats._discrete_distns", "randint_gen._entropy", CALLED)
    assert not told("sklearn.linear_model._logistic", "LogisticRegression.fit")
    assert told("sklearn.utils.validation", "check_array", LATER)
    assert not told("sklearn.utils.validation", "check_array", CALLED)
    assert not told("sklearn.base", "clone", LATER)
    assert not told("sklearn.linear_model._logistic", "LogisticRegression", LATER)


@pytest.mark.parametrize(
    ("module", "name", "why"),
    [
        ("statsmodels.formula.formulatools", "handle_formula_data", "isn't known to only compute"),
        ("statsmodels.tsa.x13", "x13_arima_analysis", "isn't known to only compute"),
        (
            "statsmodels.discrete.conditional_models",
            "ConditionalLogit.from_formula",
            "more than compute: it evaluates the text of its parameter formula",
        ),
        ("scipy.optimize._nonlin", "_nonlin_wrapper", "more than compute: it calls exec"),
        ("sklearn.utils.validation", "check_memory", "more than compute: it calls Memory"),
        ("patsy.eval", "EvalFactor", "runs programs, opens files or loads code"),
    ],
)
def test_a_function_that_evaluates_or_opens_what_it_is_given_is_refused(
    module: str, name: str, why: str
) -> None:
    """A model would call it when it predicts: ``FunctionTransformer(handle_formula_data, …)``."""
    judge = Judge(here())
    one = GlobalName(module, name, 0)
    assert why in judge.of(one).why
    one.uses.add(LATER)
    assert not judge.of(one).allowed


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


def test_members_of_enumerations_and_functions_of_operator_are_named() -> None:
    judge = Judge(here())

    def told(module: str, name: str, *uses: str) -> str:
        one = GlobalName(module, name, 0)
        one.uses |= set(uses)
        return "" if judge.of(one).allowed else judge.of(one).why

    known = Judge(NoModules())
    member = GlobalName("lifelines.utils", "CensoringType.RIGHT", 0)
    assert known.of(member).allowed
    member.uses.add(CALLED)
    assert not known.of(member).allowed
    assert known.of(GlobalName("library", "Kind.ONE", 0)).unknown
    assert told("_operator", "neg") == ""
    assert told("_operator", "neg", CALLED) == "is a function, which data doesn't call"
    assert told("operator", "methodcaller", CALLED).startswith("calls or reads what a text in the")
    assert told("pandas.core.generic", "NDFrame.fillna") == (
        "is a method or attribute of a class, which isn't known to only compute"
    )


OWN_CODE = """
import pandas as pd
from enum import Enum
from os import system
class Frame(pd.DataFrame):
    run = system
    def mine(self): ...
    class Inner: ...
class Child(Frame): ...
class Kind(Enum):
    ONE = 1
    RUN = system
def step(frame): ...
"""


@pytest.mark.parametrize(
    ("name", "uses", "expected"),
    [
        ("Frame", (CALLED,), "allowed"),
        ("Frame", (), "allowed"),
        ("step", (), "allowed"),
        ("step", (CALLED,), "allowed"),
        ("Frame.mine", (CALLED,), "allowed"),
        ("Child.mine", (CALLED,), "allowed"),
        ("Frame.Inner", (CALLED,), "allowed"),
        ("Kind.ONE", (), "allowed"),
        ("Frame.to_pickle", (CALLED,), "refused"),
        ("Frame.eval", (), "refused"),
        ("Child.eval", (), "refused"),
        ("Frame.run", (), "refused"),
        ("Kind.RUN", (), "refused"),
        ("Kind.ONE", (CALLED,), "refused"),
        ("Frame.Inner.eval", (), "refused"),
    ],
)
def test_of_a_class_of_the_project_what_it_defines_itself(
    tmp_path: Path, name: str, uses: tuple[str, ...], expected: str
) -> None:
    (tmp_path / "own_kinds.py").write_text(OWN_CODE)
    one = GlobalName("own_kinds", name, 0)
    one.uses |= set(uses)
    judge = Judge(Modules([tmp_path], [Path(pd.__file__).parents[1]]))
    assert judge.of(one).allowed == (expected == "allowed")


def test_a_class_that_only_derives_from_an_abstract_one_is_not_called() -> None:
    """``GroupBy`` calls what it is given, and an ``Expr`` evaluates a text."""
    judge = Judge(here())
    assert judged(judge, "pandas.core.groupby.groupby.GroupBy", CALLED) == "refused"
    assert judged(judge, "pandas.core.indexes.range.RangeIndex", CALLED) == "allowed"
