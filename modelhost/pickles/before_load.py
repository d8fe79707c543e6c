"""The audit before a model is loaded: what would run code is refused, and named."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Sequence

from modelhost.errors import PackageError
from modelhost.pickles.advice import advice
from modelhost.pickles.audit import audit_model
from modelhost.pickles.judge import Judge
from modelhost.pickles.modules import here
from modelhost.pickles.report import PickleReport

SHOWN = 3
"""Findings in an error."""
_allowed: list[tuple[str, ...]] = [()]


@contextmanager
def pickles_allowed(names: Sequence[str]) -> Iterator[None]:
    """Allow these globals, as ``module.name``, while models are loaded."""
    _allowed.append(tuple(names))
    try:
        yield
    finally:
        _allowed.pop()


def refuse_pickles(path: Path, *, joblib_only: bool) -> None:
    """Raise ``PackageError`` for a model whose pickles would do more than restore data.

    ``joblib_only``: joblib reads the file; else any file below ``path`` may be a pickle, which
    code of the project or a library reads.
    """
    report = audit_model(path, Judge(here(), _allowed[-1]), joblib_only=joblib_only)
    if report.findings:
        raise refusal(report, "the model")


def refusal(report: PickleReport, called: str) -> PackageError:
    """The error for a report with findings; ``called``: what was audited."""
    for name in report.refused_names:
        module, _, stray = name.partition(".")
        if module == "__main__":
            return PackageError(
                f"{called} needs {stray!r} of the script it was made by (module __main__)",
                f"move {stray} to a module of the project and train or save the model again",
            )
    shown = [finding.text for finding in report.findings[:SHOWN]]
    more = len(report.findings) - len(shown)
    detail = "; ".join(shown) + (f"; and {more} more" if more else "")
    names = report.refused_names
    hint = f"nothing of it was run: {advice(names, [finding.what for finding in report.findings])}"
    if names and len(names) == len(report.findings):
        listed = ", ".join(f'"{name}"' for name in names)
        hint += f"; if you know what it does, add [serve] pickle_allow = [{listed}]"
    return PackageError(f"{called} is refused: {detail}", hint)
