"""The message about an issue: the webhook's document, and the mail."""

from __future__ import annotations

import json
from email.message import EmailMessage
from typing import Any

from packager.text import escape_control_characters
from packager.tracker.notify.config import MailConfig

MAX_SUBJECT = 150


def webhook_body(event: dict[str, Any], issue: dict[str, Any]) -> bytes:
    """``{"event", "issue"}``, as the API shows both."""
    return json.dumps({"event": event, "issue": issue}).encode()


def mail_of(event: dict[str, Any], issue: dict[str, Any], config: MailConfig) -> EmailMessage:
    """A plain text mail; texts of findings can add no header and no line of their own."""
    message = EmailMessage()
    message["From"] = config.sender
    message["To"] = ", ".join(config.to)
    happened = f"P{issue['band']} {event['what']}: {issue['package']}: {issue['title']}"
    message["Subject"] = _line(happened)[:MAX_SUBJECT]
    message["Message-ID"] = f"<issue-{issue['id']}-{event['id']}@{config.sender.split('@')[1]}>"
    message["Auto-Submitted"] = "auto-generated"
    lines = [
        f"{issue['package']} {issue['version_last']}: {issue['title']}",
        f"{issue['kind']}, {issue['subject']}",
        "",
        f"{event['what']}: {event['text']}",
        f"priority: {issue['explanation']}",
        f"to do: {issue['action']}" if issue["action"] else "",
        "",
        issue["url"],
    ]
    message.set_content("\n".join(_line(line) for line in lines) + "\n")
    return message


def _line(text: str) -> str:
    """One line; encoded words (RFC 2047), which a header would decode, are broken."""
    return escape_control_characters(text).replace("=?", "= ?")
