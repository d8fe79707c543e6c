"""Reads the trees of LightGBM and XGBoost, by treelite's importers, in a process of its own.

The model's process wrote them in the format of their library. The importers trust it: on other
bytes they may crash, or not return, which ends that process only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from modelhost.parent_process import end_with_starter, own_id
from modelhost.wire import Message, MessageDecoder, WireError, encoded
from packager.worker.compile.node_checks import check, check_types

KINDS = ("lightgbm", "xgboost ubj", "xgboost json")
SECONDS = 600.0
"""Time limit of an import."""


def imported(kind: str, arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """The trees as treelite writes them; raise ``ValueError`` if it can't import them."""
    check(arrays.keys() == {"bytes"})
    check_types(arrays)
    request = b"".join(encoded(Message({"kind": kind}, [arrays["bytes"].tobytes()])))
    command = [sys.executable, "-P", "-m", __name__]
    try:
        done = subprocess.run(
            command,
            input=request,
            env={**os.environ, **own_id()},
            capture_output=True,
            timeout=SECONDS,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"its importer took over {SECONDS:g} s") from error
    try:
        (answer,) = MessageDecoder().feed(done.stdout)
    except (ValueError, WireError) as error:  # it ended before its answer
        raise ValueError(f"its importer ended with {_ended(done.returncode)}") from error
    if "refused" in answer.header:
        raise ValueError(answer.header["refused"])
    return bytes(answer.buffers[0])


def _ended(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def main() -> int:
    """Read one request from standard input, and write its answer to standard output."""
    end_with_starter()
    answers = os.dup(1)
    os.dup2(2, 1)  # the importers print
    from packager.model.compiled.treelite_alone import import_treelite
    from packager.worker.compile.treelite_models import treelite_model

    treelite = import_treelite()
    (request,) = MessageDecoder().feed(sys.stdin.buffer.read())
    content = np.frombuffer(request.buffers[0], np.uint8)
    try:
        model = treelite_model({"kind": request.header["kind"]}, {"bytes": content})
        answer = Message({}, [model.serialize_bytes()])
    except (treelite.TreeliteError, ValueError) as error:
        answer = Message({"refused": str(error)})
    with os.fdopen(answers, "wb") as out:
        out.write(b"".join(encoded(answer)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
