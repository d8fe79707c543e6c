from __future__ import annotations

from issue_samples import finding, reported

from packager.tracker.store.mirrors import keep_mirror, mirrors
from packager.tracker.store.store import Store


def test_mirrors_are_of_one_forge_and_the_last_one_counts(store: Store) -> None:
    reported(store, finding(subject="feature=a"), finding(subject="feature=b"))
    with store.write() as writer:
        assert keep_mirror(writer, 2, "github:a/b", "{}", 1.0)
        assert keep_mirror(writer, 1, "github:a/b", '{"n": 1}', 1.0)
        assert keep_mirror(writer, 1, "github:a/b", '{"n": 2}', 2.0)
        assert keep_mirror(writer, 1, "folder:/x", '{"n": 3}', 2.0)
        assert not keep_mirror(writer, 3, "github:a/b", "{}", 2.0)
    with store.read() as reader:
        assert mirrors(reader, "github:a/b") == [(1, '{"n": 2}'), (2, "{}")]
        assert mirrors(reader, "folder:/x") == [(1, '{"n": 3}')]
        assert mirrors(reader, "other") == []
