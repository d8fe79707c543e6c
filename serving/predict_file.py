"""``python -m serving.predict_file IN OUT``: answers a file of rows, as ``/predict`` would.

``package predict REF`` and the smoke test of a build run it in the served image. IN holds
``{"rows": [{...}, ...]}``; OUT gets one line of JSON per row: prediction, probabilities if there
are any, flags. The exit code is 0, or that of the error, which is written to ``error.json`` in the
folder of OUT (message, hint, exit_code). The model runs in a process of its own, confined as a
server's.
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
from packager.data.rows.request_rows import RowChecker
from packager.digest import canonical_json
from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Manifest
from packager.model.hosted import HostCommand, HostEndedError, ModelHost
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

USAGE = "usage: python -m serving.predict_file IN OUT\n"
BATCH_ROWS = 10_000
"""Maximum rows per call of the model."""


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
    check_before_loading(manifest, root)
    schema, extra = manifest.schema_, ExtraColumns.of(manifest)
    checked = RowChecker(schema, strict=manifest.serve.strict, extra=extra).check(_rows(source))
    lines: list[bytes] = []
    with _model_process(manifest, root) as host:
        model = host.load(root.model, manifest.serve, manifest.task)
        rows = _FileRows(model, [ColumnSpec.of(one) for one in schema.features], checked.columns)
        for start in range(0, checked.rows, BATCH_ROWS):
            batch = range(start, min(start + BATCH_ROWS, checked.rows))
            flags = checked.flags[batch.start : batch.stop]
            answers = flagged_answers(rows.predict(batch), schema.probability_classes, flags)
            lines += [canonical_json(one) + b"\n" for one in answers]
    out.write_bytes(b"".join(lines))
    return len(lines)


@contextmanager
def _model_process(manifest: Manifest, root: Root) -> Iterator[ModelHost]:
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


class _FileRows:
    """The rows of a file, to be predicted in batches."""

    def __init__(
        self, model: HostedModel, specs: Sequence[ColumnSpec], columns: Sequence[Sequence[Any]]
    ) -> None:
        self._model = model
        self._specs = specs
        self._columns = columns[: len(specs)]

    def predict(self, batch: range) -> Predictions:
        """Predictions for these rows; raise ``PackageError`` naming the first that fails."""
        quiet = self._model.untraced()

        def ask(part: range) -> Predictions:
            return self._ask(quiet, batch[part.start : part.stop])

        try:
            return predict_in_parts(ask, len(batch), (HostEndedError,))
        except PartError as error:
            rows = batch[error.rows.start : error.rows.stop]
            raise self._named(rows, error.__cause__ or error) from None

    def _ask(self, model: HostedModel, rows: range) -> Predictions:
        part = [column[rows.start : rows.stop] for column in self._columns]
        return model.predict_columns(part, self._specs, len(rows))

    def _named(self, rows: range, error: BaseException) -> BaseException:
        """``error`` with the rows; the model is called again, with its traceback on stderr."""
        try:
            self._ask(self._model, rows)
        except PackageError as again:
            error = again
        if not isinstance(error, PackageError):
            return error
        last = rows.stop - 1
        place = f"row {last}" if len(rows) == 1 else f"rows {rows.start} to {last}"
        return PackageError(f"{place}: {error.message}", error.hint)


def _rows(source: Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(source.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{source}: expected JSON, got {error}", "write rows as JSON") from error
    rows = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f'{source}: expected {{"rows": [{{…}}, …]}}', "one object for every row")
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
