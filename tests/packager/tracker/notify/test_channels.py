from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from aiosmtpd.controller import Controller
from serving_helpers import free_port

from packager.tracker.notify.channels import MailChannel, UndeliveredError, WebhookChannel
from packager.tracker.notify.config import MailConfig, WebhookConfig

EVENT = {"id": 7, "what": "opened", "text": "5 % failed\nBcc: x@y.z", "who": "alertmanager"}
ISSUE = {
    "id": 3, "band": 1, "package": "diamonds", "title": "requests fail\r\nBcc: all@example.test",
    "version_last": "1.0.0", "kind": "RequestsFailed", "subject": "package", "action": "roll back",
    "explanation": "100", "url": "http://127.0.0.1:3080/issues/3",
}  # fmt: skip


@contextmanager
def receiver(status: int) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """An HTTP server that answers ``status``, and what it got."""
    got: list[tuple[dict[str, str], bytes]] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers["Content-Length"])
        got.append((dict(handler.headers), handler.rfile.read(length)))
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    quiet = {"do_POST": answer, "log_message": lambda *_: None}
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Receiver", (BaseHTTPRequestHandler,), quiet)
    )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Mailbox:
    """What a mail server took; recipients at ``refused.test`` are refused."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.endswith("@refused.test"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[str, Mailbox]]:
    box = Mailbox()
    port = free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield f"127.0.0.1:{port}", box
    finally:
        server.stop()


def mail(smtp: str, **fields) -> MailChannel:
    usual = {"smtp": smtp, "security": "none", "sender": "issues@example.test",
             "to": ["anna@example.test", "ben@example.test"]}  # fmt: skip
    return MailChannel(MailConfig.model_validate({**usual, **fields}))


def test_a_webhook_gets_event_and_issue_signed_by_the_secret(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("k3y\n")
    with receiver(202) as (url, got):
        WebhookChannel(WebhookConfig(url=url, secret_file=secret)).send(EVENT, ISSUE)
    [(headers, body)] = got
    assert json.loads(body) == {"event": EVENT, "issue": ISSUE}
    expected = hmac.new(b"k3y", body, hashlib.sha256).hexdigest()
    assert headers["X-Issues-Signature"] == f"sha256={expected}"
    assert headers["X-Issues-Delivery"] == "7"


@pytest.mark.parametrize(
    ("status", "final"), [(500, False), (503, False), (429, False), (408, False), (400, True),
                          (410, True), (302, True)]
)  # fmt: skip
def test_what_a_receiver_refuses_for_good_is_final(status, final):
    with receiver(status) as (url, _), pytest.raises(UndeliveredError) as refused:
        WebhookChannel(WebhookConfig(url=url)).send(EVENT, ISSUE)
    assert (refused.value.final, str(refused.value)) == (final, f"HTTP {status}")


def test_a_receiver_that_is_away_is_tried_again(tmp_path):
    with pytest.raises(UndeliveredError, match="ConnectionError") as away:
        WebhookChannel(WebhookConfig(url="http://127.0.0.1:9/hook")).send(EVENT, ISSUE)
    assert not away.value.final
    lost = WebhookConfig(url="http://127.0.0.1:9/hook", secret_file=tmp_path / "none")
    with pytest.raises(UndeliveredError, match="FileNotFoundError"):
        WebhookChannel(lost).send(EVENT, ISSUE)


def test_a_mail_is_plain_text_to_every_recipient_and_texts_add_no_header(mailbox):
    smtp, box = mailbox
    mail(smtp).send(EVENT, ISSUE)
    [got] = box.mails
    assert got["To"] == "anna@example.test, ben@example.test"
    assert got["Bcc"] is None
    assert got["Subject"].startswith("P1 opened: diamonds: requests fail\\r\\nBcc")
    assert got["Message-ID"] == "<issue-3-7@example.test>"
    text = got.get_payload(decode=True).decode().replace("\r\n", "\n")
    assert "opened: 5 % failed\\nBcc: x@y.z\n" in text
    assert text.endswith("http://127.0.0.1:3080/issues/3\n")


def test_a_refused_recipient_is_final_and_a_missing_server_is_not(mailbox):
    smtp, box = mailbox
    with pytest.raises(UndeliveredError, match="refused the recipients") as refused:
        mail(smtp, to=["x@refused.test"]).send(EVENT, ISSUE)
    assert refused.value.final
    with pytest.raises(UndeliveredError) as away:
        mail("127.0.0.1:9").send(EVENT, ISSUE)
    assert not away.value.final
    with pytest.raises(UndeliveredError, match="SMTPNotSupportedError") as unsafe:
        mail(smtp, security="starttls").send(EVENT, ISSUE)
    assert not unsafe.value.final
    assert box.mails == []


def test_encoded_words_of_a_title_are_not_decoded_into_headers(mailbox):
    smtp, box = mailbox
    hidden = "=?utf-8?q?x=0d=0aBcc:_victim@e.test=0d=0aContent-Type:_text/html=0d=0a=0d=0a<h1>?="
    mail(smtp).send(EVENT, {**ISSUE, "title": hidden})
    [got] = box.mails
    assert got["Bcc"] is None
    assert got.get_content_type() == "text/plain"
