"""``python -m serving.predict_file IN OUT``: answers a file of rows, as ``/predict`` would.

``package predict REF`` and the smoke test of a build run it in the served image. IN holds a JSON
object for each row on a line; OUT gets one line of JSON per row: prediction, probabilities if there
are any, flags. Memory is bounded by a batch of rows. The exit code is 0, or that of the error,
which is written to ``error.json`` in the folder of OUT (message, hint, exit_code). The model runs
in a process of its own, confined as a server's.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modelhost.columns import ColumnSpec
from modelhost.failing_rows import PartError, predict_in_parts
from packager.data.rows.extra_columns import ExtraColumns
from packager.data.rows.member_flags import with_absent
from packager.data.rows.request_rows import RowChecker, RowError, ValidatedRows
from packager.digest import canonical_json
from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Manifest
from packager.model.host_process import HostCommand
from packager.model.hosted import HostEndedError, ModelHost
from packager.model.hosted_model import HostedModel
from packager.model.integrity import MANIFEST, check_before_loading
from packager.model.paths import Root
from packager.model.predictions import Predictions, flagged_answers
from serving.processes.confinement import ModelConfinement
from serving.processes.model_environment import (
    model_command,
    model_environment,
    model_folders,
    processes_of,
)
from serving.settings import Settings
from serving.signed_root import check_required_signature

USAGE = "usage: python -m serving.predict_file IN OUT\n"
BATCH_ROWS = 10_000
"""Maximum rows per call of the model."""
BATCH_BYTES = 64 << 20
"""Maximum bytes of their JSON, unless one row has more."""


def main(arguments: Sequence[str]) -> int:
    """Answer the file that ``arguments`` name; return the exit code."""
    if len(arguments) != 2:
        sys.stderr.write(USAGE)
        return UsageError.exit_code
    source, out = map(Path, arguments)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        predict_file(Root.from_environment(), source, out)
    except PackageError as error:
        content = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
        (out.parent / "error.json").write_bytes(canonical_json(content))
        return error.exit_code
    return 0


def predict_file(root: Root, source: Path, out: Path) -> int:
    """Write the answers for the rows of ``source`` to ``out``; return the number of rows.

    Raise ``UsageError`` if ``source`` has another form, ``PackageError`` for an invalid row or a
    model that fails; then nothing is written.
    """
    manifest = Manifest.load(root.package / MANIFEST)
    check_required_signature(manifest)
    check_before_loading(manifest, root)
    schema, extra = manifest.schema_, ExtraColumns.of(manifest)
    checker = RowChecker(schema, strict=manifest.serve.strict, extra=extra)
    specs = [ColumnSpec.of(feature) for feature in schema.features]
    written = out.with_name(f"{out.name}.part")
    first = 0
    try:
        with model_process(manifest, root) as host, written.open("wb") as file:
            model = host.load(root.model, manifest.serve, manifest.task)
            for rows in _batches(source):
                checked = _checked(checker, rows, first)
                batch = _Batch(model, specs, checked.columns, first)
                predictions = batch.predict(checked.rows)
                flags = with_absent(checked.flags, predictions.absent)
                for answer in flagged_answers(predictions, schema.probability_classes, flags):
                    file.write(canonical_json(answer) + b"\n")
                first += checked.rows
        written.replace(out)
    finally:
        written.unlink(missing_ok=True)
    return first


def _checked(checker: RowChecker, rows: list[dict[str, Any]], first: int) -> ValidatedRows:
    """The validated rows; a ``RowError`` has the row's number in the file."""
    try:
        return checker.check(rows)
    except RowError as error:
        raise error.at(first + error.row) from None


@contextmanager
def model_process(manifest: Manifest, root: Root) -> Iterator[ModelHost]:
    """A process with the variables, files and network of a server's model process."""
    serve, settings = manifest.serve, Settings.from_environment()
    with tempfile.TemporaryDirectory(prefix="model-", ignore_cleanup_errors=True) as name:
        scratch = Path(name).resolve()
        confined = ModelConfinement(
            root.path, model_folders(root), (scratch,), serve.network, settings.process_memory
        )
        shared = processes_of(serve)
        variables = model_environment(root, os.environ, scratch, shared, network=serve.network)
        start = HostCommand(model_command()[:1], variables, Path.cwd(), confine=confined)
        with ModelHost(start) as host:
            yield host


class _Batch:
    """Rows of a file that are predicted together."""

    def __init__(
        self,
        model: HostedModel,
        specs: Sequence[ColumnSpec],
        columns: Sequence[Sequence[Any]],
        first: int,
    ) -> None:
        """``first``: the number of its first row in the file."""
        self._model = model
        self._specs = specs
        self._columns = columns[: len(specs)]
        self._first = first

    def predict(self, rows: int) -> Predictions:
        """Predictions for its rows; raise ``PackageError`` naming the first that fails."""
        quiet = self._model.untraced()
        if not rows:
            return Predictions([], None)
        try:
            return predict_in_parts(
                lambda part: self._predict(quiet, part), rows, (HostEndedError,)
            )
        except PartError as error:
            raise self._named(error.rows, error.__cause__ or error) from None

    def _predict(self, model: HostedModel, rows: range) -> Predictions:
        part = [column[rows.start : rows.stop] for column in self._columns]
        return model.predict_columns(part, self._specs, len(rows))

    def _named(self, rows: range, error: BaseException) -> BaseException:
        """``error`` with the rows; the model is called again, with its traceback on stderr."""
        try:
            self._predict(self._model, rows)
        except HostEndedError:  # it is about no row
            raise
        except PackageError as again:
            error = again
        if not isinstance(error, PackageError):
            return error
        start, last = self._first + rows.start, self._first + rows.stop - 1
        location = f"row {last}" if len(rows) == 1 else f"rows {start} to {last}"
        return PackageError(f"{location}: {error.message}", error.hint)


def _batches(source: Path) -> Iterator[list[dict[str, Any]]]:
    """The rows of ``source``, at most ``BATCH_ROWS`` and about ``BATCH_BYTES`` at once."""
    rows: list[dict[str, Any]] = []
    size = 0
    try:
        with source.open("rb") as file:
            for line in file:
                if rows and (len(rows) == BATCH_ROWS or size + len(line) > BATCH_BYTES):
                    yield rows
                    rows, size = [], 0
                rows.append(_row(source, line))
                size += len(line)
    except OSError as error:
        raise UsageError(f"{source}: expected a file, got {error}", "write rows as JSON") from error
    if rows:
        yield rows


def _row(source: Path, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{source}: expected JSON, got {error}", "write rows as JSON") from error
    if not isinstance(row, dict):
        raise UsageError(f"{source}: expected an object on each line", "one object for every row")
    return row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
