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
            f"P{issue['band']}",
            issue["priority"],
            f"#{issue['id']}",
            issue.get("cause_line") or issue["title"],
            issue["package"],
            issue["version_last"],
            _state(issue) if named or issue["state"] != "open" else "",
            issue["owner"],
            age(issue["opened_at"], now),
        ]
        for issue in issues
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
        [
            [f"{age(event['at'], now)} ago", event["who"], event["what"], _text_of(event)]
            for event in events
        ],
        columns,
        indent=2,
    )
    known = [(name, value) for name, value in facts if value]
    return f"{pairs([(title, '')])}\n{pairs(known, columns, indent=2)}\n\n{history}"


def _text_of(event: Mapping[str, Any]) -> str:
    mark = "(imported)" if event["imported"] else ""
    return " ".join(part for part in (mark, event["text"], event["link"]) if part)


def done_text(issue: Mapping[str, Any], action: Mapping[str, Any]) -> str:
    """The effect of an action: ``#3 assigned to anna: carat has drifted``."""
    name = action["action"]
    texts: Mapping[str, str] = {
        "assign": f"assigned to {issue['owner'] or 'nobody'}",
        "label": f"labelled {action.get('label')}",
        "unlabel": f"without the label {action.get('label')}",
        "move": f"moved to P{issue['band']}"
        if action.get("bands")
        else f"back in P{issue['band']}",
        "comment": "commented",
        "snooze": f"snoozed {_snoozed(issue)}",
        "resolve": f"resolved, fixed in {action['version']}"
        if action.get("version")
        else "resolved",
        "ignore": f"ignored until {action['until']}" if action.get("until") else "ignored",
    }
    summary = f"#{issue['id']} {texts.get(name, issue['state'])}: {issue['title']}"
    return summary if name != "add" else _added(issue, summary)


def _added(issue: Mapping[str, Any], text: str) -> str:
    """The effect of adding an issue; ``text``: its number, state and title."""
    if issue["result"] == "regressed":
        return f"#{issue['id']} was known, and is open again: {issue['title']}"
    if issue["result"] != "same":
        return text
    return f"{text}\nknown already, and not changed: `package issues comment {issue['id']} TEXT`"


def _snoozed(issue: Mapping[str, Any]) -> str:
    """The conditions as the history has them."""
    known = issue.get("snooze") or {}
    conditions = [
        *([f"until {known['until']}"] if known.get("until") else []),
        *([f"until its priority is {known['priority']:g}"] if known.get("priority") else []),
        *([f"until a version newer than {known['version']}"] if known.get("version") else []),
    ]
    return " or ".join(conditions)
