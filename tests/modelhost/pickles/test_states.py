"""States that SciPy runs as code: what it writes itself passes, and nothing else."""

from __future__ import annotations

import contextlib
import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import scipy.stats
from hostile_pickles import by_global, called, text
from hypothesis import given
from hypothesis import strategies as st

from modelhost.errors import PackageError
from modelhost.pickles.before_load import refuse_pickles
from modelhost.pickles.stand_ins import ConstructedObject, GlobalName
from modelhost.pickles.states import METHOD, TEMPLATE, Fields, executed_text, is_followed

NORMAL = by_global("scipy.stats._continuous_distns.norm_gen")
OBJECT = by_global("builtins.object")
NOT_TAKEN = ("a state of two parts", "a second state")
"""SciPy refuses the first; of the second, attributes that the first state lacks end it."""
OWN_TEXT = scipy.stats.beta._parse_arg_template


def distributions() -> list[Any]:
    kinds = (scipy.stats.rv_continuous, scipy.stats.rv_discrete)
    return [one for one in vars(scipy.stats).values() if isinstance(one, kinds)]


def refused(path: Path, content: bytes) -> str:
    """What the audit says of a file; empty if it is clean."""
    path.write_bytes(content)
    try:
        refuse_pickles(path, joblib_only=False)
    except PackageError as error:
        return error.message
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("protocol", range(6))
def test_the_distributions_of_scipy_are_clean(tmp_path: Path, protocol: int) -> None:
    held = [*distributions(), scipy.stats.loguniform(1e-4, 1.0), scipy.stats.randint(1, 9)]
    assert len(held) > 100
    assert refused(tmp_path / "m.pkl", pickle.dumps(held, protocol)) == ""


def hostile(code: str) -> dict[str, bytes]:
    """Ways to give a distribution the text ``code`` to run."""
    key, value = text(TEMPLATE), text(code)
    new = b"\x80\x04" + NORMAL + b")\x81"
    made_key = called(by_global("builtins.str"), b"C\x13" + TEMPLATE.encode(), text("ascii"))[2:-1]
    made = called(by_global("builtins.str"), value)[2:-1]
    ordered = by_global("collections.OrderedDict") + b")R"
    old = called(by_global("copyreg._reconstructor"), NORMAL, OBJECT, b"N")[:-1]
    return {
        "a dict": new + b"}" + key + value + b"sb.",
        "items": new + b"}(" + key + value + b"ub.",
        "DICT": new + b"(" + key + value + b"db.",
        "a dict that a memo changes": new + b"}\x94h\x00" + key + value + b"s0b.",
        "_reconstructor": old + b"}" + key + value + b"sb.",
        "a name that is made": new + b"}" + made_key + value + b"sb.",
        "a text that is made": new + b"}" + key + made + b"sb.",
        "an ordered dict": new + ordered + key + value + b"sb.",
        "pairs": new + key + value + b"\x86\x85b.",
        "a list of pairs": new + b"]" + key + value + b"\x86ab.",
        "a state of two parts": new + b"}" + key + value + b"s}\x86b.",
        "a second state": new + b"}" + key + text(OWN_TEXT) + b"sb}" + key + value + b"sb.",
    }


@pytest.mark.parametrize("name", hostile(""))
def test_no_other_text_is_run(tmp_path: Path, name: str) -> None:
    canary = tmp_path / "canary"
    code = f"open({str(canary)!r}, 'w')\n{OWN_TEXT}"
    content = hostile(code)[name]
    told = refused(tmp_path / "m.pkl", content)
    assert any(one in told for one in (f"sets {TEMPLATE}", "runs a text of its", "hides the"))
    with contextlib.suppress(Exception):
        pickle.loads(content)  # the attributes that it lacks end it, after the text was run
    assert canary.exists() == (name not in NOT_TAKEN)


DATA = by_global("statsmodels.base.data.PandasData")
FRAME = pickle.dumps(pd.DataFrame({"y": [1.0, 2.0], "x": [1.0, 0.0]}), 2)[2:-1]


@pytest.mark.parametrize("mark", ["restore_model_spec", "restore_design_info"])
def test_a_formula_computes_or_is_refused(tmp_path: Path, mark: str) -> None:
    def content(formula: str) -> bytes:
        items = text("frame") + FRAME + text("formula") + text(formula) + text(mark) + b"\x88"
        return b"\x80\x02" + DATA + b")\x81}(" + items + b"ub."

    assert refused(tmp_path / "m.pkl", content("y ~ np.log1p(x) + I(x**2)")) == ""
    canary = tmp_path / "canary"
    code = f"y ~ x + open({str(canary)!r}, 'w').write('')"
    told = refused(tmp_path / "m.pkl", content(code))
    assert "sets formula, which statsmodels evaluates, to more than known functions" in told
    with contextlib.suppress(Exception):
        pickle.loads(content(code))
    assert canary.exists() == (mark == "restore_model_spec")  # the other is of earlier versions


def test_a_class_of_the_project_runs_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "own_kinds.py").write_text(
        "import scipy.stats\nfrom scipy.stats import rv_continuous as Base\n"
        "class A(Base):\n    pass\nclass B(scipy.stats.rv_discrete):\n    pass\n"
        "class C:\n    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    state = text(TEMPLATE) + text("x") + b"\x86\x85b."
    for name in ("A", "B"):
        content = b"\x80\x04" + by_global(f"own_kinds.{name}") + b")\x81" + state
        assert "own_kinds" in refused(tmp_path / "m.pkl", content)


@given(st.text(max_size=40))
def test_only_the_text_of_scipy_passes(more: str) -> None:
    for one in distributions()[:3]:
        own = one._parse_arg_template
        assert executed_text({TEMPLATE: own}) == ""
        if more.strip():
            assert executed_text({TEMPLATE: f"{own}{more}"})
            assert executed_text({TEMPLATE: f"{more}{own}"})
            assert executed_text({TEMPLATE: own.replace("size=None", f"size=({more})")})


@pytest.mark.parametrize(
    "text", [None, 7, b"x", "", "x" * 20_000, "def _parse_args(self, x=f()):\n    return (x)\n"]
)
def test_anything_else_is_named(text: object) -> None:
    assert executed_text({TEMPLATE: text}).startswith(f"sets {TEMPLATE}, which SciPy runs as code")


def test_keys_that_are_made_leave_a_state_unknown() -> None:
    state = Fields()
    state.keep(["a", 1, 2, 3, ("b", 4), 5])
    assert (state, is_followed(state)) == ({"a": 1}, True)
    state.keep([object(), 1])
    assert not is_followed(state)
    assert not is_followed((state, None))


def factor(expression: str, how: str) -> bytes:
    """A pickle of a part of a formula, as a model fitted by a formula holds it."""
    module, _, name = METHOD.rpartition(".Factor.")
    method = text(module) + text(f"Factor.{name}") + b"\x93" + text(how) + b"\x85R"
    state = b"}(" + text("expr") + text(expression) + text("_eval_method") + method + b"u"
    return b"\x80\x04" + by_global(f"{module}.Factor") + b")\x81N" + state + b"\x86b."


def test_a_factor_of_formulaic_computes_or_is_refused(tmp_path: Path) -> None:
    def told(content: bytes) -> str:
        return refused(tmp_path / "m.pkl", content)

    assert told(factor("np.log1p(x) + C(k)", "python")) == ""
    assert told(factor("price (EUR), __import__", "lookup")) == ""
    evil = "__import__('os').system('true')"
    assert "sets expr, which formulaic evaluates" in told(factor(evil, "python"))
    assert "sets expr, which formulaic evaluates" in told(factor(evil, "other"))


def test_parts_of_a_factor_that_are_set_one_by_one() -> None:
    kind = GlobalName(*METHOD.split(".Factor.")[:1], "Factor.EvalMethod", 0)
    lookup, python = (ConstructedObject(kind, (how,)) for how in ("lookup", "python"))
    other = ConstructedObject(GlobalName("library", "EvalMethod", 0), ("lookup",))
    evil = "f(x)"
    assert executed_text((None, {"expr": evil, "_eval_method": lookup})) == ""
    for state in (
        {"expr": evil},
        {"_eval_method": python},
        {"expr": evil, "_eval_method": other},
        {"expr": evil, "_eval_method": lookup, "eval_method": python},
        {"expr": other, "eval_method": python},
    ):
        assert executed_text(state).startswith("sets expr"), state


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (b"}" + text("_value_") + text("python") + b"s", "sets _value_ of an object"),
        (b"}" + by_global("builtins.str") + text("a") + b"\x85RK\x01s", "hides the attributes"),
        (by_global("collections.OrderedDict") + b")R" + text("a") + b"K\x01s", "hides the"),
    ],
)
def test_attributes_are_set_in_the_open(tmp_path: Path, state: bytes, told: str) -> None:
    new = b"\x80\x02" + by_global("sklearn.preprocessing._data.StandardScaler") + b")\x81"
    assert told in refused(tmp_path / "m.pkl", new + state + b"b.")
