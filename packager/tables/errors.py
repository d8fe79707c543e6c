"""Errors of deltalake, Arrow and the system about a table, as errors of this program."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pyarrow as pa
from deltalake.exceptions import CommitFailedError, DeltaError

from packager.errors import PackageError
from packager.location import Location

T = TypeVar("T")
MAX_ATTEMPTS = 5
_TREE = re.compile(r"\x1b\[[0-9;]*m|↳")


class ConflictError(PackageError):
    """Another writer committed first."""


class VacuumedError(PackageError):
    """The rows of a version were removed, by ``gc`` or by hand."""


@contextmanager
def translate_errors(location: Location) -> Iterator[None]:
    """Convert errors of deltalake, Arrow and the system to a ``PackageError``."""
    try:
        yield
    except CommitFailedError as error:
        raise ConflictError(
            f"{location}: another writer committed a version meanwhile",
            "nothing was lost and nothing was written; see `package data log`, and try again",
        ) from error
    except FileNotFoundError as error:
        raise VacuumedError(
            f"{location}: the rows of this version no longer exist: {first_line(error)}",
            "they were removed by `package data gc`, or manually",
        ) from error
    except (DeltaError, pa.ArrowException, OSError, OverflowError) as error:
        raise PackageError(
            f"{location}: {first_line(error)}",
            "check that you may write there, and that the disk has room",
        ) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of deltalake; it is not an Exception
            raise
        raise PackageError(
            f"{location}: can't be read: {first_line(error)}",
            "its log is damaged: restore it from a copy of the table",
        ) from error


def retried(work: Callable[[], T]) -> T:
    """The result of ``work``, retried if another writer commits in between: at most 5 attempts.

    ``work`` must open the table itself. Raises the last ``ConflictError`` or ``VacuumedError``.
    """
    for attempt in range(1, MAX_ATTEMPTS):
        try:
            return work()
        except (ConflictError, VacuumedError):  # the version is no longer the latest
            # Random, so that writers don't collide again.
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
    return work()


def first_line(error: BaseException) -> str:
    """An error in one line: its first, and the causes that an object store lists in others."""
    first, *rest = str(error).strip().splitlines() or [""]
    causes = [_TREE.sub("", line).strip() for line in rest if "↳" in line]
    plain = [cause for cause in causes if not cause.startswith("<")]
    return ": ".join([first.strip(), *plain])[:400]
