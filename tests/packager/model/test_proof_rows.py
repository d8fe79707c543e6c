"""The rows on which a server compares the compiled form with the model."""

from __future__ import annotations

from pathlib import Path

from packager.model.paths import Root
from packager.model.proof_rows import FILE, ProofRows, load_proof_rows


def test_a_package_has_them_or_none(tmp_path: Path):
    (tmp_path / "package").mkdir()
    assert load_proof_rows(Root(tmp_path)).rows == ()
    made = ProofRows(rows=({"basket": 1e-310},))
    (tmp_path / "package" / FILE).write_bytes(made.dump())
    assert load_proof_rows(Root(tmp_path)) == made
