"""Mistakes of a solution that its files show: found before anything is built or trained."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from packager.data.sources.table import column_names
from packager.errors import PackageError, UsageError
from packager.project.config import FILENAME, Project, load_project
from packager.project.feature_columns import feature_columns
from packager.project.sections import MemberSection
from packager.solutions.flow_check import check_columns, check_names, check_uses
from packager.solutions.flow_code import FlowCode
from packager.solutions.member_package import MemberPackage
from packager.solutions.module_names import may_define


def check_before_members(project: Project, base: str) -> dict[str, Project]:
    """Raise ``UsageError`` for a mistake that would stop the build once its members are built.

    ``base``: the name of the base image, which may say the version of Python. Returns the projects
    of members that the build builds, by the member's name.
    """
    projects = {
        one.name: _member_project(project, one)
        for one in project.member
        if _is_project(project, one)
    }
    columns = _columns(project) if _is_read_here(project) else None
    _check_roles(project, columns)
    file, text = _flow_text(project)
    if text is None:
        return projects
    _check_function(file, text, project, base)
    code = FlowCode.parse(text, _function(project))
    if code is not None:
        names = [one.name for one in project.member]
        check_names(file, code, names)
        if columns is not None:
            check_columns(file, code, feature_columns(project, columns), names)
    return projects


def check_flow(project: Project, members: Sequence[MemberPackage]) -> None:
    """Raise ``UsageError`` for what the flow's code asks of its members in vain."""
    columns, (file, text) = _columns(project), _flow_text(project)
    code = None if text is None else FlowCode.parse(text, _function(project))
    if code is not None and columns is not None:
        facts = {member.section.name: member.facts() for member in members}
        features = feature_columns(project, columns)
        check_columns(file, code, features, facts)
        check_uses(file, code, features, facts)


def _is_project(project: Project, section: MemberSection) -> bool:
    return (project.path(section.package) / FILENAME).is_file()


def _member_project(project: Project, section: MemberSection) -> Project:
    with naming(section):
        member = load_project(project.path(section.package))
        if member.member:
            raise UsageError(
                f"expected a project of one model, got the solution {section.package}",
                "name its members instead",
            )
    return member


@contextmanager
def naming(section: MemberSection) -> Iterator[None]:
    """Say of errors which member they are about."""
    try:
        yield
    except PackageError as error:
        if error.message.startswith("[[member]]"):
            raise
        raise type(error)(f"[[member]] {section.name}: {error.message}", error.hint) from error


def _is_read_here(project: Project) -> bool:
    """Whether ``[data] source`` is a file or a folder, and no table or pointer to data."""
    if project.data is None or project.table is not None:
        return False
    source = project.path(project.data.source)
    return source.exists() and source.suffix != ".dvc"  # an output of DVC may be absent


def _columns(project: Project) -> list[str] | None:
    data = project.data
    return None if data is None else column_names(project.path(data.source), data.reader)


def _check_roles(project: Project, columns: Sequence[str] | None) -> None:
    """Raise ``UsageError`` for a key or a right answer that is no column."""
    if columns is None or project.data is None:
        return
    named = [("[data] key", name) for name in project.data.key]
    named += [(f"[[member]] {one.name}: `truth`", one.truth) for one in project.member if one.truth]
    for what, name in named:
        if name not in columns:
            raise UsageError(
                f"{what}: expected a column of the data, got {name!r}",
                _suggestion(name, columns)
                or f"{project.data.source} has {', '.join(columns[:20])}",
            )


def _function(project: Project) -> str:
    return (project.package.flow or "").partition(":")[2]


def _flow_text(project: Project) -> tuple[str, str | None]:
    """The file of the flow, relative to the project, and its text if it is there."""
    path = (project.package.flow or "").partition(":")[0].replace(".", "/")
    for top in ("", "src/"):
        for file in (f"{top}{path}.py", f"{top}{path}/__init__.py"):
            location = project.path(file)
            if location.is_file():
                return file, location.read_text("utf-8", "replace")
    return path, None


def _check_function(file: str, text: str, project: Project, base: str) -> None:
    name = _function(project)
    try:
        defined, others = may_define(text, name)
    except (SyntaxError, ValueError) as error:
        known = re.search(r"python:?(\d+)\.(\d+)", base)
        if known is None or (int(known[1]), int(known[2])) > sys.version_info[:2]:
            return  # code of a newer Python than this one: the build will say
        line, what = (
            (f":{error.lineno}", error.msg) if isinstance(error, SyntaxError) else ("", str(error))
        )
        raise UsageError(
            f"{file}{line}: expected code of Python {known[1]}.{known[2]}, got {what}",
            "correct it: the flow can't be imported",
        ) from error
    if not defined:
        raise UsageError(
            f"[package] flow: expected a function of {file}, got {name!r}",
            _suggestion(name, others) or f"write `def {name}(rows, members):`",
        )


def _suggestion(word: str, known: Collection[str]) -> str | None:
    close = difflib.get_close_matches(word, [*known], 1, 0.6)
    return f"did you mean {close[0]!r}?" if close else None
