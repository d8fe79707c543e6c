from __future__ import annotations

from issue_samples import NOW

from packager.tracker.store.sessions import end_session, forget_sessions, has_ended
from packager.tracker.store.store import Store


def test_a_session_that_ended_is_known_until_its_cookie_ends(store: Store) -> None:
    with store.write() as writer:
        end_session(writer, "a", NOW + 10)
        end_session(writer, "a", NOW + 20)
        end_session(writer, "b", NOW + 100)
        forget_sessions(writer, NOW + 50)
    with store.read() as reader:
        assert [has_ended(reader, one) for one in ("a", "b", "c")] == [False, True, False]
