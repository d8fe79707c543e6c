"""A generated folder is of one target."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.deploy import generated_folder
from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.folder_target import (
    COMPOSE,
    KUBERNETES,
    check_target,
    target_fleet,
    target_notes,
    target_of,
)
from packager.errors import UsageError

FLEET = Fleet({}).with_model(DeployedModel("shop", "1", "shop:1", 0, 512))


def test_a_new_or_empty_folder_is_of_no_target(tmp_path: Path) -> None:
    for folder in (tmp_path / "new", tmp_path):
        assert target_of(folder) is None
        check_target(folder, COMPOSE)
        assert target_fleet(folder, COMPOSE) == Fleet({})


def test_what_was_recorded_is_read_again(tmp_path: Path) -> None:
    generated_folder.write(tmp_path / "out", {"a": "a"}, target_notes(COMPOSE, FLEET))
    assert target_of(tmp_path / "out") == COMPOSE
    assert target_fleet(tmp_path / "out", COMPOSE) == FLEET


def test_a_folder_of_another_target_is_refused(tmp_path: Path) -> None:
    generated_folder.write(tmp_path / "out", {"a": "a"}, target_notes(COMPOSE, FLEET))
    told = "out: expected a folder of `deploy kubernetes`, got one of `deploy compose`"
    for asked in (check_target, target_fleet):
        with pytest.raises(UsageError, match=told) as raised:
            asked(tmp_path / "out", KUBERNETES)
        assert raised.value.hint == "name another folder with --output"


def test_a_folder_of_files_without_a_target_is_taken(tmp_path: Path) -> None:
    generated_folder.write(tmp_path / "out", {"a": "a"}, {})
    assert target_of(tmp_path / "out") is None
