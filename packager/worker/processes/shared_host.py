"""A process of the model host that steps with the same confinement use one after another.

Each step loads the model anew, from its files; what is saved is the import of the libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from packager.errors import PackageError
from packager.model.hosted import HostCommand, ModelHost, discard, show


@dataclass
class SharedHost:
    """Lends a process; starts another if the one before has ended, or its output is not readable.

    Use it in a ``with`` block, which ends the process.
    """

    command: HostCommand
    _idle: ModelHost | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        host, self._idle = self._idle, None
        if host is not None:
            host.close()

    def start(self) -> None:
        """Start a process ahead of its use: it imports NumPy and pandas meanwhile."""
        if self._idle is None:
            self._idle = ModelHost(self.command, discard)

    @contextmanager
    def lent(self, told: Callable[[str], object] = show) -> Iterator[ModelHost]:
        """A process without a loaded model, whose output ``told`` gets; an error ends it."""
        host = self.take(told)
        try:
            yield host
        except BaseException:
            host.close()
            raise
        self.give_back(host)

    def take(self, told: Callable[[str], object]) -> ModelHost:
        """As ``lent``; the caller closes it or gives it back."""
        host, self._idle = self._idle, None
        if host is None:
            return ModelHost(self.command, told)
        try:
            if host.hand_over(told):
                return host
        except PackageError:  # the step before has left it unusable: a new one takes its place
            pass
        host.close()
        return ModelHost(self.command, told)

    def give_back(self, host: ModelHost) -> None:
        """Keep ``host`` for the next step, unless it has ended."""
        if self._idle is None and host.running:
            self._idle = host
        else:
            host.close()
