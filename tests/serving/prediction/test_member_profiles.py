from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from modelhost.output_spec import OutputSpec
from modelhost.solution.spec import FILE, SolutionSpec, member_folder
from monitoring.metrics.members import MAX_BINS
from monitoring.profile.profile import FeatureProfile, Profile
from monitoring.stats.binning import prediction_features
from packager.errors import PackageError
from packager.model.paths import Root
from serving.prediction.member_profiles import MemberProfile, MemberProfiles
from tests.support.solution_samples import member_spec, write_solution


def profile_of(*features: FeatureProfile) -> Profile:
    return Profile(rows=100, features=features, left_out=())


def test_numbers_have_at_most_eight_bins_that_hold_all_rows() -> None:
    answers = [float(n) for n in range(100)]
    (feature,) = prediction_features(answers, None, regression=True)
    assert len(feature.bins) > MAX_BINS
    found = MemberProfile.of(member_spec("price"), profile_of(feature))
    assert found.bins is not None
    assert len(found.measured.bins) == found.bins.size == MAX_BINS
    assert list(found.measured.reference) == found.bins.counts(answers)
    assert sum(found.measured.reference) == 100
    assert found.measured.bins[0] == f"< {found.bins.edges[0]:.6g}"
    assert found.measured.bins[-1] == f">= {found.bins.edges[-1]:.6g}"


@pytest.mark.parametrize("classes", [2, 7, 8, 10, 40])
def test_labels_have_at_most_eight_bins_and_the_rest_is_other(classes: int) -> None:
    answers = [f"c{n % classes}" for n in range(classes * 10)] + ["c0"] * 40
    (feature,) = prediction_features(answers, None, regression=False)
    spec = member_spec("kind", task="classification")
    found = MemberProfile.of(spec, profile_of(feature))
    assert found.bins is not None
    assert len(found.measured.bins) == found.bins.size <= MAX_BINS
    assert list(found.measured.reference) == found.bins.counts(answers)
    assert sum(found.measured.reference) == len(answers)
    assert "c0" in found.measured.bins
    assert ("other" in found.measured.bins) == (classes > MAX_BINS)


def test_the_first_output_with_bins_is_counted() -> None:
    (feature,) = prediction_features([1.0, 2.0] * 50, None, regression=True)
    named = feature.model_copy(update={"name": "__prediction__.price"})
    outputs = (OutputSpec("tags", "labels"), OutputSpec("price", "number"))
    spec = member_spec("both", task="outputs", outputs=outputs)
    found = MemberProfile.of(spec, profile_of(named))
    assert found.bins is not None
    assert found.bins.output == "price"
    alone = MemberProfile.of(spec._replace(outputs=outputs[1:]), profile_of(named))
    assert alone.bins is not None
    assert alone.bins.output is None
    assert MemberProfile.of(spec._replace(outputs=outputs[:1]), profile_of(named)).bins is None


def test_a_solution_has_its_members_and_knows_which_are_needed(tmp_path: Path) -> None:
    members = (member_spec("price"), member_spec("text", on_error="null"))
    model = write_solution(tmp_path / "models", [(one, {"scale": 1}) for one in members])
    package = member_folder(model, "price") / "package"
    package.mkdir()
    (feature,) = prediction_features([1.0, 2.0] * 50, None, regression=True)
    (package / "profile.json").write_text(profile_of(feature).model_dump_json())
    found = MemberProfiles.load(Root(tmp_path))
    assert found.needed == {"price"}
    assert [*found.bins()] == ["price"]
    assert [one.name for one in found.measured().members] == ["price", "text"]
    (package / "profile.json").write_text("{}")
    with pytest.raises(PackageError, match="expected a profile, got"):
        MemberProfiles.load(Root(tmp_path))


def test_a_damaged_solution_is_an_error(tmp_path: Path) -> None:
    model = tmp_path / "models" / "model"
    model.mkdir(parents=True)
    for text in ("", "[]", "{}", SolutionSpec("f:run", ()).as_json().replace("members", "m")):
        (model / FILE).write_text(text)
        with pytest.raises(PackageError, match="expected a solution, got"):
            MemberProfiles.load(Root(tmp_path))


def test_a_package_that_is_none_has_no_members() -> None:
    none = MemberProfiles()
    assert none.needed == frozenset()
    assert none.bins() == {}
    assert pd.Series(none.measured().members).empty
