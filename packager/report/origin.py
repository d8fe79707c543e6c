"""The origin of a model from MLflow, and the claims of its run, for ``inspect`` and the card.

Claimed metrics are named as such: nothing of this project measured them.
"""

from __future__ import annotations

from collections.abc import Iterator

from packager.image.reference import Reference
from packager.project.mlflow.record import FILE, ModelOrigin
from packager.report.numbers import number
from packager.text import escape_control_characters, format_bytes, listed

Fact = tuple[str, str]
MAX_CLAIMED = 6
NOT_MEASURED = "claimed by its run; this package did not measure them"


def origin_of(reference: Reference) -> ModelOrigin | None:
    """The record of the package; None if it has none."""
    return reference.record(ModelOrigin, FILE)


def short_facts(origin: ModelOrigin, everything: bool) -> Iterator[Fact]:
    """The lines of ``inspect``; parameters and tags only with ``everything``."""
    parts = [origin.called]
    parts += [f"asked for as {origin.address}"] if origin.address else []
    parts += [f"from {origin.server}"] if origin.server else []
    parts += [f"run {origin.run}"] if origin.run and origin.called != f"run {origin.run}" else []
    parts += [f"saved by MLflow {origin.mlflow}", f"files {origin.sha256[:12]}"]
    yield "origin", escape_control_characters(", ".join(parts))
    if origin.metrics:
        claimed = [f"{name} {_shown(value)}" for name, value in sorted(origin.metrics.items())]
        named = listed(claimed, len(claimed) if everything else MAX_CLAIMED)
        yield "claimed", escape_control_characters(f"{named} ({NOT_MEASURED})")
    if everything:
        for name, pairs in (("params", origin.params), ("tags", origin.tags)):
            if pairs:
                detail = ", ".join(f"{key} = {value}" for key, value in sorted(pairs.items()))
                yield name, escape_control_characters(detail)


def origin_facts(origin: ModelOrigin) -> Iterator[Fact]:
    """Every fact, for the card."""
    yield "model", origin.called
    for name, value in (
        ("asked for as", origin.address),
        ("tracking server", origin.server),
        ("run", origin.run and f"{origin.run}{f' ({origin.run_name})' if origin.run_name else ''}"),
        ("logged model", origin.model_id),
        ("program", origin.program),
        ("commit", origin.commit),
    ):
        if value:
            yield name, value
    if origin.aliases:
        yield "aliases", ", ".join(origin.aliases)
    yield "flavours", ", ".join(origin.flavors) or "python_function"
    yield "saved by", f"MLflow {origin.mlflow}"
    yield "files", f"{origin.files:,}, {format_bytes(origin.size)}, sha256 {origin.sha256}"
    yield from ((f"parameter {name}", value) for name, value in sorted(origin.params.items()))
    yield from ((f"tag {name}", value) for name, value in sorted(origin.tags.items()))
    if origin.left_out:
        yield "not recorded, like credentials", ", ".join(origin.left_out)


def claimed_rows(origin: ModelOrigin) -> tuple[Fact, ...]:
    """Name and value of each metric of the run."""
    return tuple((name, _shown(value)) for name, value in sorted(origin.metrics.items()))


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else number(value)
