"""What a predictor takes from a package's manifest and files, besides the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitoring.metrics.reference import Baseline
from monitoring.profile.profile import Profile
from monitoring.slices.clock import DatetimeUnit
from monitoring.slices.row_membership import RowMembership
from monitoring.slices.slices import ALL, SliceSet
from packager.data.rows.request_rows import RowChecker
from packager.errors import PackageError
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Manifest
from packager.model.paths import Root


def column_names(manifest: Manifest) -> list[str]:
    """The columns of a request, in the order of a row: features, then extras."""
    return [column.name for column in (*manifest.schema_.features, *manifest.schema_.extras)]


def names_without_personal(manifest: Manifest) -> list[str | None]:
    """``column_names``, with None for columns of personal data, of which no value is logged."""
    columns = (*manifest.schema_.features, *manifest.schema_.extras)
    return [None if column.personal else column.name for column in columns]


def column_clocks(manifest: Manifest) -> dict[str, DatetimeUnit]:
    """How the values of datetime columns count."""
    columns = (*manifest.schema_.features, *manifest.schema_.extras)
    return {c.name: DatetimeUnit.of_dtype(c.dtype) for c in columns if c.kind == "datetime"}


def load_golden(root: Root) -> Golden | None:
    """The golden rows; None where the package has none."""
    path = root.package / "golden.json"
    return Golden.load(path) if path.exists() else None


def load_profile(root: Root) -> Profile | None:
    """The profile that drift is measured against; None where the package has none."""
    path = root.package / "profile.json"
    if not path.exists():
        return None
    try:
        return Profile.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise PackageError(
            f"{path}: expected a profile, got {error}",
            "the package is damaged or was made by another version of this program",
        ) from error


def load_slices(
    manifest: Manifest,
    checker: RowChecker,
    names: Sequence[str],
    clocks: Mapping[str, DatetimeUnit],
) -> tuple[SliceSet, RowMembership]:
    """The slices, and which of them a row of ``names`` is in.

    Raises ``PackageError`` for a rule that does not fit the columns of ``checker``.
    """
    try:
        slices = SliceSet(manifest.slices.columns, manifest.slices.rules)
        slices.check(dict(checker.check([]).frame.dtypes))
        return slices, slices.membership(names, clocks)
    except ValueError as error:
        raise PackageError(
            f"slices: expected slices of this package's columns, got {error}",
            "correct [slices] in package.toml and build it again",
        ) from error


def baseline_of(manifest: Manifest) -> Baseline:
    """The quality on held-out rows, by slice; empty where the package was not evaluated."""
    evaluation = manifest.evaluation
    if evaluation is None:
        return {}
    measured = {**evaluation.slices, ALL: evaluation.overall}
    metric = "accuracy" if manifest.task == "classification" else "mae"
    return {name: (found.values.get(metric), found.rows) for name, found in measured.items()}
