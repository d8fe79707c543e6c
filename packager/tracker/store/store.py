"""A store of issues: transactions that write, and snapshots that read."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from packager.tracker.store.reader import StoreReader
from packager.tracker.store.writer import Writer


class Store(Protocol):
    """Safe to use from several threads and processes; each call can raise ``StoreError``."""

    def write(self) -> AbstractContextManager[Writer]:
        """One transaction: all of it is kept, or nothing; it waits for other writers."""

    def read(self) -> AbstractContextManager[StoreReader]:
        """A consistent view; it waits for no writer."""

    def upkeep(self) -> None:
        """Periodic maintenance of the database; waits for no reader for long."""

    def backup(self, target: Path) -> None:
        """Write a consistent copy to ``target``, while others read and write."""

    def close(self) -> None:
        """Close all connections."""
