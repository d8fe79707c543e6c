"""Transfers of several blobs at once, which end soon after one of them fails."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import IO, Any, TypeVar

from packager.errors import PackageError

AT_ONCE = 4
"""Blobs that are transferred at the same time."""
ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


def at_once(
    act: Callable[[ItemT, threading.Event], ResultT], items: Sequence[ItemT]
) -> Generator[ResultT, None, None]:
    """``act`` of each item in threads, in the order in which they finish; begins in that given.

    The first error is raised here, and sets the event that every ``act`` gets; so does a consumer
    that closes it. What has not begun by then is not done.
    """
    stopped = threading.Event()
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="registry")
    try:
        waiting = [pool.submit(act, one, stopped) for one in items]
        for done in as_completed(waiting):
            yield done.result()
    finally:
        stopped.set()
        pool.shutdown(wait=True, cancel_futures=True)


def check_running(stopped: threading.Event) -> None:
    """Raise ``PackageError`` once ``stopped`` is set."""
    if stopped.is_set():
        raise PackageError("stopped, because another transfer failed")


class StoppableFile(io.RawIOBase):
    """A seekable file that can't be read any more once ``stopped`` is set."""

    def __init__(self, file: IO[bytes], stopped: threading.Event) -> None:
        super().__init__()
        self._file, self._stopped = file, stopped

    def readable(self) -> bool:
        """See ``io.RawIOBase``."""
        return True

    def seekable(self) -> bool:
        """See ``io.RawIOBase``."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See ``io.RawIOBase``."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """See ``io.RawIOBase``."""
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        """See ``io.RawIOBase``."""
        check_running(self._stopped)
        try:
            content = self._file.read(len(buffer))
        except OSError as error:
            raise PackageError(
                f"a layer can't be read: {error}", "copy the package again"
            ) from error
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Close the file, too."""
        self._file.close()
        super().close()
