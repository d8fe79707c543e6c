"""Columns of personal data: detected and reported at the build; their values are not recorded.

The model and its predictions are unchanged. The values, range and bins of these columns are left
out of the schema and the profile, and so of all that is derived from these: ``/schema``, ``/docs``,
``/package``, ``/metrics``, dashboards, reports.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from modelhost.text import display_value
from packager.data.personal import personal_kind
from packager.errors import UsageError
from packager.manifest.manifest import Column, Schema
from packager.manifest.personal import Personal
from packager.worker.job import Job
from packager.worker.train.dataset import Dataset, slice_columns

ALLOW = "not_personal = [{}] under [data] of package.toml"


def personal_columns(dataset: Dataset, job: Job) -> dict[str, Personal]:
    """Column of a request → its kind of personal data; reports them on stderr.

    Raises ``UsageError`` for a declared name that is not a column, and if package.toml uses a
    personal column in slices, [test.fairness], [monitoring] include or as a category.
    """
    required = (*slice_columns(job), *job.test.fairness.columns)
    names = [*dataset.features, *dict.fromkeys(n for n in required if n not in dataset.features)]
    for key, column_names in (("personal", job.personal), ("not_personal", job.not_personal)):
        for name in column_names:
            if name not in dataset.train.columns:
                raise UsageError(
                    f"[data] {key}: expected a column of the data, got {display_value(name)}",
                    "check its spelling",
                )
    personal: dict[str, Personal] = {}
    for name in names:
        if name in job.not_personal:
            continue
        kind = personal_kind(name, dataset.train[name])
        if kind is None and name in job.personal:
            kind = "personal data"
        if kind is not None:
            personal[name] = kind
    _check_not_required(personal, job, dataset)
    _report_personal(personal, job)
    return personal


def without_values(schema: Schema, personal: Mapping[str, Personal]) -> Schema:
    """``schema`` with the kinds of ``personal`` and without the values of these columns."""

    def bare(columns: Sequence[Column]) -> tuple[Column, ...]:
        nothing = {"categories": None, "minimum": None, "maximum": None}
        return tuple(
            column.model_copy(update={**nothing, "personal": personal[column.name]})
            if column.name in personal
            else column
            for column in columns
        )

    return schema.model_copy(
        update={"features": bare(schema.features), "extras": bare(schema.extras)}
    )


def _check_not_required(personal: Mapping[str, Personal], job: Job, dataset: Dataset) -> None:
    for key, names in (
        ("[slices] columns", job.slices_columns),
        ("[test.fairness] columns", job.test.fairness.columns),
        ("[monitoring] include", job.monitoring_include),
    ):
        for name in names:
            if name in personal:
                raise UsageError(
                    f"{key}: expected no personal data, got {name!r}, which looks like "
                    f"{personal[name]}: its values would be shown in metrics and reports",
                    f"leave it out, or set {ALLOW.format(repr(name))}",
                )
    for name, kind in personal.items():
        if str(dataset.train[name].dtype) == "category":
            raise UsageError(
                f"[data]: {name!r} looks like {kind} and has the dtype category, whose values "
                "would be shown in the manifest",
                f'exclude it, set dtypes = {{ {name!r} = "string" }} under [data.read], or '
                f"{ALLOW.format(repr(name))}",
            )


def _report_personal(personal: Mapping[str, Personal], job: Job) -> None:
    for name, kind in personal.items():
        looks = "is" if name in job.personal else "looks like"
        sys.stderr.write(
            f"personal data: {display_value(name)} {looks} {kind}: the package shows none of its "
            f"values; to show them, set {ALLOW.format(display_value(name))}\n"
        )
