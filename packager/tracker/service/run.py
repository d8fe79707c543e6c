"""Starts the service: the store, the first token, the server."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from packager.errors import PackageError, UsageError
from packager.tracker.notify.channels import Channel, MailChannel, WebhookChannel
from packager.tracker.notify.config import ServiceConfig
from packager.tracker.service.app import create_app
from packager.tracker.service.auth import has_tokens
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.tracker import Tracker
from packager.tracker.store.sqlite import SqliteStore
from packager.tracker.store.tokens import TokenScope, add_token, hash_of

DATABASE = "issues.db"
TOKEN_FILE = "admin.token"
ADMIN = "admin"
GRACE_SECONDS = 10


@dataclass(frozen=True)
class Started:
    """A service that is ready to run."""

    server: uvicorn.Server
    sockets: list[socket.socket]
    context: ServiceContext
    token_file: Path

    @property
    def url(self) -> str:
        """The address that it listens on."""
        host, port = self.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    def login_url(self) -> str:
        """An address that logs in once, within ten minutes."""
        secret = self.token_file.read_text(encoding="utf-8").strip()
        code = self.context.auth.new_code(hash_of(secret))
        return f"{self.context.settings.public_url.rstrip('/')}/login/{code}"

    def run(self) -> None:
        """Serve until a signal."""
        self.server.run(sockets=self.sockets)


def start(
    state: Path, host: str, port: int, settings: ServiceSettings, config: ServiceConfig
) -> Started:
    """Open the store below ``state`` and the socket; raises ``PackageError``."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    listening = _listen(host, port)
    tracker = Tracker(SqliteStore(state / DATABASE))
    token_file = state / TOKEN_FILE
    with tracker.store.write() as store:
        if not has_tokens(store):
            secret = add_token(store, ADMIN, TokenScope.ADMIN, time.time())
            token_file.touch(mode=0o600)
            token_file.write_text(f"{secret}\n", encoding="utf-8")
    app = create_app(tracker, settings, channels_of(config))
    served = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return Started(uvicorn.Server(served), [listening], app.state.context, token_file)


def channels_of(config: ServiceConfig) -> list[Channel]:
    """Who is told about urgent issues."""
    return [
        *([WebhookChannel(config.webhook)] if config.webhook is not None else []),
        *([MailChannel(config.mail)] if config.mail is not None else []),
    ]


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(
            f"{host}:{port}: {reason}", "choose another address with --host and --port"
        ) from error
    return listening


def check_state(state: Path) -> None:
    """Raise ``PackageError`` if ``state`` is something else than a folder."""
    if state.exists() and not state.is_dir():
        raise PackageError(f"{state}: expected a folder, got a file", "choose another --state")
