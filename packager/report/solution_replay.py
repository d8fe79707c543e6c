"""The replay of a solution as text and as an HTML page."""

from __future__ import annotations

from collections.abc import Iterator

from modelhost.sandbox.network import isolation_line
from packager.manifest.manifest import Manifest
from packager.report.numbers import number
from packager.report.page import html_table, page
from packager.report.replay_page import check_rows
from packager.report.table import Cell, table
from packager.run.solution_replay import MemberReplay, SolutionReport
from packager.text import escape_markup
from packager.worker.replay.flow import FlowReplay
from packager.worker.replay.report_text import as_text as member_text

HEADS = ("member", "package", "level", "claimed", "result", "why")


def as_text(report: SolutionReport) -> str:
    """Members, the whole, checks; the verdict is on the last line."""
    lines = []
    for name, one in report.members.items():
        if one.report is not None:
            inner = member_text(one.report).splitlines()
            keep = _member_lines(inner)
            lines += [f"member {name}: {one.package} {one.version}", *(f"  {x}" for x in keep), ""]
    if report.members:
        lines += [table(HEADS, [_row(*one) for one in report.members.items()]), ""]
    lines += _flow_lines(report.flow) if report.flow else []
    wrong = [check for check in report.checks if not check.ok]
    lines.append(f"checks: {len(report.checks) - len(wrong)} of {len(report.checks)} equal")
    lines += [f"  {c.name}: expected {c.expected}, got {c.actual}" for c in wrong]
    lines.append("checked by: this installation")
    lines += [f"  {part}: {who}" for part, who in report.verified_by.items()]
    where = next(
        (member.report.isolation for member in report.members.values() if member.report), {}
    )
    lines += [f"  isolation: {isolation_line(where)}"] if where else []
    weakest = f" (weakest member: {report.weakest})" if report.weakest else ""
    lines.append(f"equivalence level: {report.level}{weakest}")
    lines.append(verdict(report))
    return "\n".join(lines)


def verdict(report: SolutionReport) -> str:
    """``replay: passed``, or what failed."""
    if report.passed:
        return "replay: passed"
    wrong = [check.name for check in report.checks if not check.ok]
    failed = [f"member {name}" for name, one in report.members.items() if not one.passed]
    failed += ["the whole, end to end"] if report.flow and not report.flow.passed else []
    return f"replay: failed: {', '.join([*failed, *wrong][:5])}"


def as_page(report: SolutionReport, manifest: Manifest) -> str:
    """The report of a replay of ``manifest``'s solution, as HTML."""
    state = "good" if report.passed else "bad"
    flow = report.flow
    body = [
        f'<p class="lead {state}">{escape_markup(verdict(report))}</p>',
        html_table("Members", HEADS, [_row(*one) for one in report.members.items()]),
        *(_member(name, one) for name, one in report.members.items()),
        html_table(
            "The whole, end to end", ("what", "recorded", "now", "result"), _end_to_end_rows(flow)
        )
        if flow
        else "",
        html_table("Verified by this installation", ("part", "how"), [*report.verified_by.items()]),
        html_table("Checks", ("what", "result", "expected", "got"), check_rows(report.checks)),
    ]
    title = f"{manifest.name} {manifest.tag}"
    return page("Replay", title, body, footer=f"package root {manifest.root}")


def _member_lines(lines: list[str]) -> list[str]:
    """The lines about one member that are not about the package as a whole."""
    end = next((n for n, line in enumerate(lines) if line.startswith("checked by:")), len(lines))
    return [*lines[:end], *(line for line in lines if line.startswith("equivalence level:"))]


def _row(name: str, one: MemberReplay) -> tuple[Cell, ...]:
    report = one.report
    claimed = report.required_level if report and report.claimed else "none"
    if report is not None and report.perturbed:
        result = "change detected" if report.passed else "change not detected"
    else:
        result = "passed" if one.passed else "failed"
    return name, f"{one.package} {one.version}", one.level, claimed, result, one.why


def _flow_lines(flow: FlowReplay) -> Iterator[str]:
    equal = flow.golden_rows - len(flow.golden_differing)
    yield f"the whole, end to end: {equal} of {flow.golden_rows} golden answers equal"
    yield from (f"  {text}" for text in flow.golden_differing)
    for name, check in flow.metrics.items():
        ok = "" if check.ok else "  (differs)"
        yield f"  {name}: {number(check.recorded)} recorded, {number(check.now)} now{ok}"
    for one in flow.checks:
        if not one.ok:
            yield f"  {one.name}: expected {one.expected}, got {one.actual}"


def _end_to_end_rows(flow: FlowReplay) -> Iterator[tuple[Cell, ...]]:
    equal = flow.golden_rows - len(flow.golden_differing)
    result = "differ" if flow.golden_differing else "equal"
    yield "golden answers", flow.golden_rows, equal, result
    for name, check in flow.metrics.items():
        yield name, check.recorded, check.now, "equal" if check.ok else "differs"
    for text in flow.golden_differing:
        yield text, "", "", "differs"


def _member(name: str, one: MemberReplay) -> str:
    if one.report is None:
        return ""
    report = one.report
    rows: list[tuple[Cell, ...]] = [
        (metric, check.recorded, check.now, "equal" if check.ok else "not accepted")
        for metric, check in report.metrics.items()
    ]
    rows += [
        (check.name, check.expected, check.actual, "differs")
        for check in report.checks
        if not check.ok
    ]
    return html_table(f"Member {name}", ("what", "recorded", "now", "result"), rows)
