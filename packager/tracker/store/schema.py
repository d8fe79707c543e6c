"""The tables. An issue is kept as JSON (``record``); its other columns are there to select by."""

from __future__ import annotations

from typing import NamedTuple

TABLES = (
    """create table issue(
        id integer primary key,
        fingerprint text not null unique,
        package text not null, kind text not null, family text not null, subject text not null,
        owner text not null, state text not null, active integer not null,
        unobserved integer not null,
        band integer not null, urgency double precision not null,
        opened_at double precision not null, state_since double precision not null,
        due_at double precision, cause integer not null, leads integer not null,
        record text not null)""",
    """create table event(
        id integer primary key, issue integer not null references issue(id),
        at double precision not null, who text not null, what text not null,
        text text not null, version text not null, link text)""",
    """create table observation(
        issue integer not null references issue(id), name text not null,
        source text not null, scope text not null, package text not null,
        primary key(issue, name))""",
    """create table cause(
        id integer primary key, package text not null, family text not null,
        began_at double precision not null, leader integer not null, n integer not null)""",
    "create table delivery(id text primary key, at double precision not null)",
    """create table label(
        issue integer not null references issue(id), name text not null,
        primary key(name, issue))""",
    """create table tally(
        package text not null, state text not null, band integer not null, n integer not null,
        primary key(package, state, band))""",
    """create table point(
        issue integer not null references issue(id),
        at double precision not null, value double precision not null,
        primary key(issue, at))""",
    """create table version(
        package text not null, version text not null, place integer not null,
        first_seen double precision not null, primary key(package, version))""",
    """create table token(
        hash text primary key, name text not null unique, scope text not null,
        created_at double precision not null, last_used double precision)""",
    "create table setting(name text primary key, value text not null)",
    """create table plot(
        issue integer primary key references issue(id),
        at double precision not null, record text not null)""",
    """create table saved_view(
        name text primary key, query text not null, who text not null,
        at double precision not null)""",
    """create table audit(
        id integer primary key, at double precision not null, who text not null,
        what text not null, text text not null)""",
    """create table mirror(
        issue integer not null references issue(id), forge text not null,
        seen text not null, synced_at double precision not null, primary key(forge, issue))""",
)
"""``urgency`` is the priority times -1, so that a page's key ascends in every part."""
INDEXES = (
    "create index issue_folded on issue(state, leads, band, urgency, opened_at, id)",
    "create index issue_list on issue(state, band, urgency, opened_at, id)",
    "create index issue_recent on issue(state, state_since, id)",
    "create index issue_package on issue(package, state, band, urgency, opened_at, id)",
    "create index issue_package_recent on issue(package, state, state_since, opened_at)",
    "create index issue_kind on issue(kind, state, band, urgency, opened_at, id)",
    "create index issue_owner on issue(owner, state, band, urgency, opened_at, id)",
    "create index issue_members on issue(cause, active, band, urgency, opened_at, id)",
    "create index issue_began on issue(cause, active, opened_at)",
    "create index issue_oldest on issue(active, band, opened_at)",
    "create index issue_unobserved on issue(unobserved) where unobserved = 1",
    "create index issue_due on issue(due_at) where due_at is not null",
    "create index cause_began on cause(package, family, began_at)",
    "create index observation_source on observation(source, package, scope)",
    "create index observation_name on observation(source, name)",
    "create index event_issue on event(issue, id)",
    "create index event_at on event(at)",
    "create index delivery_at on delivery(at)",
    "create index label_issue on label(issue)",
    "create unique index version_place on version(package, place)",
    "create index audit_at on audit(at)",
)
"""Every order of a list is an index below each state: a page costs the same in any store."""


class Step(NamedTuple):
    """The migration of a store from the version before."""

    statements: tuple[str, ...]
    sqlite: tuple[str, ...] = ()
    """Statements of one dialect only: the index of words."""
    postgres: tuple[str, ...] = ()


STEPS = (
    Step(
        (*TABLES, *INDEXES),
        sqlite=(
            # Words come as `words_of` cuts them: letters and digits between spaces.
            "create virtual table search using fts5(body, detail=none, columnsize=0,"
            " tokenize=ascii)",
        ),
        postgres=(
            "create table search(issue integer primary key references issue(id),"
            " words tsvector not null)",
            "create index search_words on search using gin(words)",
        ),
    ),
    Step(
        (
            "alter table event add column imported integer not null default 0",
            """create table ended_session(
                id text primary key, until double precision not null)""",
            """create table quota(
                token text not null, what text not null, since double precision not null,
                n integer not null, primary key(token, what))""",
        ),
    ),
)
"""Steps from an empty store to the newest version; a store keeps the number of those it has."""
