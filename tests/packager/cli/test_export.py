"""``package export``: the folder it names, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import package_here
from exported_packages import exported_package


@pytest.mark.slow
def test_the_folder_is_written_and_named(tmp_path: Path) -> None:
    made = exported_package(tmp_path / "made")
    done = package_here("export", made, "--mlflow", tmp_path / "out")
    assert (done.code, done.out) == (0, f"{tmp_path / 'out'}\n")
    assert f"next: mlflow models serve --model-uri {tmp_path / 'out'}" in done.err
    done = package_here("export", made, "--mlflow", tmp_path / "json", "--json")
    assert "MLmodel" in done.json["files"]
    done = package_here("export", made, "--mlflow", tmp_path / "out")
    assert done.code == 2
    assert "expected a new or an empty folder, got one with files" in done.err


def test_a_form_has_to_be_named(tmp_path: Path) -> None:
    done = package_here("export", tmp_path)
    assert done.code == 2
    assert "--mlflow: expected a folder to write, got none" in done.err
