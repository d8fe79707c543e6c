from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from serving_helpers import Package, diamonds, diamonds_schema, lay_out, make_manifest

from packager.errors import PackageError
from packager.manifest import Slices
from packager.worker.paths import Root
from serving.predictor import Predictor
from serving.settings import Settings


def settings(root: Path) -> Settings:
    """Those of a server on ``root`` that takes no labels."""
    return replace(Settings.from_environment({"MODEL_FEEDBACK": "off"}), root=Root(root))


def test_a_rule_that_cannot_be_applied_is_found_before_the_first_request(
    package: Package, tmp_path: Path
) -> None:
    slices = Slices(columns={}, rules={"odd": "color > 1"})
    manifest = make_manifest(diamonds_schema(diamonds()), slices=slices)
    lay_out(tmp_path, manifest)
    with pytest.raises(PackageError, match=r"got rule 'color > 1': expected alike values"):
        Predictor.load(settings(tmp_path), manifest, {})


def test_a_damaged_profile_is_named(package: Package, tmp_path: Path) -> None:
    manifest = make_manifest(diamonds_schema(diamonds()))
    lay_out(tmp_path, manifest)
    (tmp_path / "package" / "profile.json").write_text("{}")
    with pytest.raises(PackageError, match=r"profile\.json: expected a profile"):
        Predictor.load(settings(tmp_path), manifest, {})
