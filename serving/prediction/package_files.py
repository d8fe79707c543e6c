"""A package's manifest and files for a predictor, except the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from monitoring.calendar_values import CalendarUnit
from monitoring.metrics.reference import MeasuredPackage
from monitoring.profile.profile import Profile
from monitoring.slices.clock import Clock, DatetimeUnit
from monitoring.slices.kinds import kind_of_column
from monitoring.slices.row_membership import RowMembership
from monitoring.slices.slices import SliceSet
from packager.data.rows.extra_columns import ExtraColumns
from packager.data.rows.request_rows import RowChecker
from packager.errors import PackageError
from packager.manifest.evaluation import Golden
from packager.manifest.labelled_outputs import labelled_outputs
from packager.manifest.manifest import Manifest
from packager.manifest.slice_baselines import SliceBaselines
from packager.model.compiled.model import CompiledModel, load_compiled
from packager.model.golden_answers import FILE as GOLDEN_CASES
from packager.model.golden_answers import GoldenCases
from packager.model.paths import Root
from packager.model.proof_rows import load_proof_rows
from serving.prediction.member_profiles import MemberProfiles, load_profile
from serving.prediction.model_parts import HostedParts
from serving.prediction.package_baseline import baseline_of, load_baselines, output_baselines
from serving.prediction.served_platform import UNNAMED, ServedPlatform


@dataclass(frozen=True)
class PackageFiles:
    """The files of a package, read, checked and prepared; all workers of a server share them."""

    manifest: Manifest
    names: list[str]
    """The columns of a row: features, then extras."""
    clocks: Mapping[str, Clock]
    profile: Profile | None
    baselines: SliceBaselines
    golden: Golden | None
    golden_cases: GoldenCases
    """The cases to be answered before the server is ready."""
    checker: RowChecker
    slices: SliceSet
    membership: RowMembership
    compiled: CompiledModel | None
    parts: HostedParts
    """Of the model, for ``compiled``; each worker binds them to its own connections."""
    members: MemberProfiles = field(default_factory=MemberProfiles)
    """Of a solution."""
    platform: ServedPlatform = UNNAMED
    proof_rows: Sequence[dict[str, Any]] = ()
    """Made-up rows, for a platform on which no build has compared the compiled form."""

    @classmethod
    def load(cls, manifest: Manifest, root: Root) -> Self:
        """Load all files; raise ``PackageError`` for one that can't be used."""
        described = manifest.schema_
        names, clocks = column_names(manifest), column_clocks(manifest)
        extra = ExtraColumns.of(manifest)
        checker = RowChecker(described, strict=manifest.serve.strict, extra=extra)
        slices, membership = load_slices(manifest, names, clocks)
        parts = HostedParts()
        return cls(
            manifest,
            names,
            clocks,
            load_profile(root),
            load_baselines(root),
            load_golden(root),
            load_golden_cases(root),
            checker,
            slices,
            membership,
            load_compiled(root, described, manifest.task, parts),
            parts,
            MemberProfiles() if manifest.solution is None else MemberProfiles.load(root),
            (platform := ServedPlatform.of(manifest, root)),
            _proof_rows(root) if platform.proved_on is None else (),
        )

    def measured_package(self) -> MeasuredPackage:
        """The package as its metrics describe it."""
        manifest = self.manifest
        outputs = labelled_outputs(manifest.schema_.outputs)
        classes = (manifest.schema_.classes or ()) if manifest.task == "classification" else None
        return MeasuredPackage(
            manifest.name,
            manifest.tag,
            digest=manifest.root,
            profile=self.profile,
            slices=self.slices.names,
            classes=classes,
            baseline=baseline_of(manifest, self.baselines),
            outputs=outputs,
            output_baseline=output_baselines(outputs, manifest, self.baselines),
            design_effect=self.baselines.design_effect,
            optional=[c.name for c in manifest.schema_.features if c.default is not None],
            members=self.members.measured(),
            platform=self.platform.name,
            proved_on=self.platform.proved_on or "nothing",
        )


def column_names(manifest: Manifest) -> list[str]:
    """The columns of a request, in the order of a row: features, then extras."""
    return [column.name for column in (*manifest.schema_.features, *manifest.schema_.extras)]


def names_without_personal(manifest: Manifest) -> list[str | None]:
    """``column_names``, with None for personal columns, whose values are never logged."""
    columns = (*manifest.schema_.features, *manifest.schema_.extras)
    return [None if column.personal else column.name for column in columns]


def column_clocks(manifest: Manifest) -> dict[str, Clock]:
    """The unit of the values of each column of datetimes, dates, times of day or decimals."""
    columns = (*manifest.schema_.features, *manifest.schema_.extras)
    clocks: dict[str, Clock] = {}
    for column in columns:
        if column.kind == "datetime":
            clocks[column.name] = DatetimeUnit.of_dtype(column.dtype)
        elif column.kind == "date" or column.kind == "time" or column.kind == "decimal":
            clocks[column.name] = CalendarUnit(column.kind)
    return clocks


def _proof_rows(root: Root) -> tuple[dict[str, Any], ...]:
    golden = load_golden(root)
    return (*(golden.rows if golden else ()), *load_proof_rows(root).rows)


def load_golden(root: Root) -> Golden | None:
    """The golden rows; None if the package has none."""
    path = root.package / "golden.json"
    return Golden.load(path) if path.exists() else None


def load_golden_cases(root: Root) -> GoldenCases:
    """The golden cases of package.toml; none if the package has none."""
    path = root.package / GOLDEN_CASES
    return GoldenCases.load(path) if path.exists() else GoldenCases()


def load_slices(
    manifest: Manifest,
    names: Sequence[str],
    clocks: Mapping[str, Clock],
) -> tuple[SliceSet, RowMembership]:
    """The slices, and their membership test for rows with the columns ``names``.

    Raises ``PackageError`` for a rule that doesn't fit the columns of the package.
    """
    try:
        slices = SliceSet(manifest.slices.columns, manifest.slices.rules)
        columns = (*manifest.schema_.features, *manifest.schema_.extras)
        slices.check_kinds({c.name: kind_of_column(c.kind, c.dtype, c.categories) for c in columns})
        return slices, slices.membership(names, clocks)
    except ValueError as error:
        raise PackageError(
            f"slices: expected slices of this package's columns, got {error}",
            "correct [slices] in package.toml and build it again",
        ) from error
