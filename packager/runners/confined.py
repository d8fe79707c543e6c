"""Apply kernel restrictions before the first line of a package's Python code runs.

Python runs ``sitecustomize.py``, ``.pth`` files and modules that shadow the standard library while
it starts, before the worker can restrict itself. So an interpreter of this installation, which
reads no file of the package, restricts itself first and then executes the package's interpreter.
The worker later adds further restrictions; none can be lifted.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import packager
from modelhost.sandbox.kernel import close_files, close_network, described
from packager.environment.programs import isolated_python
from packager.runners.process_tree import run_alone

_START = (
    "import sys; sys.path.append(sys.argv[1]); from packager.runners.confined import main; main()"
)


def confined(
    command: Sequence[str],
    listed: Path,
    readable: Sequence[Path],
    writable: Sequence[Path],
    report: int,
    *,
    alone: bool = False,
) -> list[str]:
    """The command that runs ``command`` without a network and with access to these files only.

    The interpreter and the paths in ``kernel.SYSTEM_READ`` are also readable. ``listed``: a folder
    that can be listed. Restrictions that the kernel does not offer are omitted. Before any code of
    the package runs, the measures in force are written to the file descriptor ``report`` as JSON
    (``kernel.described``); the command does not inherit it. ``alone``: no process that it starts
    outlives it, and its shared memory is its own (``process_tree``).
    """
    if sys.platform != "linux":
        os.write(report, json.dumps(described(contained=False)).encode())
        return list(command)
    paths = [str(listed), [str(path) for path in readable], [str(path) for path in writable]]
    installed = str(Path(packager.__file__).resolve().parents[1])
    start = isolated_python("-S", "-c", _START, installed)
    return [*start, json.dumps([*paths, report, alone]), *command]


def main() -> None:
    """Restrict this process with the arguments from ``confined``, and execute its command."""
    listed, readable, writable, report, alone = json.loads(sys.argv[2])

    def run(shared_memory: bool) -> None:
        _restrict(listed, readable, writable, report, shared_memory=shared_memory)
        os.execve(sys.argv[3], sys.argv[3:], os.environ)

    if alone:
        run_alone(run)
    run(True)


def _restrict(
    listed: str, readable: list[str], writable: list[str], report: int, *, shared_memory: bool
) -> None:
    interpreter = [sys.base_prefix, sys.base_exec_prefix]
    close_network()
    close_files(
        Path(listed),
        [Path(path) for path in (*readable, *interpreter) if path != "/"],
        [Path(path) for path in writable],
        contained=False,
        shared_memory=shared_memory,
    )
    os.write(report, json.dumps(described(contained=False)).encode())
    os.close(report)
