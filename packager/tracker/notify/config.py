"""The configuration file of the service: what it tells whom, and whom it believes.

A TOML file; ``package issues serve --config FILE``.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from packager.errors import UsageError
from packager.tracker.core.finding import Link
from packager.tracker.core.refusals import refusal_of

Address = Annotated[str, Field(pattern=r"^[^\s@<>,]{1,64}@[^\s@<>,]{1,190}$")]


def _checked_host(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError("expected HOST:PORT")
    return text


class ConfigSection(BaseModel):
    """A section; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WebhookConfig(ConfigSection):
    """``[webhook]``."""

    url: Link
    secret_file: Path | None = None
    """Its content signs every message: ``X-Issues-Signature: sha256=…`` (HMAC of the body)."""
    band: Annotated[int, Field(ge=1, le=4)] = 1
    """The least urgent band that is told."""


class MailConfig(ConfigSection):
    """``[mail]``."""

    smtp: Annotated[str, AfterValidator(_checked_host)]
    """``HOST:PORT`` of the mail server."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_file: Path | None = None
    sender: Address
    to: Annotated[tuple[Address, ...], Field(min_length=1, max_length=50)]
    band: Annotated[int, Field(ge=1, le=4)] = 1


class ProxyConfig(ConfigSection):
    """``[proxy]``: a proxy that names the user."""

    address: str
    header: str = "X-Forwarded-User"


class ServiceConfig(ConfigSection):
    """The file."""

    link_prefixes: tuple[Link, ...] = ()
    """Beginnings of addresses that are shown as links."""
    webhook: WebhookConfig | None = None
    mail: MailConfig | None = None
    proxy: ProxyConfig | None = None


def read_config(path: Path) -> ServiceConfig:
    """The configuration of a file; raises ``UsageError`` that names the key."""
    try:
        read = ServiceConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "name a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: expected TOML: {error}", "docs/issues.md shows one") from error
    except ValidationError as error:
        raise UsageError(
            f"{path}: {refusal_of(error, 'the file')}", "docs/issues.md lists the keys"
        ) from error
    secrets = (
        read.webhook.secret_file if read.webhook is not None else None,
        read.mail.password_file if read.mail is not None else None,
    )
    for file in secrets:
        if file is not None and not file.is_file():
            raise UsageError(f"{path}: {file}: no such file", "write the secret into it first")
    return read
