"""The flags of rows for which a member of a solution gave no answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def no_answer(member: str) -> str:
    """The flag of such a row: ``text:no_answer``."""
    return f"{member}:no_answer"


def with_absent(
    flags: Sequence[Sequence[str]], absent: Mapping[str, Sequence[int]] | None
) -> Sequence[Sequence[str]]:
    """The flags of each row, and those of members without an answer.

    ``absent``: member → its rows (``Predictions.absent``).
    """
    if not absent:
        return flags
    all_flags = [list(own) for own in flags]
    for member, rows in absent.items():
        for row in rows:
            all_flags[row].append(no_answer(member))
    return all_flags
