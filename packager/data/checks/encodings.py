"""Detectors ``encoding`` and ``mixed_script``: text read in a wrong encoding, and other scripts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import numpy as np

from monitoring.derived.texts import script
from packager.data.checks.issue import DataIssue, rows_where
from packager.data.checks.table import CheckedTable, TextValues

REPLACEMENT = "\ufffd"
_SUSPECT = re.compile("[\u00c2-\u00f4\u0102\u0103\u010e-\u0111\u0402-\u040f\u0412\u0421\u0420]")
"""Letters that a byte of UTF-8 becomes in another encoding."""
_ENCODINGS = ("cp1252", "latin-1", "cp1251")
MIN_SCRIPT_SHARE = 0.95
"""From this share of one script on, texts in others are reported."""
MIN_LETTERS = 5


def encoding(table: CheckedTable) -> Iterator[DataIssue]:
    """Text that was read in a wrong encoding.

    Score 0.95 for the replacement character, 0.9 for UTF-8 that was read as another encoding, 0.7
    for control characters.
    """
    for name, texts in table.texts.items():
        faults = [_fault(value) if isinstance(value, str) else None for value in texts.values]
        for fault, score in ((_Lost, 0.95), (_Misread, 0.9), (_Control, 0.7)):
            mask = np.array([isinstance(one, fault) for one in faults], np.bool_)
            if mask.any():
                rows = rows_where(texts.rows_with(mask))
                kinds = [str(faults[texts.codes[row]]) for row in rows]
                yield DataIssue(
                    name,
                    "text in one encoding",
                    "read the file in the encoding that it was written in, and write it as UTF-8",
                    score,
                    rows,
                    kinds,
                )


def mixed_script(table: CheckedTable) -> Iterator[DataIssue]:
    """Score 0.5: text in a script that few rows have, where nearly all have one."""
    for name, texts in table.texts.items():
        scripts = [_script(value) for value in texts.values]
        usual, share = _usual(scripts, texts)
        if usual is None or not MIN_SCRIPT_SHARE <= share < 1:
            continue
        mask = np.array([one is not None and one != usual for one in scripts], np.bool_)
        rows = rows_where(texts.rows_with(mask))
        yield DataIssue(
            name,
            f"text in {usual}, as {share:.1%} of the rows",
            "keep it if the model is to answer such text",
            0.5,
            rows,
            [str(scripts[texts.codes[row]]) for row in rows],
        )


class _Lost(str):
    """Characters are lost."""


class _Misread(str):
    """The text can be restored."""


class _Control(str):
    """Characters that no text has."""


def _fault(text: str) -> str | None:
    if text.isascii():
        controls = [one for one in text if ord(one) < 32 and one not in "\t\n\r\f"]
        return _Control(f"has the control character {controls[0]!r}") if controls else None
    if REPLACEMENT in text:
        return _Lost(f"has {text.count(REPLACEMENT)} replacement characters (U+FFFD)")
    if _SUSPECT.search(text):
        for code in _ENCODINGS:
            restored = _restored(text, code)
            if restored is not None:
                return _Misread(f"{text[:60]!r}, which is {restored[:60]!r} read as {code}")
    odd = [one for one in text if unicodedata.category(one) == "Cc" and one not in "\t\n\r\f\x85"]
    return _Control(f"has the control character {odd[0]!r}") if odd else None


def _restored(text: str, code: str) -> str | None:
    """The text that gives ``text`` if its UTF-8 is read as ``code``; None if there is none."""
    try:
        restored = text.encode(code).decode("utf-8")
    except UnicodeError:
        return None
    return restored if restored != text else None


def _script(value: object) -> str | None:
    """The script of a text with enough letters; None for others."""
    if not isinstance(value, str) or sum(map(str.isalpha, value[:200])) < MIN_LETTERS:
        return None
    return script(value)


def _usual(scripts: list[str | None], texts: TextValues) -> tuple[str | None, float]:
    times: dict[str, int] = {}
    for one, count in zip(scripts, texts.counts.tolist(), strict=True):
        if one is not None:
            times[one] = times.get(one, 0) + count
    if not times:
        return None, 0.0
    usual = min(times, key=lambda one: (-times[one], one))
    return usual, times[usual] / sum(times.values())
