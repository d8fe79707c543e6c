from __future__ import annotations

from pathlib import Path

import pytest
from serving_helpers import Package, diamonds, diamonds_schema, lay_out, make_manifest

from packager.errors import PackageError
from packager.manifest.manifest import Slices
from serving.prediction.predictor import Predictor
from serving.settings import Settings


def settings_of(root: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MODEL_ROOT", str(root))
    return Settings.from_environment({"MODEL_FEEDBACK": "off"})


def test_a_rule_that_cannot_be_applied_is_found_before_the_first_request(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slices = Slices(columns={}, rules={"odd": "color > 1"})
    manifest = make_manifest(diamonds_schema(diamonds()), slices=slices)
    lay_out(tmp_path, manifest)
    with pytest.raises(PackageError, match=r"got rule 'color > 1': expected alike values"):
        Predictor.load(settings_of(tmp_path, monkeypatch), manifest, {})


def test_a_damaged_profile_is_named(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = make_manifest(diamonds_schema(diamonds()))
    lay_out(tmp_path, manifest)
    (tmp_path / "package" / "profile.json").write_text("{}")
    with pytest.raises(PackageError, match=r"profile\.json: expected a profile"):
        Predictor.load(settings_of(tmp_path, monkeypatch), manifest, {})
