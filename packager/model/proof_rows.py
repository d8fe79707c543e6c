"""Rows on which a server compares the compiled form with the model, where no build could."""

from __future__ import annotations

from typing import Any

from packager.manifest.base import FrozenModel
from packager.model.paths import Root

FILE = "proof.json"
"""Below ``/package`` of a package with a platform that the build does not run."""
MAX_ROWS = 400


class ProofRows(FrozenModel):
    """``/package/proof.json``: made-up rows at the thresholds and ends of the compiled form.

    No row of the data is among them: they are made from the made-up rows of ``golden.json``.
    """

    rows: tuple[dict[str, Any], ...] = ()


def load_proof_rows(root: Root) -> ProofRows:
    """The proof rows of a package; none if it has no such file."""
    path = root.package / FILE
    return ProofRows.load(path) if path.exists() else ProofRows()
