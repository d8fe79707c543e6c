"""Metamorphic cases in the model's process."""

from __future__ import annotations

import pytest
from case_models import CaseBench, Prices, price_of

from packager.errors import PackageError, UsageError
from packager.manifest.case import Case


def case(function: str, **more: object) -> Case:
    return Case(name="rel", kind="metamorphic", call=f"rel_own:{function}", **more)  # type: ignore[arg-type]


SOURCE = """
import numpy as np

def scale(frame, predict):
    more = frame.assign(carat=frame["carat"] + 0.1)
    return np.isclose(predict(more) - predict(frame), 200)

def broken(frame, predict):
    raise RuntimeError("no relation")

def short(frame, predict):
    return [True]
"""


@pytest.fixture
def own(bench: CaseBench) -> CaseBench:
    (bench.root.code / "rel_own.py").write_text(SOURCE)
    return bench


def test_the_relation_is_judged_of_each_row(own: CaseBench) -> None:
    (check,) = own.judge(Prices(), case("scale", rows="sample:20", slices=False))
    assert (check.verdict, check.rows) == ("passed", 20)
    rounded = Prices(lambda f: price_of(f).round(-3))
    (check,) = own.judge(rounded, case("scale", rows="sample:20"))
    assert check.verdict == "failed"
    assert "rel_own:scale says that the relation does not hold" in check.why
    assert check.examples[0]["cells"]["note"].startswith("stone")


def test_what_it_raises_and_returns_names_the_case(own: CaseBench) -> None:
    with pytest.raises(PackageError, match=r"case 'rel': .* raised RuntimeError: no relation"):
        own.judge(Prices(), case("broken"))
    with pytest.raises(UsageError, match=r"case 'rel': .* expected rel_own:short to return true"):
        own.judge(Prices(), case("short"))


def test_rows_that_a_server_refuses_are_named(own: CaseBench) -> None:
    with pytest.raises(UsageError, match="case 'rel': row 0, column"):
        own.judge(Prices(), case("scale", rows=[{"carat": "x"}]))
