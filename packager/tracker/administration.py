"""Actions of administrators: each is one transaction with an entry in the audit log."""

from __future__ import annotations

from collections.abc import Iterable

from packager.tracker.store.archive_import import ImportCounts, import_lines
from packager.tracker.store.audit import note
from packager.tracker.store.outbox import channels_without_news, keep_position, last_event
from packager.tracker.store.tokens import TokenScope, add_token, revoke
from packager.tracker.store.writer import Writer


def create_token(
    store: Writer, name: str, scope: TokenScope, who: str, now: float, secret: str = ""
) -> str:
    """A new token's secret, which is not kept. Raises ``ValueError`` if the name is taken."""
    secret = add_token(store, name, scope, now, secret)
    note(store, now, who, "token added", f"{name}, scope {scope.value}")
    return secret


def revoke_token(store: Writer, name: str, who: str, now: float) -> bool:
    """Revoke a token and the sessions that began with it; False if there is none."""
    revoked = revoke(store, name)
    if revoked:
        note(store, now, who, "token revoked", name)
    return revoked


def import_archive(store: Writer, lines: Iterable[bytes], who: str, now: float) -> ImportCounts:
    """Import an archive into the store; channels are not told of it. Raises ``ArchiveError``."""
    channels = channels_without_news(store)
    imported = import_lines(store, lines)
    for name in channels:
        keep_position(store, name, last_event(store))
    text = f"{imported.added} issues added, {imported.changed} changed, {imported.same} the same"
    note(store, now, who, "imported", text)
    return imported
