"""An open package and its process, shared by the threads of one Python process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pyarrow as pa

from packager.engine.engine import Engine
from packager.image.reference import Reference
from packager.scoring.table_session import TableSession

_INHERITED: list[ExitStack] = []
"""Of a forked process: what its parent has open, which only the parent may close."""

_SHARED: dict[tuple[Any, ...], PackageSession] = {}
"""Of copies that were pickled: what they ask, with the root of the package."""


class PackageSession:
    """An open package: opened at the first use, and again in each forked process."""

    def __init__(
        self, opening: Callable[[], AbstractContextManager[tuple[Reference, Engine | None]]]
    ) -> None:
        """``opening``: opens the package, and gives the engine to run it on."""
        self._opening = opening
        self._package: tuple[Reference, Engine | None] | None = None
        self._tables: TableSession | None = None
        self._begin()

    @property
    def root(self) -> str | None:
        """The root of the package; None while it is closed."""
        return None if self._package is None else self._package[0].manifest.root

    def shared(self, key: tuple[Any, ...]) -> PackageSession:
        """This one, or that which an earlier copy with the same key has in this process.

        A pool of processes gets a copy with each task, and would start a package for each.
        """
        return _SHARED.setdefault(key, self)

    def reference(self) -> Reference:
        """The open package."""
        return self._opened()[0]

    def answers(self, table: pa.Table) -> pa.Table:
        """The answers to the rows of ``table``, of one thread at a time; raises ``PackageError``.

        A call that fails or is interrupted ends the process, as it may have left an answer in the
        stream; the next one starts another.
        """
        self._leave_parent()
        with self._lock:
            if self._tables is None:
                self._tables = self._started()
            try:
                return self._tables(table)
            except BaseException:
                self._tables = None
                self._running.close()
                raise

    def close(self) -> None:
        """End the package's process; the next use starts another."""
        self._leave_parent()
        with self._lock:
            open_stack = self._stack
            self._begin()
            open_stack.close()

    def _started(self) -> TableSession:
        session = TableSession(*self._opened())
        self._running = self._stack.enter_context(ExitStack())
        return self._running.enter_context(session)

    def _opened(self) -> tuple[Reference, Engine | None]:
        self._leave_parent()
        with self._lock:
            if self._package is None:
                self._package = self._stack.enter_context(self._opening())
            return self._package

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._stack = ExitStack()
        self._running = ExitStack()
        self._package = self._tables = None

    def _leave_parent(self) -> None:
        """Reset a forked process: two writers of one stream would mix their messages."""
        if self._process != os.getpid():
            _INHERITED.append(self._stack)
            self._begin()
