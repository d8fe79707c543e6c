"""Make the rows on which a server proves the compiled form on a platform that no build ran."""

from __future__ import annotations

from pathlib import Path

from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Schema
from packager.model.compiled.form import read
from packager.model.proof_rows import FILE, MAX_ROWS, ProofRows
from packager.worker.compile.candidates import CompiledCandidate
from packager.worker.compile.edge_rows import edge_rows
from packager.worker.compile.held_out import accepted_rows


def write_proof_rows(schema: Schema, golden: Path, compiled: Path) -> None:
    """Write ``proof.json`` beside the folder ``compiled``, if the build accepted a form.

    The rows are evenly spaced among the edge rows of the form that are made from the rows of
    ``golden``, so that they hold no row of the data. Equal forms give equal rows.
    """
    if not compiled.is_dir() or not golden.is_file():
        return
    form, content = read(compiled)
    known = (
        {column.name: row.get(column.name) for column in schema.features}
        for row in Golden.load(golden).rows
    )
    bases = accepted_rows(schema, [*known])
    if not bases:
        return
    candidate = CompiledCandidate(form, None if content is None else bytes(content))
    rows = accepted_rows(schema, edge_rows(schema, bases, candidate))
    step = max(1, -(-len(rows) // MAX_ROWS))
    proof = ProofRows(rows=tuple(rows[::step]))
    (compiled.parent / FILE).write_bytes(proof.dump())
