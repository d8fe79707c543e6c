"""The text of an issue in a forge, and the marks by which this service recognises it."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from packager.tracker.forges.forge import Draft

LABEL = "model-packager"
MAX_TITLE = 250
_MARK = re.compile(r"<!-- model-packager issue=([0-9a-f]{32}) -->")
_COMMENT = re.compile(r"<!-- model-packager comment=([0-9a-f]{16}) -->")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@&])")


def draft_of(issue: dict[str, Any]) -> Draft:
    """The text of an issue, as the API gives it. Deterministic, and nothing in it is markup."""
    lines = [
        f"**{escaped(issue['package'])}** {escaped(issue['version_last'])} · "
        f"{escaped(issue['kind'])} · {escaped(issue['subject'])}",
        "",
        f"Priority: {escaped(issue['explanation'])}",
        *(["", f"What: {escaped(issue['summary'])}"] if issue["summary"] else []),
        *(["", f"What to do: {escaped(issue['action'])}"] if issue["action"] else []),
        "",
        f"[Issue {issue['id']} of the tracker]({issue['url']})",
        "",
        f"<!-- model-packager issue={issue['fingerprint']} -->",
    ]
    labels = (LABEL, f"P{issue['band']}", issue["kind"][:50], *issue["labels"])
    title = f"{issue['package']}: {issue['title']}"
    return Draft(_one_line(title)[:MAX_TITLE], "\n".join(lines), labels)


def fingerprint_in(body: str) -> str | None:
    """The fingerprint of the issue that a body is of."""
    marks = _MARK.findall(body)
    return marks[-1] if marks else None


def comment_of(event: dict[str, Any]) -> str:
    """A comment of the tracker, for the forge."""
    mark = f"<!-- model-packager comment={mark_of(event)} -->"
    return f"**{escaped(event['who'])}**: {escaped(event['text'])}\n\n{mark}"


def mark_of(event: dict[str, Any]) -> str:
    """The mark of a comment: not its number, which an import changes."""
    content = "\n".join((event["at"], event["who"], event["text"]))
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:16]


def mark_in(text: str) -> str | None:
    """The mark of a comment of the tracker; None for that of another author."""
    match = _COMMENT.search(text)
    return match[1] if match else None


def escaped(text: str) -> str:
    """Text without markup, mentions and line ends; long lines stay."""
    return _SPECIAL.sub(r"\\\1", _one_line(text)).replace("\\@", "@\N{ZERO WIDTH SPACE}")


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
