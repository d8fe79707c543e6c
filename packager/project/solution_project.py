"""``package init --member NAME=PACKAGE --data FILE``: writes a solution of several packages."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from packager.errors import UsageError
from packager.project.config import FILENAME
from packager.project.large_columns import files_line
from packager.project.scaffold import choose_target, fill, package_name, quoted, write_project
from packager.project.solution_rules import MAX_MEMBERS
from packager.project.table_preview import preview
from packager.project.training_project import task_of_target

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
MEMBER = """
[[member]]
name = "{name}"
package = {package}
# truth = "…"  # the column of [data] with this member's right answer, if there is one
"""
FLOW = '''"""The flow of {name}: calls the members, and returns an answer for each row."""


def run(rows, members):
    # Answers have .predictions, .probability("a label"), .output("a name") and .missing().
{calls}
    return {last}.predictions
'''


def init_solution(
    directory: Path, members: Sequence[str], data: Path | None, target: str | None
) -> list[str]:
    """Write a project whose flow calls ``members`` (``NAME=PACKAGE``); return the files written.

    Raises ``UsageError`` for members of another form, or without ``data``.
    """
    if data is None:
        raise UsageError(
            "--member: expected --data with it, got none",
            "add --data FILE: rows that no member was trained on, to evaluate the whole",
        )
    named = _named(members)
    table = preview(data)
    target_name = choose_target(data.name, table.names, target)
    values = {
        "name": package_name(directory),
        "task": task_of_target(table, target_name),
        "source": quoted(f"data/{data.name}"),
        "target": quoted(target_name),
        "read": files_line(table.reader.files) + table.read_line,
        "members": "".join(
            MEMBER.format(name=name, package=quoted(_placed(package, directory)))
            for name, package in named.items()
        ).rstrip("\n"),
    }
    calls = "\n".join(f"    {name} = members.{name}(rows)" for name in named)
    content = {
        FILENAME: fill("solution.toml", values),
        "flow.py": FLOW.format(name=values["name"], calls=calls, last=[*named][-1]),
        "requirements.txt": "pandas>=2.2\nscikit-learn>=1.5\n",
    }
    return write_project(directory, content, {f"data/{data.name}": data})


def _named(members: Sequence[str]) -> dict[str, str]:
    """Name → package, as given."""
    packages: dict[str, str] = {}
    for text in members:
        name, sign, package = text.partition("=")
        if not (sign and package and NAME.fullmatch(name)):
            raise UsageError(
                f"--member: expected NAME=PACKAGE with a name of lower-case letters, digits and _,"
                f" got {text!r}",
                "like price=../price, or price=models/price:1.0-0f3a5c0d9e12",
            )
        if name in packages:
            raise UsageError(f"--member: expected one of each name, got {name!r} twice")
        packages[name] = package
    if len(packages) > MAX_MEMBERS:
        raise UsageError(f"--member: expected at most {MAX_MEMBERS}, got {len(packages)}")
    return packages


def _placed(package: str, directory: Path) -> str:
    """A path relative to the new project; a tag as it is."""
    if not Path(package).exists():
        return package
    return os.path.relpath(Path(package).resolve(), directory.resolve())
