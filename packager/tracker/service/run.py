"""Starts the service: the store, the first token, the server."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

import uvicorn

from packager.errors import PackageError, UsageError
from packager.tracker.administration import create_token, revoke_token
from packager.tracker.notify.channels import Channel, MailChannel, WebhookChannel
from packager.tracker.notify.config import ServiceConfig
from packager.tracker.service.app import create_app
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.tracker import Tracker
from packager.tracker.store.audit import LOCAL
from packager.tracker.store.database import StoreError
from packager.tracker.store.opening import open_store
from packager.tracker.store.tokens import TokenScope, hash_of, token_of, tokens
from packager.tracker.store.writer import Writer

TOKEN_FILE = "admin.token"
ADMIN = "admin"
OF_FILES = {TokenScope.REPORT: "report-token-file", TokenScope.READ: "read-token-file"}
"""Scope → the name of the token that a file has."""
MIN_SECRET = 20
GRACE_SECONDS = 10
MAX_CONNECTIONS = 500


@dataclass(frozen=True)
class ReadyService:
    """A service that is ready to run."""

    server: uvicorn.Server
    sockets: list[socket.socket]
    context: ServiceContext
    token_file: Path

    @property
    def url(self) -> str:
        """The address that it listens on."""
        return _address(self.sockets[0].getsockname()[0], self.sockets[0])

    def login_url(self) -> str:
        """An address that logs in once, within ten minutes."""
        secret = self.token_file.read_text(encoding="utf-8").strip()
        code = self.context.auth.new_code(hash_of(secret))
        return f"{self.context.settings.public_url.rstrip('/')}/login/{code}"

    def run(self) -> None:
        """Serve until a signal."""
        self.server.run(sockets=self.sockets)


def start(
    state: Path,
    host: str,
    port: int,
    settings: ServiceSettings,
    config: ServiceConfig = ServiceConfig(),
    database: str = "",
) -> ReadyService:
    """Open the store and the socket; raises ``PackageError``.

    ``database``: address of PostgreSQL; empty: a file below ``state``. ``state`` has the token of
    this service's administrator.
    """
    _make_folder(state)
    listening = _listen(host, port)
    if not settings.public_url:
        settings = replace(settings, public_url=_address(host, listening))
    tracker = Tracker(open_store(state, database, create=True), time_scale=settings.time_scale)
    token_file = state / TOKEN_FILE
    try:
        with tracker.store.write() as store:
            _keep_admin(store, token_file)
            for file, scope in (
                (settings.report_token_file, TokenScope.REPORT),
                (settings.read_token_file, TokenScope.READ),
            ):
                if file is not None:
                    _keep_token_of(store, file, scope)
        app = create_app(tracker, settings, channels_of(config))
    except (StoreError, OSError) as error:
        raise PackageError(
            f"{state}: {error}", "make room, and check that it can be written"
        ) from error
    served = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        limit_concurrency=MAX_CONNECTIONS,
    )
    listening.listen(MAX_CONNECTIONS)  # clients may connect as soon as they have the address
    return ReadyService(uvicorn.Server(served), [listening], app.state.context, token_file)


def channels_of(config: ServiceConfig) -> list[Channel]:
    """The channels for messages about urgent issues."""
    return [
        *([WebhookChannel(config.webhook)] if config.webhook is not None else []),
        *([MailChannel(config.mail)] if config.mail is not None else []),
    ]


def _make_folder(state: Path) -> None:
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise PackageError(
            f"{state}: {error.strerror or error}", "choose another --state"
        ) from error


def _keep_admin(store: Writer, file: Path) -> None:
    """Have a token of scope admin in ``file``: whoever can write the folder is an administrator."""
    if file.exists():
        known = token_of(store, hash_of(file.read_text(encoding="utf-8").strip()))
        if known is not None and known.scope is TokenScope.ADMIN:
            return
    taken = {token.name for token in tokens(store)}
    names = chain([ADMIN], (f"{ADMIN}-{number}" for number in count(2)))
    name = next(one for one in names if one not in taken)
    secret = create_token(store, name, TokenScope.ADMIN, LOCAL, time.time())
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as stream:
        stream.write(f"{secret}\n")
    part.replace(file)


def _keep_token_of(store: Writer, file: Path, scope: TokenScope) -> None:
    """Accept the token in ``file``, in place of the one that was in it before."""
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "expected text"
        raise UsageError(f"{file}: {reason}", "name a file with a token") from error
    if len(secret) < MIN_SECRET:
        raise UsageError(
            f"{file}: expected a token of at least {MIN_SECRET} characters, got {len(secret)}",
            "for example the output of `openssl rand -hex 32`",
        )
    known = token_of(store, hash_of(secret))
    if known is not None and known.scope is not scope:
        raise UsageError(
            f"{file}: expected a token of scope {scope}, got one of scope {known.scope}",
            "make another one: `openssl rand -hex 32`",
        )
    if known is None:
        revoke_token(store, OF_FILES[scope], LOCAL, time.time())
        create_token(store, OF_FILES[scope], scope, LOCAL, time.time(), secret)


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


def _address(host: str, listening: socket.socket) -> str:
    """The address of ``host`` with the port of a socket, which with port 0 is known only now."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}"


def check_state(state: Path) -> None:
    """Raise ``PackageError`` if ``state`` is something else than a folder."""
    if state.exists() and not state.is_dir():
        raise PackageError(f"{state}: expected a folder, got a file", "choose another --state")
