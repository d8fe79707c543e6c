"""A replay's report as a page a person can read: one file, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from packager.manifest.evaluation import NumericalEnvironment
from packager.manifest.manifest import Manifest
from packager.report.page_policy import POLICY, shown
from packager.worker.replay.report import LADDER, ModelComparison, ReplayReport
from packager.worker.replay.report_text import SAME_ENVIRONMENT, isolated, number, verdict

STYLE = Path(__file__).with_name("replay_page.css")
MEANING = {
    "artifact": "the model's files are equal, byte for byte",
    "state": "the model holds the same values, written down otherwise",
    "predictions": "every held-out row gets the same answer",
    "metrics": "the metrics are within the accepted band",
    "statistical": "the metrics are within the spread of seeds",
    "none": "none of these",
}


def as_page(report: ReplayReport, manifest: Manifest) -> str:
    """The report of a replay of ``manifest``'s package, as HTML."""
    title = f"Replay of {manifest.name} {manifest.tag}"
    state = "ok" if report.passed else "bad"
    style = STYLE.read_text(encoding="utf-8")
    parts = [
        f"<h1>{shown(title)}</h1>",
        f'<p class="verdict {state}">{shown(verdict(report))}</p>',
        _ladder(report),
        _likeness(report.likeness) if report.likeness else "",
        _table(f"Checked by {report.checked_by}", ("what", "who vouches for it"), _vouched(report)),
        _table("Metrics", ("metric", "recorded", "now", "accepted", "seeds", ""), _metrics(report)),
        _table("Why it may differ", ("where", "what"), _reasons(report)),
        _table("Environment", ("", "recorded", "now"), _environment(report, manifest.environment)),
        _table("Checks", ("what", "expected", "got", ""), _checks(report)),
        f"<footer>package root {manifest.root}</footer>",
    ]
    body = "\n".join(part for part in parts if part)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{POLICY}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{shown(title)}</title><style>{style}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _ladder(report: ReplayReport) -> str:
    rows = []
    for rung in LADDER[:-1]:
        marks = [
            text
            for text, of in (
                ("reached", report.rung),
                ("claimed", report.level if report.claimed else None),
                ("seen when built", report.observed),
            )
            if of == rung
        ]
        kind = ' class="here"' if rung == report.rung else ""
        rows.append(
            f"<li{kind}><b>{rung}</b> {MEANING[rung]} <i>{shown(', '.join(marks))}</i></li>"
        )
    return f'<h2>The ladder</h2><ol class="ladder">{"".join(rows)}</ol>'


def _vouched(report: ReplayReport) -> list[tuple[str, str]]:
    return [*report.vouched.items(), *isolated(report)]


def _likeness(found: ModelComparison) -> str:
    facts = [("held-out rows asked", str(found.rows))]
    if found.label_flips is not None:
        facts.append(("rows with another label", str(found.label_flips)))
    facts.append(("largest difference", number(found.largest_difference)))
    facts.append(("model files", "equal" if found.artifact else "differ"))
    state = {True: "equal", False: "differs", None: "can't be seen"}[found.state]
    facts.append(("model state", state))
    facts += [("differs", part) for part in found.differing]
    facts += [("differs, but is not part of the state", part) for part in found.ignored]
    if found.differing_rows:
        places = ", ".join(map(str, found.differing_rows))
        facts.append(("held-out rows that differ most", places))
    return _table("The two models", ("", ""), facts)


def _metrics(report: ReplayReport) -> Iterator[tuple[str, ...]]:
    for name, check in report.metrics.items():
        low, high = report.intervals.get(name, (None, None))
        seeds = "" if low is None else f"{number(low)} to {number(high)}"
        band = "" if check.accepted is None else f"± {number(check.accepted)}"
        ok = "ok" if check.ok else "no"
        yield name, number(check.recorded), number(check.now), band, seeds, ok


def _reasons(report: ReplayReport) -> Iterator[tuple[str, ...]]:
    if report.rung == "artifact":
        return
    for text in report.environment_differences or (SAME_ENVIRONMENT,):
        yield "environment", text
    for text in report.slips:
        place, _, what = text.partition(": ")
        yield place, what


def _environment(report: ReplayReport, recorded: NumericalEnvironment) -> Iterator[tuple[str, ...]]:
    now = report.environment_now.model_dump() if report.environment_now else {}
    for name, value in recorded.model_dump().items():
        yield name, _listed(value), _listed(now.get(name, ""))


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _checks(report: ReplayReport) -> Iterator[tuple[str, ...]]:
    for check in sorted(report.checks, key=lambda found: found.ok):
        yield check.name, check.expected, check.actual, "ok" if check.ok else "no"


def _table(
    title: str, head: tuple[str, ...], rows: Iterator[tuple[str, ...]] | list[tuple[str, str]]
) -> str:
    cells = ["".join(f"<td>{shown(cell)}</td>" for cell in row) for row in rows]
    if not cells:
        return ""
    names = "".join(f"<th>{shown(name)}</th>" for name in head)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return (
        f"<h2>{shown(title)}</h2><div class=scroll><table><thead><tr>{names}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
