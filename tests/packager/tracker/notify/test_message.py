from __future__ import annotations

import json
from email import policy
from email.parser import BytesParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.tracker.notify.config import MailConfig
from packager.tracker.notify.message import MAX_SUBJECT, mail_of, webhook_body

CONFIG = MailConfig(
    smtp="mail.test:25", sender="issues@models.test", to=("ops@models.test", "ana@models.test")
)
EVENT = {"id": 7, "what": "opened", "text": "5 % failed", "who": "alertmanager"}
ISSUE = {
    "id": 3, "band": 1, "package": "diamonds", "title": "requests fail", "version_last": "1.0.0",
    "kind": "RequestsFailed", "subject": "package", "action": "roll back", "explanation": "100",
    "url": "http://issues.test/issues/3",
}  # fmt: skip


def sent(event: dict[str, Any], issue: dict[str, Any]) -> Any:
    """The mail as a receiver reads it."""
    return BytesParser(policy=policy.default).parsebytes(mail_of(event, issue, CONFIG).as_bytes())


def test_a_mail_says_what_happened_and_where() -> None:
    mail = sent(EVENT, ISSUE)
    assert mail["Subject"] == "P1 opened: diamonds: requests fail"
    assert mail["To"] == "ops@models.test, ana@models.test"
    assert mail["Message-ID"] == "<issue-3-7@models.test>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().splitlines() == [
        "diamonds 1.0.0: requests fail", "RequestsFailed, package", "", "opened: 5 % failed",
        "priority: 100", "to do: roll back", "", "http://issues.test/issues/3",
    ]  # fmt: skip


@pytest.mark.slow
@given(st.text(max_size=300).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)))
def test_no_text_adds_a_header_or_a_line(text: str) -> None:
    plain = sent(EVENT, ISSUE)
    hostile = f"{text}\r\nBcc: all@elsewhere.test\r\n\r\nhello"
    mail = sent({**EVENT, "text": hostile}, {**ISSUE, "title": hostile, "action": hostile})
    assert mail.keys() == plain.keys() or set(mail.keys()) <= {*plain.keys(), "MIME-Version"}
    assert mail["Bcc"] is None
    assert len(mail["Subject"]) <= MAX_SUBJECT
    assert len(mail.get_content().splitlines()) == len(plain.get_content().splitlines())


def test_a_webhook_gets_both_documents_as_they_are() -> None:
    assert json.loads(webhook_body(EVENT, ISSUE)) == {"event": EVENT, "issue": ISSUE}
