"""The text of a number that names a part of an answer or a measure: ``0.05``, ``12``."""

from __future__ import annotations


def number_name(value: float) -> str:
    """The shortest text of ``value`` alone: no other number has it."""
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))
