"""One synchronisation: the tracker's issues to a forge, and what people did there back.

Text and labels go to the forge, who is assigned there comes back, comments go both ways; of the
state, the side that changed since the last run decides. The tracker keeps of each issue what the
last run left (``Mirror``), so that its own writes are recognised. An issue that the tracker no
longer knows, after its database was lost, is found by the mark in its body.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from packager.errors import PackageError
from packager.progress import Progress
from packager.tracker.client import IssuesClient
from packager.tracker.core.issue import ACTIVE, State
from packager.tracker.core.texts import MAX_COMMENT, MAX_NAME
from packager.tracker.forges.draft import comment_of, draft_of, fingerprint_in, mark_in, mark_of
from packager.tracker.forges.forge import Draft, Forge, RemoteComment, RemoteIssue
from packager.tracker.forges.mirror import Mirror

MAX_ISSUES = 5_000


@dataclass
class SyncResult:
    """The counts of a synchronisation."""

    created: int = 0
    updated: int = 0
    closed: int = 0
    reopened: int = 0
    comments: int = 0
    taken: list[str] = field(default_factory=list)
    """Changes that were taken from the forge, in words."""


def synchronise(client: IssuesClient, forge: Forge, band: int, progress: Progress) -> SyncResult:
    """Synchronise the issues of at most this band, and those that were synchronised before.

    A run that is stopped loses nothing: each issue is finished before the next begins.
    """
    result = SyncResult()
    mirrors = client.mirrors(forge.name)
    remote = {one.number: one for one in forge.all()}
    by_mark = {mark: one for one in remote.values() if (mark := fingerprint_in(one.body))}
    selection = {"state": ["open", "acknowledged"], "band": list(range(1, band + 1))}
    issues = {one["id"]: one for one in client.issues(selection, MAX_ISSUES)}
    for number in sorted({*issues, *mirrors}):
        issue = issues.get(number) or client.issue(number)
        mirror = mirrors.get(number)
        known = by_mark.get(issue["fingerprint"]) if mirror is None else remote.get(mirror.number)
        if mirror is not None and known is None:
            known = forge.get(mirror.number)
        if known is None and mirror is not None:
            continue  # deleted in the forge: it is not opened again
        step = _Step(client, forge, issue, result)
        mirror = step.create() if known is None else step.meet(known, mirror)
        client.keep_mirror(number, forge.name, mirror)
    progress.step(
        f"{forge.name}: {result.created} created, {result.updated} updated, {result.closed} "
        f"closed, {result.reopened} reopened, {result.comments} comments"
    )
    for line in result.taken:
        progress.step(line)
    return result


@dataclass
class _Step:
    """The synchronisation of one issue."""

    client: IssuesClient
    forge: Forge
    issue: dict[str, Any]
    result: SyncResult

    @property
    def is_open(self) -> bool:
        return State(self.issue["state"]) in ACTIVE

    def create(self) -> Mirror:
        draft = draft_of(self.issue)
        remote = self.forge.create(draft)
        self.result.created += 1
        mirror = _mirror(remote, text=digest(draft))
        return self._comments(remote, mirror)

    def meet(self, remote: RemoteIssue, mirror: Mirror | None) -> Mirror:
        """Bring both sides together; without a mirror, ours was lost: the tracker's state goes."""
        if mirror is None:
            mirror = _mirror(remote, owner=remote.owner)
        mirror = self._state(remote, mirror)
        mirror = self._owner(remote, mirror)
        draft = draft_of(self.issue)
        if digest(draft) != mirror.text:
            self.forge.update(mirror.number, draft)
            self.result.updated += 1
            mirror = mirror.having(text=digest(draft))
        return self._comments(remote, mirror)

    def _state(self, remote: RemoteIssue, mirror: Mirror) -> Mirror:
        here, there = self.is_open, remote.open
        if here == there:
            return mirror.having(open_here=here, open_there=there)
        if there != mirror.open_there:
            self._take_state(remote)
            return mirror.having(open_here=self.is_open, open_there=there)
        if here:
            self.forge.reopen(mirror.number)
            self.result.reopened += 1
        else:
            self.forge.close(mirror.number)
            self.result.closed += 1
        return mirror.having(open_here=here, open_there=here)

    def _take_state(self, remote: RemoteIssue) -> None:
        who = f" by {remote.changed_by}" if remote.changed_by else ""
        location = f"{self.forge.name}#{remote.number}"
        if remote.open:
            self._act({"action": "reopen"})
            self.result.taken.append(f"#{self.issue['id']}: reopened, as {location} was")
        else:
            self._act({"action": "resolve", "reason": f"closed{who} in {location}"})
            self.result.taken.append(
                f"#{self.issue['id']}: resolved, as {location} was closed{who}"
            )

    def _owner(self, remote: RemoteIssue, mirror: Mirror) -> Mirror:
        """Somebody was assigned in the forge since the last run."""
        if remote.owner != mirror.owner and remote.owner != self.issue["owner"]:
            self._act({"action": "assign", "owner": remote.owner})
            self.result.taken.append(f"#{self.issue['id']}: assigned to {remote.owner or 'nobody'}")
        return mirror.having(owner=remote.owner)

    def _comments(self, remote: RemoteIssue, mirror: Mirror) -> Mirror:
        events = [
            event for event in self.client.events(self.issue["id"]) if event["what"] == "comment"
        ]
        own = [event for event in reversed(events) if not event["text"].startswith(self._prefix)]
        new = [one for one in own if mark_of(one) not in mirror.sent_comments]
        last, posted = mirror.comment, set[str]()
        if new or remote.comments != mirror.comments:
            for comment in self.forge.comments(mirror.number):
                mark = mark_in(comment.text)
                if mark is not None:
                    posted.add(mark)
                elif int(comment.id) > last:
                    self._take_comment(comment, {known["text"] for known in events})
                last = max(last, int(comment.id))
        added = [one for one in new if mark_of(one) not in posted]
        for one in added:
            self.forge.comment(mirror.number, comment_of(one))
            self.result.comments += 1
        marks = tuple(dict.fromkeys(map(mark_of, own)))
        return mirror.having(
            sent_comments=marks, comment=last, comments=remote.comments + len(added)
        )

    def _take_comment(self, comment: RemoteComment, known: Collection[str]) -> None:
        text = f"{self._prefix}{comment.author}: {comment.text}"[:MAX_COMMENT]
        if text not in known:  # as after a run that was stopped
            self._act({"action": "comment", "text": text})
            self.result.comments += 1

    @property
    def _prefix(self) -> str:
        return f"[{self.forge.name}] "[:MAX_NAME]

    def _act(self, action: Mapping[str, Any]) -> None:
        try:
            self.issue = self.client.act(self.issue["id"], action)
        except PackageError as error:
            raise PackageError(
                f"#{self.issue['id']}: {error.message}", error.hint or "run it again"
            ) from error


def _mirror(remote: RemoteIssue, **known: object) -> Mirror:
    """The first mirror of an issue; raises ``PackageError`` if the forge's number is none."""
    fields = {"number": remote.number, "open_here": remote.open, "open_there": remote.open, **known}
    try:
        return Mirror.model_validate(fields)
    except ValidationError:
        raise PackageError(
            f"expected the number of an issue from the forge, got {remote.number[:40]!r}"
        ) from None


def digest(draft: Draft) -> str:
    """Of what an issue says in a forge."""
    text = "\n".join((draft.title, draft.body, *draft.labels))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
