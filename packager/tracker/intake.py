"""The changes of the store by a report, an action or time: one transaction each."""

from __future__ import annotations

from typing import Literal, NamedTuple

from packager.digest import canonical_json, sha256_bytes
from packager.tracker.core.actions import PERSON, Action, Resolve, acted
from packager.tracker.core.clearing import after_time, cleared, closed, without_observation
from packager.tracker.core.finding import Finding, Report, ScanReport
from packager.tracker.core.finding import fingerprint as fingerprint_of
from packager.tracker.core.flapping import with_bounce
from packager.tracker.core.issue import ACTIVE, Event, Issue, State, Transition
from packager.tracker.core.states import observed, opened
from packager.tracker.store.plots import keep_plot
from packager.tracker.store.writer import Writer

Result = Literal["new", "same", "regressed", "resolved", "unknown"]


class Receipt(NamedTuple):
    """The effect of a finding: ``unknown`` is the end of one that never was reported.

    So are data that a scan replaces and that no scan has looked at.
    """

    issue: Issue | None
    result: Result


def receive(store: Writer, report: Report, now: float, *, certain: bool = False) -> list[Receipt]:
    """Take a report; an outcome for each finding, in order.

    ``certain``: the findings are the full list of their source, not messages that may be late.
    """
    report = _until_now(report, now)
    scan = report.scan
    if scan is not None:
        store.saw_version(scan.package, scan.version, now)
    scope = scan.scope if scan is not None else ""
    full = certain or scan is not None
    outcomes = [
        receive_one(store, finding, now, scope, certain=full) for finding in report.findings
    ]
    for one, outcome in zip(report.findings, outcomes, strict=True):
        if one.plot is not None and outcome.issue is not None:
            keep_plot(store, outcome.issue.id, one.plot, now)
    if scan is not None and scan.replaces and not _is_known(store, scan):
        outcomes.append(Receipt(None, "unknown"))
    if scan is not None and scan.complete and _is_latest(store, scan):
        named = {
            f"{finding.fingerprint}/{finding.observation}"
            for finding in report.findings
            if finding.firing
        }
        outcomes += [Receipt(one, "resolved") for one in _close_missing(store, scan, named, now)]
        outcomes += [Receipt(one, "resolved") for one in _close_proved(store, scan, now)]
    return outcomes


def _until_now(report: Report, now: float) -> Report:
    """The report without times to come, by which a wrong clock would hide what follows."""
    findings = tuple(
        finding if finding.starts_at <= now else finding.model_copy(update={"starts_at": now})
        for finding in report.findings
    )
    scan = report.scan
    if scan is not None and scan.at > now:
        scan = scan.model_copy(update={"at": now})
    return Report(findings=findings, scan=scan)


def _is_latest(store: Writer, scan: ScanReport) -> bool:
    """Whether no later scan of the scope came before this one, which waited in a spool."""
    name = _setting_of(scan.package, scan.source, scan.scope)
    last = store.setting(name)
    if last is not None and float(last) > scan.at:
        return False
    store.keep_setting(name, repr(scan.at))
    return True


def _is_known(store: Writer, scan: ScanReport) -> bool:
    """Whether there was a scan of what this one replaces."""
    scopes = _scopes(scan)[1:]
    names = [_setting_of(package, scan.source, scope) for package, scope in scopes]
    return any(store.setting(name) is not None for name in names)


def _setting_of(package: str, source: str, scope: str) -> str:
    """The setting with the time of the last complete scan of a scope."""
    return f"scan/{fingerprint_of(package, source, scope)}"


def receive_one(
    store: Writer, finding: Finding, now: float, scope: str = "", *, certain: bool = False
) -> Receipt:
    """Take a finding; ``scope``: what its source looked at, if it looks at several things.

    A message that comes twice changes nothing but when it was last seen. Of a finding that still
    fires, ``observed`` decides that, because it also knows what a repeat a day later means.
    """
    store.saw_version(finding.package, finding.version, now)
    before = store.issue_of(finding.fingerprint)
    again = bool(finding.delivery) and not store.is_new(_message_of(finding), now)
    if before is None:
        if not finding.firing:
            return Receipt(None, "unknown")
        return Receipt(store.store(None, opened(finding, now, scope)), "new")
    if again and not finding.firing:
        return Receipt(before, "same")
    if again and certain:
        seen = Transition(issue=before.with_changes({"last_seen": now}))
        return Receipt(store.store(before, seen), "same")
    if not finding.firing:
        change = cleared(before, finding, now)
    else:
        versions = store.versions(finding.package)
        change = observed(before, finding, now, versions, scope=scope, certain=certain)
        change = _risen(before, change, finding, now)
        change = with_bounce(before, change, finding, now, store.time_scale)
    return Receipt(store.store(before, change), _result(change))


def _risen(before: Issue, change: Transition, finding: Finding, now: float) -> Transition:
    """The change, with an event if the issue became more urgent while it was open."""
    issue = change.issue
    if not {before.state, issue.state} <= ACTIVE or issue.band >= before.band:
        return change
    text = f"from P{before.band} to P{issue.band}: {finding.title}"
    rose = Event(at=now, who=finding.source, what="rose", text=text, version=finding.version)
    return Transition(issue=issue, events=(*change.events, rose))


def _message_of(finding: Finding) -> str:
    """The identity of a message: one delivery of a source can have findings of several issues."""
    parts = (finding.source, finding.delivery, finding.fingerprint, finding.key)
    return sha256_bytes(canonical_json(parts))


def _result(change: Transition) -> Result:
    event_kinds = {event.what for event in change.events}
    if event_kinds & {"regressed", "reopened"}:
        return "regressed"
    return "resolved" if "resolved" in event_kinds else "same"


def _close_missing(store: Writer, scan: ScanReport, named: set[str], now: float) -> list[Issue]:
    """Close what an earlier scan of the same scope found and this one does not."""
    versions = store.versions(scan.package)
    closed_issues = []
    for issue in _of_scopes(store, scan):
        if any(one.has(issue.kind, issue.subject) for one in scan.unjudged):
            continue
        change = Transition(issue=issue)
        for name, one in issue.active.items():
            if one.source != scan.source or one.scope not in (scan.scope, scan.replaces):
                continue
            if f"{issue.fingerprint}/{name}" in named or versions.is_newer(
                one.version, scan.version
            ):
                continue  # found again, or by a newer version than this scan's
            fixed = scan.version or None
            text = _missing_text(scan, one.scope)
            step = without_observation(change.issue, name, now, scan.source, text, fixed)
            change = Transition(issue=step.issue, events=(*change.events, *step.events))
        if change.issue != issue:
            closed_issues.append(store.store(issue, _with_link(change, scan)))
    return closed_issues


def _of_scopes(store: Writer, scan: ScanReport) -> list[Issue]:
    """Issues of what was looked at, and of what it replaces."""
    issues: dict[int, Issue] = {}
    for package, scope in dict.fromkeys(_scopes(scan)):
        issues |= {one.id: one for one in store.of_scope(package, scan.source, scope)}
    return list(issues.values())


def _scopes(scan: ScanReport) -> list[tuple[str, str]]:
    """Package and scope of what was looked at, then of what it replaces.

    A file without a project is a package of its own, so what it replaces can be one as well.
    """
    scopes = [(scan.package, scan.scope)]
    if scan.replaces:
        scopes += [(scan.package, scan.replaces), (scan.replaces, scan.replaces)]
    return scopes


def _missing_text(scan: ScanReport, scope: str) -> str:
    what = (
        f"{scan.source} of {scan.version}, {scan.scope}"
        if scan.version
        else (f"{scan.source} of {scan.scope}")
    )
    rows = f" (data {scan.digest[:12]})" if scan.digest else ""
    instead = f", which replaces {scope}" if scope != scan.scope else ""
    return f"{what}{rows}{instead}, no longer finds it"


def _close_proved(store: Writer, scan: ScanReport, now: float) -> list[Issue]:
    """Close issues of earlier versions that a check of this version proves gone."""
    versions = store.versions(scan.package)
    closed_issues = []
    for proof in scan.proofs:
        issue = store.issue_of(fingerprint_of(scan.package, proof.kind, proof.subject))
        if issue is None or issue.state not in {*ACTIVE, State.SNOOZED}:
            continue
        if any(one.source == PERSON for one in issue.active.values()):
            continue  # a person says when it is over
        if not versions.is_newer(scan.version, issue.version_last):
            continue
        change = closed(issue, now, scan.source, proof.text, scan.version)
        closed_issues.append(store.store(issue, _with_link(change, scan)))
    return closed_issues


def _with_link(change: Transition, scan: ScanReport) -> Transition:
    file = f"; report in {scan.file}" if scan.file else ""
    events = tuple(
        event.model_copy(update={"link": scan.report, "text": f"{event.text}{file}"})
        for event in change.events
    )
    return Transition(issue=change.issue, events=events)


def act(store: Writer, number: int, action: Action, who: str, now: float) -> Issue | None:
    """Do what a person asked; None if there is no such issue. Raises ``ActionError``."""
    before = store.issue(number)
    if before is None:
        return None
    if isinstance(action, Resolve) and action.version:
        # Its place in the order is now, so that later versions open the issue again even if the
        # named one never comes.
        store.saw_version(before.package, action.version, now)
    change = acted(before, action, who, now)
    return store.store(before, change) if change.events else before


def add(store: Writer, finding: Finding, who: str, now: float) -> tuple[Issue, Result]:
    """An issue that a person adds; one that is known and open stays the same."""
    known = store.issue_of(finding.fingerprint)
    if known is not None and known.state in ACTIVE:
        return known, "same"  # what somebody said first stays; a comment can say more
    completed = finding.model_copy(update={"source": PERSON, "key": who, "starts_at": now})
    issue, result = receive_one(store, completed, now, certain=True)
    if issue is None:  # a finding that fires always has one
        raise ValueError("expected a finding that fires")
    return issue, result


def pass_time(store: Writer, now: float) -> list[Issue]:
    """Change what changes by time alone; the issues that did."""
    changed = []
    for issue in store.due(now):
        change = after_time(issue, now)
        if change.events:
            changed.append(store.store(issue, change))
    return changed
