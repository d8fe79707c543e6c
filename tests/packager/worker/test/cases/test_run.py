"""Every mutant model is killed by its kind of case, and the model itself passes all."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from case_models import (
    CLASSES,
    CaseBench,
    Classes,
    Prices,
    chance_of,
    manifest_of,
    price_of,
    rows,
)

from packager.errors import UsageError
from packager.manifest.case import Case
from packager.worker.test.cases.batches import AGAIN
from packager.worker.test.cases.run import share_level

CASES = {
    "invariance": Case(
        name="notes say nothing", kind="invariance", change={"note": "upper"}, rows="sample:50"
    ),
    "shuffled notes": Case(name="any note", kind="invariance", change={"note": "shuffle"}),
    "directional": Case(
        name="larger stones cost more",
        kind="directional",
        change={"carat": "* 1.1"},
        expect="increases",
        share=0.95,
        slices=True,
    ),
    "monotonic": Case(name="along carat", kind="monotonic", column="carat", expect="increases"),
    "bounds": Case(name="a price", kind="bounds", expect="between 0 and 10000"),
    "golden": Case(
        name="known stones",
        kind="golden",
        rows=(
            {"carat": 1.0, "count": 2, "cut": "Ideal", "note": "a", "price": 2320.0},
            {"carat": 0.5, "count": 1, "cut": "Fair", "note": None, "price": 1010.0},
        ),
    ),
    "metamorphic": Case(name="cuts add", kind="metamorphic", call="relations:cuts_add"),
    "minimum": Case(
        name="good enough", kind="minimum", rows="file:known.csv", metric="mae", limit=1.0
    ),
}
RELATIONS = """
import numpy as np

def cuts_add(frame, predict):
    ideal, fair = frame.assign(cut="Ideal"), frame.assign(cut="Fair")
    return np.isclose(predict(ideal) - predict(fair), 300)
"""


def bump(frame: pd.DataFrame) -> Any:
    return price_of(frame) - 3_000 * ((frame["carat"] > 1.2) & (frame["carat"] < 1.7))


MUTANTS: list[tuple[str, str, Callable[[pd.DataFrame], Any]]] = [
    ("invariance", "reads the note", lambda f: price_of(f) + f["note"].str.isupper() * 1.0),
    ("shuffled notes", "uses a key", lambda f: price_of(f) + f["note"].str.len() * 5.0),
    ("directional", "sign flipped", lambda f: 9_000 - price_of(f)),
    ("directional", "column ignored", lambda f: price_of(f.assign(carat=1.0))),
    ("directional", "constant", lambda f: np.full(len(f), 2_000.0)),
    ("monotonic", "not monotonic", bump),
    ("monotonic", "sign flipped", lambda f: 9_000 - price_of(f)),
    ("bounds", "cents", lambda f: 100 * price_of(f)),
    ("bounds", "below zero", lambda f: price_of(f) - 2_000),
    ("golden", "off by a unit", lambda f: price_of(f) + 1),
    ("golden", "constant", lambda f: np.full(len(f), 2_320.0)),
    ("metamorphic", "column ignored", lambda f: price_of(f.assign(cut="Good"))),
    ("minimum", "constant", lambda f: np.full(len(f), 2_000.0)),
    ("minimum", "off by a unit", lambda f: price_of(f) + 2),
]


@pytest.fixture
def files(bench: CaseBench) -> CaseBench:
    """The files that the cases name."""
    (bench.root.code / "relations.py").write_text(textwrap.dedent(RELATIONS))
    known = rows(20).assign(price=lambda frame: price_of(frame))
    known.to_csv(bench.root.code / "known.csv", index=False)
    return bench


@pytest.mark.slow
def test_the_model_itself_passes_all(files: CaseBench) -> None:
    checks = files.judge(Prices(), *CASES.values(), batches=True)
    assert {check.name: check.verdict for check in checks if check.verdict != "passed"} == {}
    assert len(checks) == len(CASES) + 1 + 2  # batches, and two slices of one case
    by_name = {check.name: check.why for check in checks}
    assert by_name["a price"] == "case 'a price' holds on all 60 rows"


@pytest.mark.parametrize(("kind", "what", "rule"), MUTANTS, ids=lambda one: str(one)[:20])
def test_a_mutant_is_killed_by_its_case(
    files: CaseBench, kind: str, what: str, rule: Callable[[pd.DataFrame], Any]
) -> None:
    checks = files.judge(Prices(rule), CASES[kind])
    assert checks[0].verdict == "failed", what
    assert repr(CASES[kind].name) in checks[0].why


class Stateful:
    """A model that remembers how often it was called."""

    calls = 0

    def predict(self, frame: pd.DataFrame) -> Any:
        self.calls += 1
        return price_of(frame) + self.calls


BATCH_MUTANTS: list[tuple[str, Any]] = [
    ("each row alone", Prices(lambda f: price_of(f) - price_of(f).mean())),
    ("the rows in another order", Prices(lambda f: price_of(f) + np.arange(len(f)))),
    ("batches of 7 rows", Prices(lambda f: price_of(f) + (len(f) == 7))),
    (AGAIN, Stateful()),
]


@pytest.mark.parametrize(("what", "mutant"), BATCH_MUTANTS, ids=[one[0] for one in BATCH_MUTANTS])
def test_a_model_that_depends_on_its_batch_is_found_without_configuration(
    bench: CaseBench, what: str, mutant: Any
) -> None:
    (check,) = bench.judge(mutant, batches=True)
    assert check.verdict == "failed"
    depend = "change from call to call" if what == AGAIN else "depend on the batch"
    assert f"answers {depend} (order and batch size): row " in check.why
    assert "[test] batch_invariance = false" in check.why
    if what == "each row alone":  # shuffled rows have the same mean
        assert "for batches of 7 rows" in check.why
    else:
        assert f"for {what};" in check.why


def test_a_classifier_is_judged_by_a_probability_and_by_its_label(bench: CaseBench) -> None:
    dearer = Case(
        name="dearer", kind="directional", change={"carat": "+ 0.2"}, expect="increases", share=0.9
    )
    big = Case(name="big", kind="bounds", rows="where:carat > 2", expect="label:dear")
    given: dict[str, Any] = {"task": "classification", "schema": CLASSES}
    checks = bench.judge(Classes(chance_of), dearer, big, **given)
    assert [check.verdict for check in checks] == ["passed", "passed"]
    flipped = bench.judge(Classes(lambda f: 1 - chance_of(f)), dearer, big, **given)
    assert [check.verdict for check in flipped] == ["failed", "failed"]
    assert "got cheap" in flipped[1].why


def test_the_worst_row_is_named_in_one_sentence(bench: CaseBench) -> None:
    flipped = Prices(lambda f: 9_000 - price_of(f))
    (check, *slices) = bench.judge(flipped, CASES["directional"])
    assert check.why == (
        "case 'larger stones cost more' holds on 0 of 60 rows (0 %, expected 95 %); worst row 21: "
        "3930 became 3442, with carat 2.44 → 2.684"
    )
    assert [one.name for one in slices] == [
        "larger stones cost more cut=Fair",
        "larger stones cost more cut=Ideal",
    ]
    worst = check.examples[0]
    assert worst["row"] == 21
    assert worst["changed"] == {"carat": [2.44, 2.684]}
    assert worst["cells"]["note"] == "stone 21"


def test_an_error_names_the_case(bench: CaseBench) -> None:
    case = Case(name="odd", kind="invariance", change={"price": 1})
    with pytest.raises(UsageError, match="case 'odd': expected a feature in `change`"):
        bench.judge(Prices(), case)
    absent = Case(name="far", kind="bounds", rows="where:depth > 1", expect="between 0 and 1")
    with pytest.raises(UsageError, match=r"case 'far': .*'depth' is absent"):
        bench.judge(Prices(), absent)


def test_the_probability_of_a_false_failure_is_shared_by_the_tests() -> None:
    assert share_level(manifest_of(CASES["directional"])) == pytest.approx(0.01 / 4)
    assert share_level(manifest_of(CASES["bounds"])) == pytest.approx(0.01)
