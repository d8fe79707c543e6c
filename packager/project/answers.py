"""Checks that one place of ``package.toml`` says what the model answers, with its targets."""

from __future__ import annotations

from collections.abc import Mapping

from packager.project.sections import DataSection, OutputSection, PackageSection

ANSWERED = ("flags", "token")
"""Keys of every answer beside the outputs, which therefore can't have these names."""


def check_answers(
    package: PackageSection, outputs: Mapping[str, OutputSection], data: DataSection | None
) -> None:
    """Raise ``ValueError`` unless one place says what the model answers, with its targets."""
    if bool(outputs) == (package.task is not None):
        got = "both" if outputs else "neither"
        raise ValueError(f"expected one of `package.task` and [outputs], got {got}")
    taken = [name for name in outputs if name in ANSWERED]
    if taken:
        raise ValueError(
            f"`outputs.{taken[0]}`: expected another name: every answer has {taken[0]}"
        )
    target = data.target if data else None
    if outputs and target is not None:
        raise ValueError("`data.target`: expected none beside [outputs], which name their targets")
    if data is not None and not outputs and target is None:
        raise ValueError("expected key `data.target`, got none")
