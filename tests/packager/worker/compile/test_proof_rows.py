"""Rows for the proof of a compiled form are made up, and the same for the same form."""

from __future__ import annotations

import math
from pathlib import Path

from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Column, Schema
from packager.model.compiled.form import Domain, Form, Linear, Matrix, Number, Op, write
from packager.model.proof_rows import FILE, MAX_ROWS, ProofRows
from packager.worker.compile.proof_rows import write_proof_rows

COLUMN = Column(name="x", kind="number", dtype="float64", nullable=True)
SCHEMA = Schema(features=(COLUMN,))
FORM = Form(
    columns=(Domain(name="x", used=True),),
    steps=(),
    matrix=Matrix(
        width=1, numbers=(Number(position=0, column=0, ops=(Op(name="above", values=(2.0,)),)),)
    ),
    head=Linear(coefficients=((1.0,),), intercept=(0.0,), link="none"),
    nan=False,
    tolerance=1e-9,
)


def made(folder: Path, *rows: dict[str, object]) -> bytes | None:
    """What is written beside the form, with golden rows."""
    folder.mkdir()
    write(FORM, None, folder / "compiled")
    golden = Golden(rows=rows, expected=({},) * len(rows))
    (folder / "golden.json").write_bytes(golden.dump())
    write_proof_rows(SCHEMA, folder / "golden.json", folder / "compiled")
    path = folder / FILE
    return path.read_bytes() if path.exists() else None


def test_they_are_at_the_thresholds_of_the_form(tmp_path: Path):
    content = made(tmp_path / "one", {"x": 7.0})
    assert content is not None
    rows = ProofRows.model_validate_json(content).rows
    assert {2.0, math.nextafter(2.0, math.inf)} <= {row["x"] for row in rows}
    assert len(rows) <= MAX_ROWS
    assert made(tmp_path / "two", {"x": 7.0}) == content


def test_without_a_golden_row_or_a_form_there_are_none(tmp_path: Path):
    assert made(tmp_path / "none") is None
    write_proof_rows(SCHEMA, tmp_path / "golden.json", tmp_path / "compiled")
    assert not (tmp_path / FILE).exists()
