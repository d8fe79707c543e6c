"""Validation of a solution's ``package.toml``."""

from __future__ import annotations

from collections.abc import Sequence

from packager.project.sections import DataSection, MemberSection, PackageSection

MAX_MEMBERS = 8
RESERVED = ("deadline", "observer", "route", "serving", "withheld")
"""Attributes of what the flow calls members by."""


def check_solution(
    package: PackageSection, members: Sequence[MemberSection], data: DataSection | None
) -> None:
    """Raise ``ValueError`` unless flow, members and data belong together."""
    if bool(members) != (package.flow is not None):
        raise ValueError("expected `package.flow` and [[member]] together, got one of them")
    if not members:
        return
    names = [member.name for member in members]
    if len(names) > MAX_MEMBERS:
        raise ValueError(f"[[member]]: expected at most {MAX_MEMBERS}, got {len(names)}")
    reserved = next((name for name in names if name in RESERVED), None)
    if reserved is not None:
        raise ValueError(f"[[member]]: expected another name than {reserved!r}, which is taken")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"[[member]]: expected one of each name, got {twice!r} twice")
    if data is None:
        raise ValueError("expected [data] with [[member]], to evaluate the solution on, got none")
