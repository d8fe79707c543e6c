"""The members of a solution as its metrics describe them: bins of their predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

from modelhost.solution.prediction_bins import PredictionBins
from modelhost.solution.spec import NULL, MemberSpec, SolutionSpec, member_folder
from modelhost.solution.usage import DURATIONS
from monitoring.metrics.members import MAX_BINS, MeasuredMember, MeasuredMembers
from monitoring.profile.profile import PREDICTION, FeatureProfile, Profile
from packager.errors import PackageError
from packager.model.paths import Root

OTHER = "other"
COUNTED = ("label", "number", "score")
"""Kinds of outputs whose answers have bins."""


@dataclass(frozen=True)
class MemberProfile:
    """One member."""

    name: str
    optional: bool
    """Whether the flow does without it (``on_error = "null"``)."""
    measured: MeasuredMember
    bins: PredictionBins | None
    """None if its predictions are not counted."""

    @classmethod
    def of(cls, spec: MemberSpec, profile: Profile | None) -> Self:
        """From its own package's profile."""
        optional = spec.on_error == NULL
        feature, output = _prediction(spec, profile)
        if feature is None:
            return cls(spec.name, optional, MeasuredMember(spec.name), None)
        reduced = _numbers(feature) if feature.edges else _labels(feature)
        names, counts, bins = reduced
        bins = bins._replace(output=output)
        return cls(spec.name, optional, MeasuredMember(spec.name, names, counts), bins)


@dataclass(frozen=True)
class MemberProfiles:
    """The members of a package; none if it is no solution."""

    members: Sequence[MemberProfile] = ()

    @classmethod
    def load(cls, root: Root) -> Self:
        """The profiles of the solution below ``root``; raises ``PackageError``."""
        try:
            specs = SolutionSpec.load(root.model).members
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PackageError(
                f"{root.model}: expected a solution, got {type(error).__name__}: {error}",
                "build the package again",
            ) from error
        folders = {spec.name: Root(member_folder(root.model, spec.name)) for spec in specs}
        return cls([MemberProfile.of(spec, load_profile(folders[spec.name])) for spec in specs])

    @property
    def needed(self) -> frozenset[str]:
        """The names of those without which the flow can't answer."""
        return frozenset(member.name for member in self.members if not member.optional)

    def measured(self) -> MeasuredMembers:
        """For the metrics."""
        return MeasuredMembers([member.measured for member in self.members], DURATIONS)

    def bins(self) -> dict[str, Mapping[str, Any]]:
        """Member → ``PredictionBins`` as JSON, for the process of the flow."""
        return {
            member.name: member.bins.as_json() for member in self.members if member.bins is not None
        }


def load_profile(root: Root) -> Profile | None:
    """The reference profile for drift; None if the package has none."""
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


def _prediction(
    spec: MemberSpec, profile: Profile | None
) -> tuple[FeatureProfile | None, str | None]:
    """The first binned prediction; second, its output if there are several."""
    features = {one.name: one for one in profile.features} if profile else {}
    if not spec.outputs:
        return features.get(PREDICTION), None
    for output in spec.outputs:
        feature = features.get(f"{PREDICTION}.{output.name}")
        if feature is not None and feature.measure is None and output.kind in COUNTED:
            return feature, output.name if len(spec.outputs) > 1 else None
    return None, None


def _numbers(feature: FeatureProfile) -> tuple[list[str], list[int], PredictionBins]:
    """At most ``MAX_BINS`` bins: neighbours with the fewest rows are one."""
    edges, counts = list(feature.edges), list(feature.counts)
    while len(counts) > MAX_BINS:
        index = int(np.argmin(np.add(counts[:-1], counts[1:])))
        counts[index : index + 2] = [counts[index] + counts[index + 1]]
        del edges[index]
    texts = [f"{edge:.6g}" for edge in edges]
    if len(set(texts)) < len(texts):
        texts = [repr(edge) for edge in edges]
    inner = [f"{low} to {high}" for low, high in pairwise(texts)]
    names = [f"< {texts[0]}", *inner, f">= {texts[-1]}"]
    return names, counts, PredictionBins(len(counts), tuple(edges), {}, None)


def _labels(feature: FeatureProfile) -> tuple[list[str], list[int], PredictionBins]:
    """At most ``MAX_BINS`` bins: the labels with the most rows, and ``other``."""
    named = list(zip(feature.categories, feature.bins, feature.counts, strict=False))
    rest = sum(feature.counts[len(named) :])
    has_rest = len(feature.bins) > len(named)
    if len(feature.bins) > MAX_BINS:
        named.sort(key=lambda one: -one[2])
        rest, has_rest = rest + sum(count for _, _, count in named[MAX_BINS - 1 :]), True
        named = named[: MAX_BINS - 1]
    names, counts = [name for _, name, _ in named], [count for _, _, count in named]
    if has_rest:
        names, counts = [*names, OTHER], [*counts, rest]
    indices = {text: index for index, (text, _, _) in enumerate(named)}
    return names, counts, PredictionBins(len(counts), (), indices, None)
