from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.small_yaml import small_yaml


def test_values_are_read_and_objects_are_not_made(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a: [1, two]\n")
    assert small_yaml(file) == {"a": [1, "two"]}
    file.write_text("!!python/object/apply:os.system ['true']\n")
    with pytest.raises(UsageError, match="expected YAML"):
        small_yaml(file)


def test_many_aliases_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a: &a 1\nb: [" + ", ".join(["*a"] * 21) + "]\n")
    with pytest.raises(UsageError, match="at most 20 aliases, got 21"):
        small_yaml(file)
