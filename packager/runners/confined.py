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

_START = (
    "import sys; sys.path.append(sys.argv[1]); from packager.runners.confined import main; main()"
)


def confined(
    command: Sequence[str],
    listed: Path,
    readable: Sequence[Path],
    writable: Sequence[Path],
    report: int,
) -> list[str]:
    """The command that runs ``command`` without a network and with access to these files only.

    The interpreter and the paths in ``kernel.SYSTEM_READ`` are also readable. ``listed``: a folder
    that can be listed. Restrictions that the kernel does not offer are omitted. Before any code of
    the package runs, the measures in force are written to the file descriptor ``report`` as JSON
    (``kernel.described``); the command does not inherit it.
    """
    if sys.platform != "linux":
        os.write(report, json.dumps(described(contained=False)).encode())
        return list(command)
    places = [str(listed), [str(path) for path in readable], [str(path) for path in writable]]
    installed = str(Path(packager.__file__).resolve().parents[1])
    start = isolated_python("-S", "-c", _START, installed)
    return [*start, json.dumps([*places, report]), *command]


def main() -> None:
    """Restrict this process with the arguments from ``confined``, and execute its command."""
    places, command = sys.argv[2], sys.argv[3:]
    listed, readable, writable, report = json.loads(places)
    interpreter = [sys.base_prefix, sys.base_exec_prefix]
    close_network()
    close_files(
        Path(listed),
        [Path(place) for place in (*readable, *interpreter) if place != "/"],
        [Path(place) for place in writable],
        contained=False,
    )
    os.write(report, json.dumps(described(contained=False)).encode())
    os.close(report)
    os.execve(command[0], command, os.environ)
