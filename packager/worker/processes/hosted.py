"""A model in a process of the model host: what the harness knows and asks of it.

The process runs in the model's own environment. It may raise, exit, crash or hang without harm to
the harness; every failure is a ``PackageError``.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

from modelhost.prediction_messages import decode_predictions
from modelhost.predictions import Predictions
from modelhost.wire import Message, WireError, receive, send
from packager.errors import PackageError, UsageError
from packager.manifest.base import Scalar, Task
from packager.manifest.manifest import Recipe, Serve
from packager.worker.processes.frame_columns import encode_frame

DESCRIPTOR = "MODELHOST_FD"


class HostEndedError(PackageError):
    """The process ended, or was killed, before it answered."""


class HostTimeoutError(HostEndedError):
    """The process did not answer in time, and was killed."""


class RecipeKeyError(PackageError):
    """The recipe raised ``KeyError`` for a text."""

    def __init__(self, message: str, hint: str, key: str) -> None:
        super().__init__(message, hint)
        self.key = key


@dataclass(frozen=True)
class HostCommand:
    """How to start the model host."""

    command: Sequence[str]
    """The interpreter of the model's environment and its options."""
    environment: Mapping[str, str]
    directory: Path
    """The project's code."""


class ModelHost:
    """A running process of the model host; one request at a time."""

    def __init__(self, start: HostCommand) -> None:
        """Start the process, in a session of its own, with stderr of this process."""
        ours, theirs = socket.socketpair()
        self._connection = ours
        with theirs:
            self._process = subprocess.Popen(
                [*start.command, "-m", "modelhost", "work"],
                env={**start.environment, DESCRIPTOR: str(theirs.fileno())},
                cwd=start.directory,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        # A child that the model has forked keeps the connection open: the process is watched.
        threading.Thread(target=self._end_with_process, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def ask(self, request: Message, seconds: float | None = None) -> Message:
        """The answer to one request, at most after ``seconds``.

        Raises ``HostEndedError`` or ``HostTimeoutError`` if there is none, and the ``PackageError``
        that the process reports.
        """
        try:
            self._connection.settimeout(seconds)
            send(self._connection, request)
            answer = receive(self._connection)
        except TimeoutError as error:
            self.close()
            raise HostTimeoutError(
                f"the model's process did not answer within {seconds:g} s",
                "reduce its run time or its data",
            ) from error
        except (OSError, WireError) as error:
            answer = None
            failure = str(error)
        else:
            failure = "it closed its connection"
        if answer is None:
            raise self._ended(failure)
        if "error" in answer.header:
            raise _reported(answer.header["error"])
        return answer

    def load(self, path: Path, serve: Serve, task: Task) -> HostedModel:
        """Load the model at ``path``; raises ``PackageError``."""
        header = {
            "verb": "load",
            "path": str(path),
            "predictor": serve.predictor,
            "loader": serve.loader,
            "task": task,
        }
        return HostedModel(self, task, self.ask(Message(header)).header["model"])

    def train(
        self, recipe: Recipe, rows: pd.DataFrame, features: Sequence[str], target: str
    ) -> None:
        """Call the recipe with these columns of ``rows``; the model stays in the process.

        Raises ``RecipeKeyError`` if it fails with a ``KeyError``, else ``PackageError``.
        """
        specs, columns = encode_frame(rows[[*features, target]])
        header = {
            "verb": "train",
            "train": recipe.train,
            "params": recipe.params,
            "seed": recipe.seed,
            "features": list(features),
            "target": target,
            "specs": [spec.as_json() for spec in specs],
            "columns": columns.described,
            "rows": columns.rows,
        }
        self.ask(Message(header, columns.buffers))

    def save(self, models: Path, predictor: str) -> str:
        """Write the trained model into the folder ``models``; return its loader."""
        header = {"verb": "save", "path": str(models), "predictor": predictor}
        return str(self.ask(Message(header)).header["loader"])

    def close(self) -> None:
        """End the process and its children."""
        with suppress(OSError):
            self._connection.close()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _end_with_process(self) -> None:
        self._process.wait()
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _ended(self, failure: str) -> HostEndedError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        code = self._process.poll()
        self.close()
        if code is None:
            how = f"was killed: {failure}"
        elif code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
        else:
            how = f"ended with exit code {code}"
        return HostEndedError(
            f"the model's process {how}", "its last lines above say more; it may need more memory"
        )


class HostedModel:
    """A model that a process of the model host has loaded."""

    def __init__(self, host: ModelHost, task: Task, told: Mapping[str, Any]) -> None:
        self._host = host
        self._number = told["number"]
        self.task: Task = task
        classes = told["classes"]
        self.classes: tuple[Scalar, ...] | None = None if classes is None else tuple(classes)
        """The model's ``classes_``; None for regression, or if the model has none."""
        self.has_probabilities: bool = told["has_probabilities"]
        names = told["feature_names"]
        self.feature_names: tuple[str, ...] | None = None if names is None else tuple(names)
        """The columns that the model recorded in training, in order; None if it recorded none."""
        self.feature_count: int | None = told["feature_count"]
        """The number of columns that the model recorded in training; None if it recorded none."""
        self.text_step: str | None = told["text_step"]
        """The class of its first step if that expects texts, not a frame."""
        self.type_name: str = told["type"]

    def predict(self, frame: pd.DataFrame) -> Predictions:
        """Predict for ``frame``, which holds exactly the features, in the schema's order.

        Raises ``PackageError`` for an exception of the model and for an invalid result.
        """
        specs, columns = encode_frame(frame)
        header = {
            "verb": "predict",
            "model": self._number,
            "specs": [spec.as_json() for spec in specs],
            "columns": columns.described,
            "rows": columns.rows,
        }
        return decode_predictions(self._host.ask(Message(header, columns.buffers)))


def _reported(error: Mapping[str, Any]) -> PackageError:
    message, hint = error["message"], error["hint"]
    if error["missing_key"] is not None:
        return RecipeKeyError(message, hint, error["missing_key"])
    kind = UsageError if error["exit_code"] == UsageError.exit_code else PackageError
    return kind(message, hint)
