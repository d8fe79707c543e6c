"""Channels for messages: an HTTP receiver, a mail server. Each raises ``UndeliveredError``."""

from __future__ import annotations

import hashlib
import hmac
import smtplib
import ssl
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import requests

from packager.client.fetch import UNCOMPRESSED, fetch
from packager.tracker.notify.config import MailConfig, WebhookConfig
from packager.tracker.notify.message import mail_of, webhook_body

SECONDS = 10.0
MAX_ANSWER = 1 << 20


class UndeliveredError(Exception):
    """A message that did not arrive; ``final``: a later attempt would not arrive either."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


class Channel(Protocol):
    """Takes messages about issues of at most ``band``."""

    name: str
    band: int

    def send(self, event: dict[str, Any], issue: dict[str, Any]) -> None:
        """Send one message."""


class WebhookChannel:
    """POSTs JSON to a receiver."""

    name = "webhook"

    def __init__(self, config: WebhookConfig) -> None:
        self._config = config
        self.band = config.band

    def send(self, event: dict[str, Any], issue: dict[str, Any]) -> None:
        """Any 2xx is an arrival; 4xx but 408 and 429 is final."""
        body = webhook_body(event, issue)
        headers = {
            **UNCOMPRESSED,
            "Content-Type": "application/json",
            "X-Issues-Delivery": str(event["id"]),
        }
        if self._config.secret_file is not None:
            key = _secret(self._config.secret_file).encode()
            signature = hmac.new(key, body, hashlib.sha256).hexdigest()
            headers["X-Issues-Signature"] = f"sha256={signature}"
        ask = partial(
            requests.post, self._config.url, data=body, headers=headers, timeout=SECONDS,
            stream=True, allow_redirects=False,
        )  # fmt: skip
        try:
            answer = fetch(ask, MAX_ANSWER, SECONDS * 2)
        except requests.RequestException as error:
            raise UndeliveredError(type(error).__name__, final=False) from error
        status = answer.status_code
        if not 200 <= status < 300:
            final = 300 <= status < 500 and status not in (408, 429)
            raise UndeliveredError(f"HTTP {status}", final=final)


class MailChannel:
    """Sends mail over SMTP."""

    name = "mail"

    def __init__(self, config: MailConfig) -> None:
        self._config = config
        self.band = config.band

    def send(self, event: dict[str, Any], issue: dict[str, Any]) -> None:
        """A refusal with code 5xx is final."""
        config, message = self._config, mail_of(event, issue, self._config)
        host, _, port = config.smtp.rpartition(":")
        context = ssl.create_default_context()
        try:
            connect: partial[smtplib.SMTP] = (
                partial(smtplib.SMTP_SSL, context=context)
                if config.security == "tls"
                else partial(smtplib.SMTP)
            )
            with connect(host.strip("[]"), int(port), timeout=SECONDS) as server:
                if config.security == "starttls":
                    server.starttls(context=context)
                if config.user and config.password_file is not None:
                    server.login(config.user, _secret(config.password_file))
                server.send_message(message)
        except smtplib.SMTPResponseException as error:
            final = 500 <= error.smtp_code < 600
            raise UndeliveredError(f"SMTP {error.smtp_code}", final=final) from error
        except smtplib.SMTPRecipientsRefused as error:
            raise UndeliveredError("the mail server refused the recipients", final=True) from error
        except (OSError, smtplib.SMTPException) as error:
            raise UndeliveredError(type(error).__name__, final=False) from error


def _secret(path: Path) -> str:
    """The content of a secret's file, which is read for each message so that it can be changed."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UndeliveredError(f"{path}: {type(error).__name__}", final=False) from error
