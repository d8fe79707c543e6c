"""Scores blocks of rows, one after the other, with one package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from packager.data.rows.member_flags import no_answer
from packager.errors import PackageError
from packager.manifest.manifest import Manifest
from packager.model.compiled.model import load_compiled
from packager.model.integrity import MANIFEST, check_before_loading
from packager.model.paths import Root
from packager.model.row_blocks import BadRows, BlockAnswers, Indices, RowBlock
from serving.predict_file import model_process
from serving.prediction.package_files import PackageFiles
from serving.scoring.answering import BlockPredictor, FailingRowsError
from serving.scoring.block_checker import BlockChecker, CheckedRows
from serving.scoring.tally import PartTally
from serving.signed_root import check_required_signature


class ScoringSession:
    """A loaded package; ``check`` may run in another thread than ``answer``."""

    def __init__(self, files: PackageFiles, predictor: BlockPredictor) -> None:
        manifest = files.manifest
        self._checker = BlockChecker(manifest.schema_, files.checker, strict=manifest.serve.strict)
        self._predictor = predictor
        self.tally = PartTally(files)

    def check(self, block: RowBlock, bad: BadRows) -> CheckedRows:
        """The valid rows; raises ``RowError`` with the row's number in the whole table."""
        return self._checker.check(block, bad)

    def answer(self, checked: CheckedRows, first: int, bad: BadRows) -> BlockAnswers:
        """The answers of the package to a block whose first row has this number.

        Raises ``PackageError``, naming the rows, with ``bad="fail"`` for a model that raises.
        """
        try:
            answered = self._predictor.predict(checked.block, bad)
        except FailingRowsError as error:
            own = self._predictor.error_on(checked.block, error.rows)
            location = _row_range(first + checked.rows[error.rows])
            raise PackageError(f"{location}: {own.message}", own.hint) from None
        answered_block = checked.block.at(answered.rows)
        self.tally.count(answered_block, answered.predictions, answered.compiled)
        rejected_rows = [(int(checked.rows[row]), reason) for row, reason in answered.rejected]
        rejected = sorted([*checked.rejected, *rejected_rows])
        absent = (answered.predictions.absent or {}).items()
        missed = [(no_answer(name), np.array(rows, np.int64)) for name, rows in absent]
        return BlockAnswers(answered.predictions, [*answered_block.flags, *missed], rejected)


@contextmanager
def scoring_session(root: Root) -> Iterator[ScoringSession]:
    """The package below ``root``, with its model in a process of its own; ``PackageError``."""
    manifest = Manifest.load(root.package / MANIFEST)
    check_required_signature(manifest)
    check_before_loading(manifest, root)
    files = PackageFiles.load(manifest, root)
    with model_process(manifest, root) as host:
        model = host.load(root.model, manifest.serve, manifest.task)
        schema = manifest.schema_
        compiled = load_compiled(root, schema, manifest.task, model.untraced().parts)
        files = replace(files, compiled=compiled)
        yield ScoringSession(files, BlockPredictor(schema, model, compiled))


def _row_range(rows: Indices) -> str:
    ends = int(np.min(rows)), int(np.max(rows))
    return f"row {ends[0]}" if ends[0] == ends[1] else f"rows {ends[0]} to {ends[1]}"
