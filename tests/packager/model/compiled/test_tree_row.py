"""One row of an ensemble with one score gets the bits of a batch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import treelite
from hypothesis import given
from hypothesis import strategies as some
from sklearn import ensemble

from packager.model.compiled.encode import Encoder
from packager.model.compiled.form import Domain, Matrix, Number, Trees
from packager.model.compiled.heads import HeadSpec
from packager.model.compiled.tree_model import TreeModel

RANDOM = np.random.default_rng(8)
WIDTH = 4
ROWS = RANDOM.normal(size=(300, WIDTH)).round(2)
SCORES = ROWS[:, 0] + ROWS[:, 1] ** 2 - 0.5
ENCODER = Encoder(
    Matrix(width=WIDTH, numbers=tuple(Number(position=at, column=at) for at in range(WIDTH))),
    [Domain(name=f"x{at}", used=True, nulls=True, low=-1e30, high=1e30) for at in range(WIDTH)],
)
TWO = HeadSpec("classification", ("no", "yes"), True, 1e-9)
NUMBER = HeadSpec("regression", None, False, 1e-9)


def tree_model(link: str, meaning: HeadSpec, **given: float) -> TreeModel:
    """Trees for two classes, or a number; ``given``: further fields of the form."""
    if meaning.task == "classification":
        fitted = ensemble.HistGradientBoostingClassifier(max_iter=9).fit(ROWS, SCORES > 0)
    else:
        fitted = ensemble.HistGradientBoostingRegressor(max_iter=9).fit(ROWS, SCORES)
    content = treelite.sklearn.import_model(fitted).serialize_bytes()
    return TreeModel(Trees(**{"float32": False, "link": link, **given}), content, meaning)


MODELS = {
    "logistic": tree_model("logistic", TWO),
    "doubled": tree_model("doubled", TWO),
    "float32": tree_model("logistic", TWO, float32=True),
    "zero": tree_model("logistic", TWO, zero=0.3),
    "number": tree_model("none", NUMBER),
    "exp": tree_model("exp", NUMBER),
}
CELLS = some.one_of(
    some.none(),
    some.sampled_from([0.0, -0.0, 0.3, -0.3, 1e-320, *ROWS[:9, 0].tolist()]),
    some.floats(-1e30, 1e30),
    some.floats(-3, 3),
)


@pytest.mark.parametrize("name", MODELS)
@given(row=some.lists(CELLS, min_size=WIDTH, max_size=WIDTH))
def test_one_row_has_the_bits_of_a_batch(name: str, row: list[float | None]) -> None:
    model = MODELS[name]
    alone = model.row_function(ENCODER)
    assert alone is not None
    many = model(np.array([[math.nan if cell is None else cell for cell in row]]))
    found = alone(row)
    assert (found is None) == (not many.good[0])
    if found is not None:
        label, chances = found
        assert (label, type(label)) == (many.labels[0], type(many.labels[0]))
        expected = None if many.probabilities is None else many.probabilities[0].tolist()
        assert chances == expected


def test_a_row_outside_the_domain_has_no_answer() -> None:
    alone = MODELS["number"].row_function(ENCODER)
    assert alone is not None
    assert alone([1e31, 0.0, 0.0, 0.0]) is None


@pytest.mark.parametrize(("link", "given"), [("logistic", {"in_order": True}), ("ova", {})])
def test_float32_sums_and_other_links_have_no_function_of_their_own(
    link: str, given: dict[str, bool]
) -> None:
    assert tree_model(link, TWO, **given).row_function(ENCODER) is None
