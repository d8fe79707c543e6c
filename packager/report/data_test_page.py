"""Writes the report of a test on new data as an HTML page: verdict, what failed, then families."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from packager.errors import PackageError
from packager.manifest.policy import FAMILIES, Family
from packager.report.data_test_confusion import confusion
from packager.report.data_test_drift import drift_plots
from packager.report.data_test_examples import case_cards, examples_of, weak_slices
from packager.report.data_test_forest import Wording, forests, is_unclear
from packager.report.data_test_history import history_plots
from packager.report.data_test_members import members_part
from packager.report.data_test_plot import (
    MAX_SENTENCE,
    data_table,
    folded,
    part,
    shortened,
    words,
)
from packager.report.data_test_reliability import reliability
from packager.report.data_test_time import time_plot
from packager.report.numbers import number
from packager.report.page import page, table_box
from packager.testing.ordered import with_verdict, worst_first
from packager.worker.test.details import CalibrationDetails, QualityDetails, SuspectsDetails
from packager.worker.test.report import Check, DataTestReport, FamilyReport

STYLE = Path(__file__).with_name("data_test_page.css")
MAX_PARTS = 200
"""Parts of a family in the table of what was not tested."""
MAX_FIRST = 10
"""Failed checks that are named below the verdict."""
TITLES: Mapping[Family, str] = {
    "schema": "Schema",
    "suspects": "Suspicious values",
    "drift": "Drift",
    "quality": "Quality",
    "calibration": "Calibration",
    "fairness": "Fairness",
    "time": "Processor time",
    "cases": "Behavioural cases",
    "weak": "Weak slices",
}
CONFIDENCE = Wording("expected", "the value expected from the confidence when packaged")
GAPS = Wording("packaged gap", "the packaged distance of a group from all rows")
LEADS = {"passed": "good", "failed": "bad", "inconclusive": "doubt"}


def data_test_page(report: DataTestReport, history: Sequence[DataTestReport] = ()) -> str:
    """The page of a report; ``history``: the reports of earlier tests, oldest first."""
    reports = {family.family: family for family in report.families}
    families = [reports[name] for name in FAMILIES if name in reports]
    body = [
        f'<p class="lead {LEADS[report.verdict]}">{words(report.sentence, MAX_SENTENCE)}</p>',
        _first(with_verdict(report, "failed")),
        _contents(families),
        *(_family(family, report.sentence) for family in families),
        part("members", "Error by member", _members(report)),
        part("history", "Earlier tests", history_plots(report, history)),
        part("not-judged", "What was not judged, and why", _not_judged(report)),
        part("data", "Data and policy", _data(report)),
    ]
    title = shortened(f"{report.name} {report.version}", MAX_SENTENCE)
    style = STYLE.read_text(encoding="utf-8")
    return page(
        "Test on new data", title, body, _facts(report), f"package root {report.root}", style
    )


def error_page(name: str, error: PackageError) -> str:
    """The page of a test of ``name`` that could not be made."""
    body = [
        f'<p class="lead bad">{words(f"The test could not be made: {error.message}", 2_000)}</p>',
        f"<p>{words(error.hint, 2_000)}</p>" if error.hint else "",
    ]
    return page("Test on new data", shortened(name, MAX_SENTENCE), body)


def _facts(report: DataTestReport) -> dict[str, str]:
    return {
        "new rows": number(report.rows),
        "answered": number(report.judged_rows),
        "measured with labels": number(report.labelled_rows),
        "checks": number(len(report.checks)),
        "failed": number(sum(check.verdict == "failed" for check in report.checks)),
        "probability of a false alarm": f"{report.policy.false_alarm:g}",
    }


def _first(failed: Sequence[Check]) -> str:
    """The failed checks in words."""
    if not failed:
        return ""
    lines = "".join(
        f'<li><a href="#{check.family}">{check.family}</a> '
        f"{words(check.why or check.name, MAX_SENTENCE)}</li>"
        for check in failed[:MAX_FIRST]
    )
    more = len(failed) - MAX_FIRST
    left_out = f'<li class="note">{number(more)} more failed, below</li>' if more > 0 else ""
    return part("failed", "What failed", f'<ul class="failed">{lines}{left_out}</ul>')


def _contents(families: Sequence[FamilyReport]) -> str:
    """The families with their verdicts, as links."""
    links = "".join(
        f'<li><a href="#{family.family}">{TITLES[family.family]}</a>{_badge(family.verdict)}</li>'
        for family in families
    )
    return f'<nav aria-label="families"><ul class="families">{links}</ul></nav>'


def _badge(verdict: str) -> str:
    return f' <span class="badge {verdict.replace(" ", "-")}">{verdict}</span>'


def _family(family: FamilyReport, sentence: str) -> str:
    """A family, with why it is so unless the verdict's ``sentence`` says it."""
    is_said = family.why in sentence
    why = "" if is_said else f"<p>{words(family.why, MAX_SENTENCE)}</p>"
    content = why + _DRAWN[family.family](family)
    badge = _badge(family.verdict)
    return part(family.family, TITLES[family.family], content or "<p>No check.</p>", badge)


def _quality(family: FamilyReport) -> str:
    details = QualityDetails.of(family.details)
    matrices = confusion(details) if details is not None else ""
    return forests(family.checks, "quality") + matrices


def _calibration(family: FamilyReport) -> str:
    details = CalibrationDetails.of(family.details)
    curves = "" if details is None else "".join(map(_curve, (details, *details.others)))
    return curves + forests(family.checks, "calibration", CONFIDENCE)


def _curve(details: CalibrationDetails) -> str:
    named = f"<h3>{words(details.output)}</h3>" if details.output else ""
    return named + reliability(details)


def _fairness(family: FamilyReport) -> str:
    return forests(family.checks, "fairness", GAPS)


def _suspects(family: FamilyReport) -> str:
    details = SuspectsDetails.of(family.details)
    note = ""
    if details is not None:
        flags = data_table("flags", ("flag", "rows"), details.flags.items())
        note = f"<p>{number(details.rows)} rows have a suspicious value.</p>{flags}"
    return note + forests(family.checks, "suspicious values") + "".join(examples_of(family.checks))


def _time(family: FamilyReport) -> str:
    return time_plot(family.checks)


def _cases(family: FamilyReport) -> str:
    return case_cards(family.checks)


def _schema(family: FamilyReport) -> str:
    rows = [
        (check.name, check.verdict, check.rows, shortened(check.why, MAX_SENTENCE))
        for check in worst_first(family.checks)
    ]
    table = table_box("schema", ("check", "verdict", "rows", "what"), rows)
    return table + "".join(examples_of(family.checks))


_DRAWN: Mapping[Family, Callable[[FamilyReport], str]] = {
    "schema": _schema,
    "suspects": _suspects,
    "drift": drift_plots,
    "quality": _quality,
    "calibration": _calibration,
    "fairness": _fairness,
    "time": _time,
    "cases": _cases,
    "weak": weak_slices,
}


def _members(report: DataTestReport) -> str:
    return "" if report.attribution is None else members_part(report.attribution)


def _not_judged(report: DataTestReport) -> str:
    """Families that were not judged, notes, and checks with too few rows."""
    absent = [
        (TITLES[family.family], shortened(family.why, MAX_SENTENCE))
        for family in report.families
        if family.verdict == "not judged"
    ]
    absent += [
        (
            f"{TITLES[family.family]}: {shortened(part.subject, 100)}",
            shortened(part.why, MAX_SENTENCE),
        )
        for family in report.families
        for part in family.not_tested[:MAX_PARTS]
    ]
    absent += [
        (
            TITLES[family.family],
            f"{number(len(family.not_tested) - MAX_PARTS)} more are in report.json",
        )
        for family in report.families
        if len(family.not_tested) > MAX_PARTS
    ]
    absent += [("note", shortened(note, MAX_SENTENCE)) for note in report.notes]
    unclear = [check for check in report.checks if is_unclear(check)]
    text = ""
    if unclear:
        text = (
            f"<p>{number(len(unclear))} of {number(len(report.checks))} checks have too few rows "
            "to see the change that the policy names.</p>"
        )
    return table_box("what was not judged", ("what", "why"), absent) + text + _unseen(unclear)


def _unseen(checks: Sequence[Check]) -> str:
    heads = ("family", "check", "rows", "allowed", "visible from")
    rows = (
        (one.family, one.name, one.rows, number(one.limit), number(one.visible_from))
        for one in worst_first(checks)
    )
    return data_table("checks with too few rows, and what they would have seen", heads, rows)


def _data(report: DataTestReport) -> str:
    files = data_table("files", ("file", "bytes", "sha256"), _files(report))
    policy = words(report.policy.model_dump_json(indent=1, exclude_defaults=True), 20_000)
    return (
        f'<p class="note">Fingerprint of the new data <code>{words(report.fingerprint)}</code></p>'
        f"{files}{folded('Policy ([test]), where it differs from the defaults', _code(policy))}"
    )


def _code(text: str) -> str:
    return f'<pre class="scroll" tabindex="0"><code>{text}</code></pre>'


def _files(report: DataTestReport) -> Iterator[tuple[str, int, str]]:
    for file in report.files:
        yield file.path, file.size, file.sha256
