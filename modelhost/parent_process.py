"""End this process when the process that started it ends, however early that is.

The kernel's signal is sent only for a parent that ends after it was asked for. So the starter gives
its process id, and a child whose parent is another by then ends at once.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

VARIABLE = "MODELHOST_PARENT"
"""Variable with the id of the process that starts a program, for ``end_with_starter``."""
_PARENT_ENDS = 1
"""``PR_SET_PDEATHSIG`` of Linux's prctl(2)."""


def end_with_parent(parent: int) -> None:
    """Have the kernel end this process with SIGKILL when the process ``parent`` ends.

    ``parent`` is the id that the parent read before it started this process, 0 if it is in another
    namespace. If it has ended already, this process ends here.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_ENDS, int(signal.SIGKILL), 0, 0, 0)
    if has_lost(parent):
        os.kill(os.getpid(), signal.SIGKILL)


def has_lost(parent: int) -> bool:
    """Whether ``parent``, which started this process, has ended."""
    return os.getppid() != parent


def own_id() -> dict[str, str]:
    """The variable by which a program that this process starts ends with it."""
    return {VARIABLE: str(os.getpid())}


def end_with_starter() -> None:
    """Call ``end_with_parent`` with the id in ``VARIABLE``, if the starter has set it."""
    parent = os.environ.pop(VARIABLE, "")
    if parent:
        end_with_parent(int(parent))
