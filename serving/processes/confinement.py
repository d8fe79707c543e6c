"""Restrictions of a model process: set in it before its program starts, and never removed."""

from __future__ import annotations

import ctypes
import resource
from dataclasses import dataclass
from pathlib import Path

from modelhost.sandbox.kernel import close_files, close_network

THREAD_STACKS = 256 << 20
"""Bytes beyond the limit: stacks of threads count as memory whether they are used or not."""
_DROP_CAPABILITY = 24  # of linux/prctl.h
_KEPT_CAPABILITIES = (1, 2)
"""To read files of other users, which Landlock limits to those of the package."""
_MAX_CAPABILITIES = 64


@dataclass(frozen=True)
class ModelConfinement:
    """Files, network and memory of a model process, as far as the kernel can restrict them."""

    root: Path
    """Folders below it can be listed."""
    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    network: bool
    """Whether it may use the network."""
    memory: int | None
    """Bytes; a larger allocation fails. The supervisor also ends a process that uses more."""

    def __call__(self) -> None:
        """Restrict this process and all that it starts."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold rows
        if self.memory is not None:
            limit = self.memory + THREAD_STACKS
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        if not self.network:
            close_network()
        close_files(
            self.root,
            [*self.readable],
            [*self.writable],
            contained=False,
            network=self.network,
        )
        _drop_capabilities()


def _drop_capabilities() -> None:
    """Take them from the program that starts: with them, root reads the memory of the server."""
    prctl = ctypes.CDLL(None).prctl
    for capability in range(_MAX_CAPABILITIES):
        if capability not in _KEPT_CAPABILITIES:
            prctl(_DROP_CAPABILITY, capability, 0, 0, 0)  # fails for a user who has none
