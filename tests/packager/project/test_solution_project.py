from __future__ import annotations

from pathlib import Path

import pytest
from solution_projects import write_solution_projects

from packager.errors import UsageError
from packager.project.config import load_project
from packager.project.solution_project import init_solution


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write_solution_projects(tmp_path / "old") / "data" / "rows.csv"


def test_a_new_solution_names_its_members_from_its_own_folder(tmp_path: Path, rows: Path) -> None:
    place = tmp_path / "new"
    members = [f"length={tmp_path / 'old' / 'length'}", "mood=models/mood:1.0-0f3a5c0d9e12"]
    files = init_solution(place, members, rows, "cost")
    assert files == ["data/rows.csv", "flow.py", "package.toml", "requirements.txt"]
    made = load_project(place)
    assert (made.package.flow, made.package.task) == ("flow:run", "regression")
    assert [(one.name, one.package) for one in made.member] == [
        ("length", "../old/length"),
        ("mood", "models/mood:1.0-0f3a5c0d9e12"),
    ]
    flow = (place / "flow.py").read_text()
    assert "    mood = members.mood(rows)\n    return mood.predictions\n" in flow
    compile(flow, "flow.py", "exec")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (["length"], "--member: expected NAME=PACKAGE with a name of lower-case letters"),
        (["Length=x"], "--member: expected NAME=PACKAGE with a name of lower-case letters"),
        (["a="], "--member: expected NAME=PACKAGE with a name of lower-case letters"),
        (["a=x", "a=y"], "--member: expected one of each name, got 'a' twice"),
        ([f"m{n}=x" for n in range(9)], "--member: expected at most 8, got 9"),
    ],
)
def test_members_of_another_form_write_nothing(
    tmp_path: Path, rows: Path, members: list[str], said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        init_solution(tmp_path / "new", members, rows, "cost")
    assert refused.value.message.startswith(said)
    assert not (tmp_path / "new").exists()


def test_a_solution_needs_rows(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--member: expected --data with it, got none"):
        init_solution(tmp_path / "new", ["a=x"], None, None)
