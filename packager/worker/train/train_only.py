"""Columns that ``train`` gets but the model doesn't, such as sample weights."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from packager.errors import PackageError
from packager.model.hosted import ProjectCodeError


def with_train_only(
    train: Callable[[Sequence[str]], None],
    features: Sequence[str],
    train_only: Sequence[str],
    excluded: Collection[str],
) -> None:
    """Call ``train`` with the features and the columns of ``train_only`` after them.

    A recipe that fails with a ``KeyError`` for an excluded column is called again with that column,
    with a message on stderr; the model still predicts from the features alone.
    """
    names = [*features, *train_only]
    while True:
        try:
            return train(names)
        except ProjectCodeError as error:
            if error.key is None or error.key not in excluded or error.key in names:
                raise
            key = error.key
        sys.stderr.write(
            f"train reads the excluded column {key!r}: the recipe gets it, the model does not; "
            f"declare it with train_only = [...] under [data]\n"
        )
        names.append(key)


@contextmanager
def without_train_only(train_only: Collection[str]) -> Iterator[None]:
    """Within the block, add a hint to errors that name a column of ``train_only``."""
    try:
        yield
    except PackageError as error:
        fitted = [name for name in train_only if name in error.message]
        if not fitted:
            raise
        raise PackageError(
            error.message,
            f"only train gets {fitted[0]!r}: fit the model on features.drop(columns={fitted})",
        ) from error
