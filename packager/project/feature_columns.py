"""The feature columns of a project's data."""

from __future__ import annotations

from collections.abc import Sequence

from packager.project.config import Project


def feature_columns(project: Project, present: Sequence[str]) -> list[str]:
    """The features among the columns ``present`` of the data, in their order."""
    data = project.data
    if data is None:
        return []
    other = {*project.targets, *data.exclude, *data.train_only, *keys_and_truths(project)}
    return [n for n in present if n not in other and (not data.include or n in data.include)]


def keys_and_truths(project: Project) -> list[str]:
    """Columns that no other key excludes: keys, and right answers of a solution's members."""
    data = project.data
    if data is None or data.include:
        return []
    truths = [one.truth for one in project.member if one.truth is not None]
    others = (*data.exclude, *data.train_only, *project.targets)
    return [name for name in dict.fromkeys((*data.key, *truths)) if name not in others]
