"""Start of the process of a member, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from socket import socket, socketpair

from modelhost.errors import EXIT_OUT_OF_MEMORY
from modelhost.parent_process import own_id
from modelhost.sandbox.network import is_network_refused
from modelhost.solution.spec import MEMBERS

CLOSED = "closed its connection"


def started(name: str, code: Path) -> tuple[subprocess.Popen[bytes], socket]:
    """The process of the member ``name``, whose code is in ``code``, and the connection with it.

    Raises ``OSError``.
    """
    ours, theirs = socketpair()
    with theirs:
        python = member_python(name)
        process = subprocess.Popen(
            [python, "-m", "modelhost", "work"],
            env={**_variables(code, python), **own_id(), "MODELHOST_FD": str(theirs.fileno())},
            cwd=str(code),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return process, ours


def member_python(name: str) -> str:
    """The interpreter of a member's environment, which lies beside that of the flow.

    Elsewhere than in an image there may be one environment for all.
    """
    own = Path(sys.prefix).parent / MEMBERS / name / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def _variables(code: Path, python: str) -> dict[str, str]:
    """The flow's variables, with the member's programs and code in place of the flow's."""
    host = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([host, str(code), str(code / "src")])
    network = "off" if is_network_refused() else "on"
    programs = os.pathsep.join([os.path.dirname(python), os.environ.get("PATH") or os.defpath])
    return {
        **os.environ,
        "PATH": programs,
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",  # the next start would refuse files that no manifest names
        "MODELHOST_NETWORK": network,
    }


def close_at_end(process: subprocess.Popen[bytes], stop: int) -> None:
    """Close ``stop`` when the process has ended: a child of it may keep the connection open."""
    process.wait()
    os.close(stop)


def ending(code: int) -> str:
    """End of a process with this exit code; negative: by a signal."""
    if code == EXIT_OUT_OF_MEMORY:
        return f"ended with exit code {code}: its model ran out of memory"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"ended with signal {signal.Signals(-code).name}"
    except ValueError:
        return f"ended with signal {-code}"


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process has ended, however it is waited for; ``poll`` doesn't say meanwhile."""
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    try:
        return os.waitid(os.P_PID, process.pid, flags) is not None
    except ChildProcessError:  # another thread has waited for it
        return True


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def how_it_ends(process: subprocess.Popen[bytes], seconds: float) -> str:
    """End of a process by itself that has closed its connection; else that it has closed it."""
    try:
        return ending(process.wait(seconds))
    except subprocess.TimeoutExpired:
        return CLOSED
