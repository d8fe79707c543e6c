from __future__ import annotations

import pytest
from issue_samples import NOW

from packager.tracker.store.store import Store
from packager.tracker.store.tokens import (
    TokenScope,
    add_token,
    hash_of,
    revoke,
    token_of,
    tokens,
    touch,
)


def test_a_scope_includes_narrower_ones() -> None:
    allowed = {one: {needed for needed in TokenScope if one.allows(needed)} for one in TokenScope}
    report, read, write, _ = TokenScope
    assert allowed == {
        report: {report},
        read: {read},
        write: {report, read, write},
        TokenScope.ADMIN: set(TokenScope),
    }


def test_only_the_hash_of_a_token_is_kept(store: Store) -> None:
    with store.write() as writer:
        secret = add_token(writer, "ci", TokenScope.REPORT, NOW)
        assert secret != add_token(writer, "b", TokenScope.WRITE, NOW)
        touch(writer, hash_of(secret), NOW + 1)
    with store.read() as reader:
        assert [(one.name, one.scope, one.last_used) for one in tokens(reader)] == [
            ("b", TokenScope.WRITE, None),
            ("ci", TokenScope.REPORT, NOW + 1),
        ]
        assert secret not in str(reader.db.rows("select * from token"))
        assert token_of(reader, secret) is None
        found = token_of(reader, hash_of(secret))
        assert found is not None
        assert found.name == "ci"
    with store.write() as writer:
        assert [revoke(writer, "ci"), revoke(writer, "ci")] == [True, False]
        assert token_of(writer, hash_of(secret)) is None


def test_names_that_are_taken_or_mean_nobody(store: Store) -> None:
    with store.write() as writer:
        add_token(writer, "ci", TokenScope.REPORT, NOW)
        for name, message in (("ci", "which is a token's"), ("source", "no person did it")):
            with pytest.raises(ValueError, match=message):
                add_token(writer, name, TokenScope.REPORT, NOW)
