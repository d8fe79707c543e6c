from __future__ import annotations

from typing import Any

import pytest
from issue_samples import Filled, finding, reported

from packager.tracker.core.issue import ACTIVE, Issue, State
from packager.tracker.store import listing
from packager.tracker.store.selection import Cursor, Selection
from packager.tracker.store.store import Store
from packager.tracker.store.words import SearchedWords, searched_words, words_of

pytestmark = pytest.mark.slow


def walked(store: Store, query: Selection) -> list[int]:
    """All pages of a list."""
    found: list[int] = []
    after: Cursor | None = None
    with store.read() as reader:
        while True:
            page = reader.page(query, after)
            assert len(page.issues) <= query.limit
            found += [one.id for one in page.issues]
            if page.next is None:
                return found
            after = Cursor.decode(page.next.encode())


def leaders(issues: list[Issue]) -> set[int]:
    """The most urgent issue of each cause, then the oldest."""
    causes: dict[int, list[Issue]] = {}
    for one in issues:
        if one.state in ACTIVE:
            causes.setdefault(one.cause, []).append(one)
    return {
        min(members, key=lambda one: (one.band, -one.priority, one.opened_at, one.id)).id
        for members in causes.values()
    }


def _has(words: list[str], asked: SearchedWords) -> bool:
    last = asked.words[-1]
    return any(word.startswith(last) for word in words) if asked.beginning else last in words


def selected(issues: list[Issue], query: Selection, comments: dict[int, str]) -> list[int]:
    """What a list has, computed from the records alone."""
    first = leaders(issues)

    def fits(one: Issue) -> bool:
        words = words_of(
            f"{one.title} {one.kind} {one.subject} {one.package} {comments.get(one.id, '')}"
        )
        asked = searched_words(query.text)
        return (
            (not query.states or one.state in query.states)
            and (not query.bands or one.band in query.bands)
            and query.package in (None, one.package)
            and query.kind in (None, one.kind)
            and query.owner in (None, one.owner)
            and query.cause in (None, one.cause)
            and (query.label is None or query.label in one.labels)
            and (not query.folded or one.state not in ACTIVE or one.id in first)
            and (bool(asked.words) or not query.text.strip())
            and all(word in words for word in asked.words[:-1])
            and (not asked.words or _has(words, asked))
        )

    if query.order == "recent":
        ordered = sorted(issues, key=lambda one: (-one.state_since, -one.id))
    else:
        ordered = sorted(issues, key=lambda one: (one.band, -one.priority, one.opened_at, one.id))
    return [one.id for one in ordered if fits(one)]


SELECTIONS: list[dict[str, Any]] = [
    {},
    {"folded": True},
    {"states": ()},
    {"states": (), "folded": True},
    {"states": (State.RESOLVED,), "order": "recent"},
    {"order": "recent"},
    {"states": (), "order": "recent", "package": "churn"},
    {"states": (State.IGNORED, State.RESOLVED, State.IGNORED)},
    {"bands": (2, 4, 2)},
    {"package": "churn", "kind": "TargetDown"},
    {"owner": "ana"},
    {"owner": ""},
    {"label": "urgent"},
    {"label": "urgent", "states": (), "text": "moved"},
    {"text": "GROSSE", "states": ()},
    {"text": "größe gre"},
    {"text": "feature=f1"},
    {"text": "scanner ne", "states": ()},
    {"text": "=== !!"},
    {"text": "moved", "order": "recent", "states": ()},
    {"label": "nobody's"},
]


@pytest.mark.parametrize("most", [listing.MAX_MATCHES, 3])
def test_every_selection_has_what_its_conditions_say_in_order(
    filled: Filled, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways of searching; pages of 7, and a walk that ends early."""
    store, issues = filled.store, filled.issues
    monkeypatch.setattr(listing, "MAX_MATCHES", most)
    monkeypatch.setattr(listing, "MAX_WALKED", 40)
    with store.read() as reader:
        comments = {
            one.id: " ".join(
                found.event.text for found in reader.events(one.id) if found.event.what == "comment"
            )
            for one in issues
        }
    nonempty = 0
    for given in SELECTIONS:
        query = Selection.model_validate({"limit": 7, **given})
        expected = selected(issues, query, comments)
        nonempty += bool(expected)
        assert walked(store, query) == expected, given
    assert nonempty >= len(SELECTIONS) - 2


def test_causes_have_the_numbers_of_their_open_issues(
    filled: Filled,
) -> None:
    store, issues = filled.store, filled.issues
    open_ones = [one for one in issues if one.state in ACTIVE]
    causes = {one.cause for one in open_ones}
    with store.read() as reader:
        rows = reader.db.rows("select * from cause order by id")
        led = {row["id"] for row in reader.db.rows("select id from issue where leads = 1")}
    assert {row["id"]: row["n"] for row in rows} == {
        cause: sum(one.cause == cause for one in open_ones) for cause in causes
    }
    assert {row["id"]: row["began_at"] for row in rows} == {
        cause: min(one.opened_at for one in open_ones if one.cause == cause) for cause in causes
    }
    assert led == {row["leader"] for row in rows} == leaders(issues)


def test_tallies_are_the_numbers_of_issues(filled: Filled) -> None:
    store, issues = filled.store, filled.issues
    with store.read() as reader:
        found = {(one.package, one.state, one.band): one.n for one in reader.tallies()}
    counted: dict[tuple[str, str, int], int] = {}
    for one in issues:
        key = (one.package, one.state.value, one.band)
        counted[key] = counted.get(key, 0) + 1
    assert found == counted
    assert list(found) == sorted(found)


def test_no_text_is_syntax_of_the_search(store: Store) -> None:
    reported(store, finding(title='say "NEAR" OR * AND body:x'))
    texts = (
        '"',
        "NEAR(a b)",
        "a OR",
        "body : x",
        "^x",
        "-x",
        "'; drop table issue; --",
        "a*b",
        "\0",
    )
    with store.read() as reader:
        for text in texts:
            reader.page(Selection(text=text))
        assert len(reader.page(Selection(text='"NEAR" OR')).issues) == 1
        assert reader.page(Selection(text="NEAR OR missing")).issues == ()


def test_a_single_letter_is_found_as_a_whole_word(store: Store) -> None:
    reported(store, finding(subject="slice=color=E"), finding(subject="slice=cut=Excellent"))
    found = walked(store, Selection(text="e"))
    assert found == [1]
    assert walked(store, Selection(text="ex")) == [2]
