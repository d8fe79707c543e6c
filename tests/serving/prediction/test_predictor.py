from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from serving_helpers import Package, diamonds, diamonds_schema, lay_out, make_manifest

from packager.errors import PackageError
from packager.manifest.manifest import Slices
from serving.http.json_bodies import MIN_HEAVY_VALUES
from serving.http.limits import Budget, count
from serving.prediction.package_files import PackageFiles
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
    lay_out(tmp_path)
    with pytest.raises(PackageError, match=r"got rule 'color > 1': expected alike values"):
        PackageFiles.load(manifest, settings_of(tmp_path, monkeypatch).root)


@pytest.mark.parametrize("personal", [None, "e-mail addresses"])
def test_no_value_of_a_personal_column_is_in_the_log_of_flagged_rows(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, personal: Any
) -> None:
    schema = diamonds_schema(diamonds())
    features = tuple(
        column.model_copy(update={"personal": personal} if column.name == "color" else {})
        for column in schema.features
    )
    manifest = make_manifest(schema.model_copy(update={"features": features}))
    lay_out(tmp_path)
    manifest = Package(tmp_path, manifest, diamonds(), model=None).manifest
    log = tmp_path / "log"
    monkeypatch.setenv("MODEL_ROOT", str(tmp_path))
    chosen = {"MODEL_FEEDBACK": "off", "MODEL_FLAGGED_LOG": str(log)}
    # Counts, which one process has once, and a model, which this package lacks.
    for part in ("ServingMetrics", "MetricsRecorder"):
        monkeypatch.setattr(f"serving.prediction.predictor.{part}", MagicMock())
    monkeypatch.setattr("serving.prediction.predictor._measured", lambda _: None)
    settings = Settings.from_environment(chosen)
    loaded = Predictor.load(settings, PackageFiles.load(manifest, settings.root), {}, MagicMock())
    columns = [["secret" if c.name == "color" else 1] for c in (*features, *schema.extras)]
    assert loaded.flagged_rows is not None
    loaded.flagged_rows.write(columns, [("carat:missing",)], [1], None)
    row = json.loads(log.read_text())["row"]
    assert ("color" in row) == ("secret" in log.read_text()) == (personal is None)
    assert "carat" in row


def test_a_damaged_profile_is_named(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = make_manifest(diamonds_schema(diamonds()))
    lay_out(tmp_path)
    (tmp_path / "package" / "profile.json").write_text("{}")
    with pytest.raises(PackageError, match=r"profile\.json: expected a profile"):
        PackageFiles.load(manifest, settings_of(tmp_path, monkeypatch).root)


@pytest.mark.parametrize("rows", [1, MIN_HEAVY_VALUES])
def test_the_values_of_a_body_for_the_exact_reader_are_counted_once(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[bytes] = []

    def counting(body: bytes, character: bytes) -> int:
        counted.append(character)
        return count(body, character)

    for module in ("limits", "json_bodies"):
        monkeypatch.setattr(f"serving.http.{module}.count", counting)
    body = b'{"rows":[%s]}' % b",".join([b'{"a":1,"b":2}'] * rows)
    budget = Budget(values=len(body) - 1)
    fast = SimpleNamespace(read=lambda _, heavy: None)  # noqa: ARG005
    inexact: Any = SimpleNamespace(budget=budget, fast=fast, check=len, _exactly=len)
    assert Predictor.read(inexact, body) == rows
    assert counted.count(b"{") == counted.count(b"[") == 1
    heavy = rows == MIN_HEAVY_VALUES  # a short body can't be heavy
    assert counted.count(b",") == 1 + heavy
