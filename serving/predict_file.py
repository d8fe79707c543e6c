"""``python -m serving.predict_file IN OUT``: answers a file of rows, as ``/predict`` would.

``package predict REF`` and the smoke test of a build run it in the served image. IN holds
``{"rows": [{...}, ...]}``; OUT gets one line of JSON per row: prediction, probabilities if there
are any, flags. The exit code is 0, or that of the error, which is written to ``error.json`` in the
folder of OUT (message, hint, exit_code). The process has no network; if the kernel supports it, it
can access only the package's files and its results.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelhost.sandbox.file_access import refuse_by_kernel
from modelhost.sandbox.network import block_network
from packager.digest import canonical_json
from packager.errors import PackageError, UsageError
from packager.model.paths import Root

USAGE = "usage: python -m serving.predict_file IN OUT\n"


def main(arguments: Sequence[str]) -> int:
    """Restrict this process, then answer; return the exit code."""
    if len(arguments) != 2:
        sys.stderr.write(USAGE)
        return UsageError.exit_code
    source, out = map(Path, arguments)
    try:
        root = Root.from_environment()
        # The network is blocked before libraries are loaded, which may not use it either.
        block_network("the model")
        out.parent.mkdir(parents=True, exist_ok=True)
        refuse_by_kernel(root.path, source, out.parent)
        predict_file(root, source, out)
    except PackageError as error:
        content = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
        out.parent.mkdir(parents=True, exist_ok=True)
        (out.parent / "error.json").write_bytes(canonical_json(content))
        return error.exit_code
    return 0


def predict_file(root: Root, source: Path, out: Path) -> int:
    """Write the answers for the rows of ``source`` to ``out``; return the number of rows.

    Raise ``UsageError`` if ``source`` has another form, ``PackageError`` for an invalid row; then
    nothing is written.
    """
    from modelhost.frames import keep_text_plain
    from packager.data.rows.extra_columns import ExtraColumns
    from packager.data.rows.request_rows import RowChecker
    from packager.manifest.manifest import Manifest
    from packager.model.answers import answers
    from packager.model.integrity import MANIFEST, check_before_loading
    from packager.model.model import load_model

    keep_text_plain()
    manifest = Manifest.load(root.package / MANIFEST)
    check_before_loading(manifest, root)
    rows = _rows(source)
    model = load_model(root, manifest.serve, manifest.task)
    checker = RowChecker(
        manifest.schema_, strict=manifest.serve.strict, extra=ExtraColumns.of(manifest)
    )
    checked = checker.check(rows)
    found = answers(checked.frame, checked.flags, manifest.schema_, model, named=True)
    lines = [canonical_json(one) + b"\n" for one in found]
    out.write_bytes(b"".join(lines))
    return len(lines)


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
