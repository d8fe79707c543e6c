"""Columns that ``train`` gets but the model doesn't, such as sample weights."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pandas as pd

from modelhost.recipe import call_recipe
from packager.errors import PackageError
from packager.manifest.manifest import Recipe


def with_train_only(
    recipe: Recipe,
    rows: pd.DataFrame,
    target: str,
    features: Sequence[str],
    train_only: Sequence[str],
    excluded: Collection[str],
) -> tuple[Any, ModuleType]:
    """Call the recipe with the features of ``rows`` and the columns of ``train_only`` after them.

    A recipe that fails with a ``KeyError`` for an excluded column is called again with that column,
    with a message on stderr; the model still predicts from the features alone.
    """
    names = [*features, *train_only]
    while True:
        try:
            given, labels = rows[names].copy(), rows[target].copy()
            return call_recipe(recipe.train, recipe.params, recipe.seed, given, labels)
        except PackageError as error:
            asked = _asked_for(error, [name for name in excluded if name not in names])
            if asked is None:
                raise
        sys.stderr.write(
            f"train reads the excluded column {asked!r}: the recipe gets it, the model does not; "
            f"declare it with train_only = [...] under [data]\n"
        )
        names.append(asked)


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


def _asked_for(error: PackageError, names: Collection[str]) -> str | None:
    """The absent column of a recipe's ``KeyError``, if it is one of ``names``; else None."""
    cause = error.__cause__
    if isinstance(cause, KeyError) and cause.args and isinstance(cause.args[0], str):
        return cause.args[0] if cause.args[0] in names else None
    return None
