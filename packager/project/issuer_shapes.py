"""Credentials whose form detect-secrets knows, of issuers that ``secrets`` leaves to it.

Left out: its detectors of entropy and keywords, which find digests, not secrets; those of issuers
whose form ``secrets`` states more strictly, as a private key with its body; and Artifactory's own,
which takes product codes for passwords.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

SHAPES = {
    "cloudant": "CloudantDetector",
    "discord": "DiscordBotTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "ibm_cos_hmac": "IbmCosHmacDetector",
    "mailchimp": "MailchimpDetector",
    "npm": "NpmDetector",
    "square_oauth": "SquareOAuthDetector",
    "telegram_token": "TelegramBotTokenDetector",
    "twilio": "TwilioKeyDetector",
}
"""Module of ``detect_secrets.plugins`` → its detector, which knows the form of one issuer."""
MAX_LINE = 5_000
"""Characters; a longer line is no text that a person wrote."""


def issued_secrets(content: bytes) -> Iterator[tuple[int, str]]:
    """(line from 1, what it holds) of a text; nothing is asked of an issuer."""
    lines = content.decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines, start=1):
        if len(line) <= MAX_LINE:
            for detector in _detectors():
                if any(True for _ in detector.analyze_string(line)):
                    yield number, f"a secret of the kind {detector.secret_type}"


@cache
def _detectors() -> tuple[Any, ...]:
    """The detectors, imported here because their import takes most of a second."""
    modules = {name: import_module(f"detect_secrets.plugins.{name}") for name in SHAPES}
    return tuple(getattr(modules[name], detector)() for name, detector in SHAPES.items())
