"""A process of a package that answers a stream of messages: in a container, or on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

from modelhost.sandbox.network import ISOLATION
from modelhost.wire import Message, WireError
from packager.engine.engine import Engine
from packager.engine.job import ContainerJob
from packager.errors import PackageError, UsageError
from packager.exit_reason import (
    LAST_WORDS_SECONDS,
    MAX_LINES,
    ExitReason,
    killed_for_memory,
    kills_for_memory,
    relay,
)
from packager.image.reference import Reference
from packager.image.runtime import VENV
from packager.model.message_pipe import MessagePipe
from packager.progress import Progress
from packager.runners.confined import confined
from packager.runners.local import UnpackedPackage, check_host, unpacked_package
from packager.runners.runner import START_VARIABLES

MODULE = "serving.scoring"
_SILENT = "No module named"


class PackageStream:
    """Requests to a package's process, and its answers in their order.

    One thread may send while another receives.
    """

    def __init__(
        self,
        pipe: MessagePipe,
        lines: Sequence[str],
        ended: Callable[[], ExitReason | None] = lambda: None,
    ) -> None:
        """``lines``: the last lines of stderr; ``ended``: how the process ended, if known."""
        self._pipe, self._said, self._ended = pipe, lines, ended

    def send(self, request: Message) -> None:
        """Send a request; a process that ended is reported by ``receive``."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe.send(request)

    def receive(self) -> Message:
        """The next answer; raises the ``PackageError`` that the process reports, or of its end."""
        try:
            answer = self._pipe.receive()
        except (OSError, WireError):
            answer = None
        if answer is None:
            raise self._end()
        error = answer.header.get("error")
        if error is not None:
            kind = UsageError if error["exit_code"] == UsageError.exit_code else PackageError
            raise kind(error["message"], error["hint"])
        return answer

    def finish(self) -> None:
        """Say that there are no further requests."""
        self._pipe.end()

    def _end(self) -> PackageError:
        ended = self._ended()
        lines = tuple(self._said)
        if any(_SILENT in line and MODULE in line for line in lines):
            return PackageError(
                "the package has no program that answers a table in blocks: it was built by an "
                "earlier version of this program",
                "build it again, or use `package predict`",
            )
        if ended is not None:
            return PackageError(f"the package's process ended with {ended.reason}", ended.hint)
        last = "; its last lines:\n  " + "\n  ".join(lines) if lines else "; it printed nothing"
        return PackageError(
            "the package's process ended before it had answered",
            f"it may have run out of memory, or was killed{last}",
        )


@contextmanager
def package_stream(
    reference: Reference, engine: Engine | None, progress: Progress
) -> Iterator[PackageStream]:
    """The stream of a package: in a container if there is an ``engine``, else in a process.

    Without network and confined as ``package predict``; ended after the block.
    """
    if engine is not None:
        image = reference.in_engine(engine, progress)
        command = [f"/{VENV}/bin/python", "-m", MODULE]
        variables = {**START_VARIABLES, ISOLATION: "container"}
        lines: deque[str] = deque(maxlen=MAX_LINES)
        job = ContainerJob(image, command, variables, doing="scoring")

        def told(line: str) -> None:
            lines.append(line)
            progress.output(line)

        with engine.conversation(job, told) as ends, closing(MessagePipe(*ends)) as pipe:
            yield PackageStream(pipe, lines)
        return
    lock = reference.lock()
    check_host(lock.python, lock.platform)
    with unpacked_package(reference.image(base=False).layers) as root:
        yield from _local(root, progress)


def _local(root: UnpackedPackage, progress: Progress) -> Iterator[PackageStream]:
    (root.path / "work").mkdir()
    variables = {**root.variables(), **START_VARIABLES, ISOLATION: "process"}
    command = [str(root.python), "-m", MODULE]
    with tempfile.TemporaryFile() as report:
        paths = (root.path, root.readable(), root.writable(), report.fileno())
        process = _started(confined(command, *paths), root, variables, report.fileno())
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    pipe = MessagePipe(os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno()))
    process.stdin.close()
    process.stdout.close()
    texts: deque[str] = deque(maxlen=MAX_LINES)
    owner = os.getpid()
    kills = kills_for_memory()

    def ended() -> ExitReason | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(1.0)
            reader.join(LAST_WORDS_SECONDS)
            return ExitReason(code, killed_for_memory(code, kills), tuple(texts))
        return None

    lines = open(process.stderr.fileno(), encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    reader = threading.Thread(target=relay, args=(lines, texts, progress.output), daemon=True)
    reader.start()
    try:
        yield PackageStream(pipe, texts, ended)
    finally:
        pipe.close()
        if os.getpid() == owner:  # not a fork of the caller, which the process does not belong to
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join(LAST_WORDS_SECONDS)
        process.stderr.close()


def _started(
    command: Sequence[str], root: UnpackedPackage, variables: dict[str, str], report: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd=root.path / "code",
        env=variables,
        pass_fds=[report],
    )
