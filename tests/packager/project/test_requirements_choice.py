from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.requirements_choice import check_choice, chosen_file
from packager.project.sections import RequirementsSection


def test_the_only_file_is_taken(tmp_path: Path):
    assert chosen_file(tmp_path, RequirementsSection()) == "requirements.txt"
    (tmp_path / "environment.yml").write_text("dependencies: [numpy]\n")
    assert chosen_file(tmp_path, RequirementsSection()) == "environment.yml"
    (tmp_path / "requirements.txt").write_text("numpy\n")
    with pytest.raises(UsageError) as caught:
        chosen_file(tmp_path, RequirementsSection())
    assert caught.value.message.endswith("got requirements.txt and environment.yml")
    assert caught.value.hint == 'write [requirements] file = "requirements.txt", or another of them'
    named = RequirementsSection(file="environment.yml")
    assert chosen_file(tmp_path, named) == "environment.yml"


@pytest.mark.parametrize("key", ["extras", "groups"])
def test_extras_and_groups_need_a_file_that_has_them(tmp_path: Path, key: str):
    section = RequirementsSection(**{"file": "requirements.txt", key: ("serve",)})
    with pytest.raises(UsageError) as caught:
        check_choice(tmp_path, section)
    assert caught.value.message == (
        f"package.toml: `requirements.{key}`: expected none with requirements.txt, whose format "
        "has none"
    )
    check_choice(tmp_path, RequirementsSection(**{"file": "uv.lock", key: ("serve",)}))


def test_a_folder_is_no_file(tmp_path: Path):
    (tmp_path / "data").mkdir()
    with pytest.raises(UsageError, match="expected a file, got the folder data"):
        check_choice(tmp_path, RequirementsSection(file="data"))
