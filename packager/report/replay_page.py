"""Writes a replay's report as an HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelhost.sandbox.network import isolation_line
from packager.manifest.evaluation import NumericalEnvironment
from packager.manifest.manifest import Manifest
from packager.model.integrity import IntegrityCheck
from packager.report.numbers import change, interval, number
from packager.report.page import html_table, page, section
from packager.report.table import Cell
from packager.text import escape_markup
from packager.worker.replay.report import LEVELS, ModelComparison, ReplayReport, reaches
from packager.worker.replay.report_text import SAME_ENVIRONMENT, verdict

MEANING = {
    "artifact": "the model's files are equal, byte for byte",
    "state": "the model holds the same values in other bytes",
    "predictions": "every held-out row gets the same prediction",
    "metrics": "the metrics are within the accepted differences",
    "statistical": "the metrics are within the variance of seeds",
}
NOTHING_KNOWN = "unknown"


def as_page(report: ReplayReport, manifest: Manifest) -> str:
    """The report of a replay of ``manifest``'s package, as HTML."""
    state = "good" if report.passed else "bad"
    right = ("difference", "accepted", "interval of seeds")
    heads = ("metric", "recorded", "now", "difference", "accepted", "interval of seeds", "result")
    body = [
        f'<p class="lead {state}">{escape_markup(verdict(report))}</p>',
        section("Equivalence level", _levels(report)),
        html_table("Metrics", heads, _metrics(report), right),
        _comparison(report.comparison) if report.comparison else "",
        html_table("Possible reasons for a difference", ("where", "what"), _reasons(report)),
        html_table(f"Verified by {report.checked_by}", ("part", "how"), _verified(report)),
        _environment(report, manifest.environment),
        html_table("Checks", ("what", "result", "expected", "got"), check_rows(report.checks)),
    ]
    title = f"{manifest.name} {manifest.tag}"
    return page("Replay", title, body, footer=f"package root {manifest.root}")


def _levels(report: ReplayReport) -> str:
    """A list of all levels, strongest first, marked as reached, implied or not reached."""
    rows = []
    for level in LEVELS[:-1]:
        state = _state(report.level, level)
        words = [state.replace("missed", "not reached")]
        words += ["claimed"] if report.claimed and level == report.required_level else []
        words += ["at build"] if level == report.level_at_build else []
        tick = "·" if state == "missed" else "✓"
        rows.append(
            f'<li class="{state}"><i>{tick}</i><b>{level}</b>'
            f"<span>{escape_markup(MEANING[level])}</span>"
            f"<em>{escape_markup(', '.join(words))}</em></li>"
        )
    return f'<ol class="levels">{"".join(rows)}</ol>'


def _state(reached: str, level: str) -> str:
    if reached == level:
        return "reached"
    return "implied" if reaches(reached, level) else "missed"


def _verified(report: ReplayReport) -> list[tuple[str, str]]:
    isolation = [("isolation", isolation_line(report.isolation))] if report.isolation else []
    return [*report.verified_by.items(), *isolation]


def _comparison(comparison: ModelComparison) -> str:
    facts: list[tuple[str, str]] = [("held-out rows predicted", number(comparison.rows))]
    if comparison.label_flips is not None:
        facts.append(("rows with another label", number(comparison.label_flips)))
    facts.append(("largest difference", number(comparison.largest_difference)))
    facts.append(("model files", "equal" if comparison.artifact else "differ"))
    state = {True: "equal", False: "differs", None: NOTHING_KNOWN}[comparison.state]
    facts.append(("model state", state))
    facts += [("differs", part) for part in comparison.differing]
    facts += [("differs, not part of the state", part) for part in comparison.ignored]
    if comparison.differing_rows:
        indices = ", ".join(map(str, comparison.differing_rows))
        facts.append(("rows that differ most", indices))
    return html_table("Recorded and new model", ("fact", "value"), facts)


def _metrics(report: ReplayReport) -> Iterator[tuple[Cell, ...]]:
    for name, check in report.metrics.items():
        both = check.recorded is not None and check.now is not None
        moved = check.now - check.recorded if both else None  # type: ignore[operator]
        band = "" if check.accepted is None else f"± {check.accepted:g}"
        seeds = interval(report.intervals.get(name))
        result = "equal" if moved == 0 else "accepted" if check.ok else "not accepted"
        yield name, check.recorded, check.now, change(moved), band, seeds, result


def _reasons(report: ReplayReport) -> Iterator[tuple[str, str]]:
    if report.level == "artifact":
        return
    for text in report.environment_differences or (SAME_ENVIRONMENT,):
        yield "environment", text
    for text in report.nondeterminism:
        location, _, what = text.partition(": ")
        yield location, what


def _environment(report: ReplayReport, recorded: NumericalEnvironment) -> str:
    """Recorded values, and the current ones that differ."""
    now = report.environment_now.model_dump() if report.environment_now else None
    rows = []
    for name, value in recorded.model_dump().items():
        other = value if now is None else now[name]
        rows.append(
            (name.replace("_", " "), _listed(value), "" if other == value else _listed(other))
        )
    if not any(row[2] for row in rows) and now is not None:
        return html_table("Environment", ("setting", "recorded and now"), [r[:2] for r in rows])
    return html_table("Environment", ("setting", "recorded", "now, if it differs"), rows)


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def check_rows(checks: Sequence[IntegrityCheck]) -> Iterator[tuple[str, ...]]:
    """The check, its result and the values; failed checks first."""
    for check in sorted(checks, key=lambda entry: entry.ok):
        if check.ok:
            yield check.name, "equal", check.expected, ""
        else:
            yield check.name, "differs", check.expected, check.actual or "nothing"
