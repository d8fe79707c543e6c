"""Access tokens: only their SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, TypeAdapter, ValidationError

from packager.tracker.core.issue import SOURCE
from packager.tracker.core.refusals import refusal_of
from packager.tracker.core.texts import Name
from packager.tracker.store.database import Row
from packager.tracker.store.reader import StoreReader
from packager.tracker.store.writer import Writer

TOKEN_BYTES = 32


def _check_name(name: str) -> str:
    if name == SOURCE:
        raise ValueError(f"expected another name than {SOURCE!r}, which says that no person did it")
    return name


PERSON_NAME: TypeAdapter[str] = TypeAdapter(Annotated[Name, AfterValidator(_check_name)])
"""The name of a token or user, which the history of issues shows."""


class TokenScope(StrEnum):
    """The permissions of a token."""

    REPORT = "report"
    """Send findings; nothing can be read."""
    READ = "read"
    """Read issues and ``/metrics``; nothing can be changed or sent."""
    WRITE = "write"
    """Read, act on issues, and send findings."""
    ADMIN = "admin"
    """All of it, and tokens, export and import."""

    def allows(self, needed: TokenScope) -> bool:
        """Whether this scope includes ``needed``."""
        return needed is self or needed in _INCLUDED.get(self, ())


_INCLUDED: Mapping[TokenScope, tuple[TokenScope, ...]] = {
    TokenScope.WRITE: (TokenScope.REPORT, TokenScope.READ),
    TokenScope.ADMIN: (TokenScope.REPORT, TokenScope.READ, TokenScope.WRITE),
}


class AccessToken(NamedTuple):
    """A token without its secret."""

    hash: str
    name: str
    scope: TokenScope
    created_at: float
    last_used: float | None


def hash_of(secret: str) -> str:
    """The stored digest of a token."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def add_token(store: Writer, name: str, scope: TokenScope, now: float, secret: str = "") -> str:
    """Add a token; its secret, which is not kept.

    Raises ``ValueError`` if the name is taken or none of a person.
    """
    try:
        name = PERSON_NAME.validate_python(name)
    except ValidationError as error:
        raise ValueError(refusal_of(error, "name")) from None
    if store.db.rows("select 1 as found from token where name = ?", (name,)):
        raise ValueError(f"expected another name, got {name!r}, which is a token's")
    secret = secret or secrets.token_urlsafe(TOKEN_BYTES)
    sql = "insert into token(hash, name, scope, created_at, last_used) values(?, ?, ?, ?, null)"
    store.db.run(sql, (hash_of(secret), name, scope.value, now))
    return secret


def tokens(store: StoreReader) -> list[AccessToken]:
    """All tokens, by name."""
    return [_token(row) for row in store.db.rows("select * from token order by name")]


def token_of(store: StoreReader, hashed: str) -> AccessToken | None:
    """The token of this hash."""
    rows = store.db.rows("select * from token where hash = ?", (hashed,))
    return _token(rows[0]) if rows else None


def revoke(store: Writer, name: str) -> bool:
    """Revoke a token and the sessions that began with it; False if there is none."""
    return store.db.run("delete from token where name = ?", (name,)) == 1


def touch(store: Writer, hashed: str, now: float) -> None:
    """Note that a token was used."""
    store.db.run("update token set last_used = ? where hash = ?", (now, hashed))


def _token(row: Row) -> AccessToken:
    return AccessToken(
        row["hash"], row["name"], TokenScope(row["scope"]), row["created_at"], row["last_used"]
    )
