"""Answers as a table: types, names of outputs as in ``package predict``, rejected rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from host_samples import MANIFEST

from modelhost.predictions import Predictions
from packager.data.answer_cells import answer_cells
from packager.manifest.manifest import Schema
from packager.manifest.outputs import Output
from packager.model.row_blocks import BlockAnswers
from packager.scoring.answers import AnswerTables, flag_lists, label_type

NOTHING = pa.schema([])


def manifest(task: str, **schema: object):
    made = Schema(features=(), **schema)
    return MANIFEST.model_copy(update={"task": task, "schema_": made})


@pytest.mark.parametrize(
    ("classes", "kind"),
    [
        (("a", "b"), pa.string()),
        ((1, 2), pa.int64()),
        ((True, False), pa.bool_()),
        ((0.5, 1.5), pa.float64()),
        ((1, "a"), pa.string()),
        (None, pa.string()),
    ],
)
def test_labels_have_the_type_of_the_classes(classes: object, kind: pa.DataType) -> None:
    assert label_type(classes) == kind


def test_a_regression_has_a_number_and_no_probabilities() -> None:
    tables = AnswerTables(manifest("regression"), NOTHING, "null")
    assert tables.schema.names == ["prediction", "flags", "version"]
    answers = BlockAnswers(Predictions([1.5, None], None), [], [(1, "bad")])
    found = tables.table(3, None, answers)
    assert found["prediction"].to_pylist() == [1.5, None, None]
    assert found["flags"].to_pylist() == [[], None, []]


def test_rejected_rows_are_left_out_with_what_was_kept() -> None:
    kept = pa.schema([("id", pa.int64())])
    made = manifest("classification", classes=(1, 2))
    tables = AnswerTables(made, kept, "skip")
    chances = np.array([[0.25, 0.75], [np.nan, 1.0]])
    answers = BlockAnswers(Predictions([2, 2], chances), [], [(0, "bad")])
    found = tables.table(3, pa.table({"id": [7, 8, 9]}), answers)
    assert found.to_pylist() == [
        {
            "id": row,
            "prediction": 2,
            "probability 1": low,
            "probability 2": high,
            "flags": [],
            "version": made.tag,
        }
        for row, low, high in ((8, 0.25, 0.75), (9, None, 1.0))
    ]


OUTPUTS = (
    Output(name="kind", kind="label", classes=("a", "b")),
    Output(name="price", kind="number"),
    Output(name="days", kind="numbers", shape=(2,)),
    Output(name="range", kind="quantiles", levels=(0.1, 0.9)),
    Output(name="tags", kind="labels", classes=("x", "y")),
    Output(name="why", kind="text"),
)
ANSWER = {
    "kind": "a",
    "price": 2.5,
    "days": [1.0, 2.0],
    "range": {"0.1": 1.0, "0.9": 3.0},
    "tags": ["x"],
    "why": "so",
}


@pytest.mark.parametrize("outputs", [OUTPUTS, *((one,) for one in OUTPUTS)])
def test_outputs_have_the_columns_of_predict(outputs: tuple[Output, ...]) -> None:
    given = ANSWER if len(outputs) > 1 else ANSWER[outputs[0].name]
    tables = AnswerTables(manifest("outputs", outputs=outputs), NOTHING, "fail")
    cells = answer_cells({"prediction": given}, outputs)
    assert tables.schema.names[:-3] == list(cells)
    (found,) = tables.table(1, None, BlockAnswers(Predictions([given], None), [])).to_pylist()
    for name, cell in cells.items():
        assert str(found[name]) == str(cell)
    assert found["probabilities"] is None


def test_flags_are_listed_by_row_in_their_order() -> None:
    flags = [("a:missing", np.array([1, 2])), ("b:unseen", np.array([0, 2]))]
    assert flag_lists(flags, 4).to_pylist() == [
        ["b:unseen"],
        ["a:missing"],
        ["a:missing", "b:unseen"],
        [],
    ]
