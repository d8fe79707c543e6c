"""The tables. An issue is kept as JSON (``record``); its other columns are there to select by."""

from __future__ import annotations

SCHEMA_VERSION = 1
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
    """create table mirror(
        issue integer not null references issue(id), forge text not null,
        seen text not null, synced_at double precision not null, primary key(forge, issue))""",
)
"""``urgency`` is the priority times -1, so that a page's key ascends in every part."""
INDEXES = (
    "create index issue_list on issue(active, leads, band, urgency, opened_at, id)",
    "create index issue_all on issue(active, band, urgency, opened_at, id)",
    "create index issue_state on issue(state, band, urgency, opened_at, id)",
    "create index issue_recent on issue(state, state_since, id)",
    "create index issue_package on issue(package, active, band, urgency, opened_at, id)",
    "create index issue_cause on issue(package, family, active)",
    "create index issue_members on issue(cause, active)",
    "create index issue_unobserved on issue(unobserved)",
    "create index observation_source on observation(source, package, scope)",
    "create index issue_due on issue(due_at)",
    "create index event_issue on event(issue, id)",
    "create index event_at on event(at)",
    "create index delivery_at on delivery(at)",
    "create index label_issue on label(issue)",
)
