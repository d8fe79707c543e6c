"""Formats issues of the tracker for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from packager.report.table import Cell, pairs, table
from packager.tracker.core.moments import DAY, HOUR, MINUTE, parse_moment

HEADS = ("", "priority", "#", "issue", "package", "version", "state", "owner", "age")
_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1.0, "s"))


def age(since: str, now: float) -> str:
    """``3 h`` since a time in ISO 8601."""
    seconds = max(now - parse_moment(since), 0.0)
    unit, name = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return f"{int(seconds / unit)} {name}"


def list_text(
    issues: Sequence[Mapping[str, Any]], now: float, columns: int | None, *, named: bool
) -> str:
    """One line for each issue; ``named``: with its state, if several are listed."""
    if not issues:
        return "no issues"
    rows: list[list[Cell]] = [
        [
            f"P{one['band']}",
            one["priority"],
            f"#{one['id']}",
            one["title"],
            one["package"],
            one["version_last"],
            _state(one) if named or one["state"] != "open" else "",
            one["owner"],
            age(one["opened_at"], now),
        ]
        for one in issues
    ]
    return table(HEADS, rows, columns)


def _state(issue: Mapping[str, Any]) -> str:
    return f"{issue['state']}, flapping" if issue["flapping"] else str(issue["state"])


def issue_text(
    issue: Mapping[str, Any], events: Sequence[Mapping[str, Any]], now: float, columns: int | None
) -> str:
    """An issue with its priority explained, its links and its history, newest first."""
    versions = issue["version_first"]
    if issue["version_last"] != versions:
        versions = f"{versions} to {issue['version_last']}"
    facts = [
        ("state", f"{_state(issue)}, for {age(issue['state_since'], now)}"),
        ("priority", issue["explanation"]),
        ("package", f"{issue['package']} {versions}".strip()),
        ("kind", f"{issue['kind']}, {issue['subject']}"),
        ("reported by", f"{issue['source']}, last {age(issue['last_seen'], now)} ago"),
        ("muted", issue["muted"]),
        ("regressions", str(issue["regressions"]) if issue["regressions"] else ""),
        ("owner", issue["owner"]),
        ("labels", ", ".join(issue["labels"])),
        ("moved", issue["shift_reason"]),
        ("what", issue["summary"]),
        ("to do", issue["action"]),
        *((name, link) for name, link in issue["links"].items()),
        ("page", issue["url"]),
    ]
    title = f"#{issue['id']} P{issue['band']} {issue['title']}"
    history = table(
        ["when", "who", "what", ""],
        [[f"{age(one['at'], now)} ago", one["who"], one["what"], _text_of(one)] for one in events],
        columns,
        indent=2,
    )
    known = [(name, value) for name, value in facts if value]
    return f"{pairs([(title, '')])}\n{pairs(known, columns, indent=2)}\n\n{history}"


def _text_of(event: Mapping[str, Any]) -> str:
    return " ".join(part for part in (event["text"], event["link"]) if part)
