from __future__ import annotations

from pathlib import Path

from packager.project.config import load_project
from packager.project.feature_columns import feature_columns, keys_and_truths

TOML = """\
[package]
name = "claims"
version = "1.0"
task = "regression"
flow = "flow:run"
[data]
source = "rows.csv"
target = "cost"
key = ["id", "note"]
{data}
[[member]]
name = "price"
package = "../price"
truth = "price"
"""
COLUMNS = ["id", "weight", "x", "note", "price", "cost"]


def features(folder: Path, data: str) -> tuple[list[str], list[str]]:
    (folder / "package.toml").write_text(TOML.format(data=data))
    (folder / "flow.py").touch()
    (folder / "rows.csv").write_text(",".join(COLUMNS) + "\n1,2,3,4,5,6\n")
    (folder / "requirements.txt").touch()
    project = load_project(folder)
    return feature_columns(project, COLUMNS), keys_and_truths(project)


def test_neither_target_key_nor_right_answers_of_members_are_features(tmp_path: Path) -> None:
    assert features(tmp_path, "") == (["weight", "x"], ["id", "note", "price"])


def test_nor_what_other_keys_exclude(tmp_path: Path) -> None:
    data = 'exclude = ["note"]\ntrain_only = ["weight"]'
    assert features(tmp_path, data) == (["x"], ["id", "price"])


def test_columns_that_are_included_are_the_features(tmp_path: Path) -> None:
    assert features(tmp_path, 'include = ["x", "note"]') == (["x", "note"], [])
