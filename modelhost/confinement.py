"""Confine this process as its starter asks, before any code of the project runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from modelhost.directory_order import reverse_listings
from modelhost.sandbox.file_access import refuse_by_kernel, restrict_file_access
from modelhost.sandbox.kernel import AUDIT_HOOK_ONLY, close_network
from modelhost.sandbox.network import block_network, describe_isolation, isolation

VARIABLE = "MODELHOST_CONFINEMENT"
"""Variable with ``Confinement.as_json`` for a process of the model host."""


class Confinement(NamedTuple):
    """Limits of a process of the model host; it never has the network."""

    who: str
    """The subject of the errors: ``the recipe`` or ``the model``."""
    root: str
    """The folder of code, data and package (``MODEL_ROOT``)."""
    writable: tuple[str, ...] = ()
    """Folders that it may read and write, besides code and temporary folders."""
    readable: tuple[str, ...] = ()
    training: bool = False
    """Whether the package's recorded model and manifest are denied."""
    reverse: bool = False
    """Whether directory listings are reversed."""

    def as_json(self) -> str:
        """For ``VARIABLE``; ``Confinement.read`` is the inverse."""
        return json.dumps(self._asdict())

    @classmethod
    def read(cls, text: str) -> Confinement:
        """From ``as_json``."""
        settings: dict[str, Any] = json.loads(text)
        return cls(**settings)

    def apply(self) -> None:
        """Confine this process and all that it starts; it can't be undone."""
        block_network(self.who)
        restrict_file_access(
            Path(self.root),
            *map(Path, self.writable),
            readable=[Path(path) for path in self.readable],
            training=self.training,
        )
        if self.reverse:
            reverse_listings()

    def apply_by_kernel(self) -> bool:
        """Have the kernel confine this process, and leave Python's hooks to those it forks.

        False if the kernel restricts neither network nor files, or only one of them.
        """
        if isolation() == "process":
            close_network()
        readable = [Path(path) for path in self.readable]
        refuse_by_kernel(Path(self.root), *map(Path, self.writable), readable=readable)
        return AUDIT_HOOK_ONLY not in describe_isolation().values()


def confine_by_kernel() -> bool:
    """Apply the confinement that ``VARIABLE`` holds, if any, without a hook; whether it holds."""
    text = os.environ.pop(VARIABLE, "")
    return not text or Confinement.read(text).apply_by_kernel()


def confine_from_environment() -> None:
    """Apply the confinement that ``VARIABLE`` holds, if any."""
    text = os.environ.pop(VARIABLE, "")
    if text:
        Confinement.read(text).apply()
