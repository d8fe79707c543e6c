from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.config import load_project
from packager.runners.job import make_job

TOML = """\
[package]
name = "claims"
version = "1.0"
task = "regression"
flow = "flow:run"
[data]
source = "rows.csv"
target = "cost"
key = ["id"]
exclude = ["note"]
[[member]]
name = "price"
package = "../price"
truth = "price"
[[member]]
name = "text"
package = "models/text:1"
truth = "cost"
"""


def written(folder: Path, text: str = TOML) -> Path:
    (folder / "package.toml").write_text(text)
    (folder / "flow.py").write_text("def run(rows, members): ...\n")
    (folder / "rows.csv").write_text("id,x,note,price,cost\n1,2,a,3,4\n2,3,b,4,5\n")
    (folder / "requirements.txt").write_text("pandas\n")
    return folder


def test_a_flow_gets_neither_keys_nor_right_answers_of_members(tmp_path: Path) -> None:
    project = load_project(written(tmp_path))
    assert [one.name for one in project.member] == ["price", "text"]
    job = make_job(project)
    assert job.exclude == ("note", "id", "price")
    assert job.key == ("id",)
    assert (job.serve.loader, job.serve.compile) == ("solution", "off")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('flow = "flow:run"\n', "", "expected `package.flow` and [[member]] together"),
        ('name = "text"', 'name = "price"', "[[member]]: expected one of each name, got 'price'"),
        ('name = "text"', 'name = "route"', "expected another name than 'route'"),
        ('name = "text"', 'name = "Text"', "`member.1.name`: expected"),
        ("[[member]]", '[recipe]\ntrain = "flow:run"\n[[member]]', "[recipe] and [[member]]"),
        ('truth = "cost"', "deadline = 0", "`member.1.deadline`: expected"),
        ('truth = "cost"', 'on_error = "none"', "`member.1.on_error`: expected"),
        ('"flow:run"', '"other:run"', "package.flow`: expected module `other` in the project"),
        ('"flow:run"', '"flow"', "expected module:function, for example flow:run"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        load_project(written(tmp_path, TOML.replace(old, new, 1)))
    assert told in error.value.message


def test_a_solution_needs_data_and_has_at_most_eight_members(tmp_path: Path) -> None:
    many = TOML + "".join(f'[[member]]\nname = "m{n}"\npackage = "../m{n}"\n' for n in range(7))
    with pytest.raises(UsageError, match="expected at most 8, got 9"):
        load_project(written(tmp_path, many))
    start, end = TOML.index("[data]"), TOML.index("[[member]]")
    with pytest.raises(UsageError, match=r"expected \[data\] with \[\[member\]\]"):
        load_project(written(tmp_path, TOML[:start] + TOML[end:]))
