"""Secrets in files by their shape: the rules of a build, and detect-secrets' detectors of shapes.

Its detectors of entropy and of keywords are left out: they find digests, not secrets.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from packager.project.required_secrets import secret_reason
from packager.project.secrets import MAX_BYTES, secret_in

SHAPES = {
    "artifactory": "ArtifactoryDetector",
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "cloudant": "CloudantDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "ibm_cos_hmac": "IbmCosHmacDetector",
    "mailchimp": "MailchimpDetector",
    "npm": "NpmDetector",
    "openai": "OpenAIDetector",
    "private_key": "PrivateKeyDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "telegram_token": "TelegramBotTokenDetector",
    "twilio": "TwilioKeyDetector",
}
"""Module of ``detect_secrets.plugins`` → its detector, which knows the form of one issuer."""
MAX_LINE = 5_000
"""Characters; a longer line is no text that a person wrote."""
ROTATE = (
    "rotate it: it is in every copy and older version too; then read it from the environment or a"
    " file that is mounted"
)


def secrets_in(path: Path, inside: str) -> list[str]:
    """What is secret in a file, each with its line; empty without any."""
    first = secret_in(path, inside)
    found = [] if first is None else [secret_reason(first)]
    if path.stat().st_size > MAX_BYTES:
        return found
    content = path.read_bytes()
    if b"\0" in content[:8192]:
        return found
    known = first.line if first is not None else None
    lines = content.decode("utf-8", "replace").splitlines()
    found += [one for number, one in _shaped(lines) if number != known]
    return list(dict.fromkeys(found))


def _shaped(lines: list[str]) -> Iterator[tuple[int, str]]:
    """(line, what it holds) of what detect-secrets finds."""
    for number, line in enumerate(lines, start=1):
        if len(line) <= MAX_LINE:
            for detector in _detectors():
                if any(True for _ in detector.analyze_string(line)):
                    yield number, f"line {number} holds a secret of the kind {detector.secret_type}"


@cache
def _detectors() -> tuple[Any, ...]:
    modules = {name: import_module(f"detect_secrets.plugins.{name}") for name in SHAPES}
    return tuple(getattr(modules[name], made)() for name, made in SHAPES.items())
