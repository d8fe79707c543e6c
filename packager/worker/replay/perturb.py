"""Negative controls of a replay: deliberate changes that must lower the equivalence level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from packager.errors import UsageError
from packager.manifest.manifest import Recipe
from packager.worker.job import Job, ReplayRequest


@dataclass(frozen=True)
class PerturbedJob:
    """A job with one change; ``what`` describes it, None if there is none."""

    job: Job
    what: str | None


def perturb(job: Job, recipe: Recipe, ask: ReplayRequest, train_rows: int) -> PerturbedJob:
    """``job`` with another seed, without one training row, or with changed parameters.

    Raises ``UsageError`` if the job has nothing of the kind to change.
    """
    match ask.perturb:
        case "none":
            return PerturbedJob(job, None)
        case "seed":
            seed = (recipe.seed + 1) % 2**32
            return PerturbedJob(
                _with(job, recipe, seed=seed), f"seed: {seed} in place of {recipe.seed}"
            )
        case "row":
            if train_rows < 2:
                raise UsageError("--perturb row: expected two training rows, got fewer", "use seed")
            start = train_rows // 2
            what = f"row: training row {start} of {train_rows} left out"
            return PerturbedJob(job.model_copy(update={"leave_out": start}), what)
        case "param":
            changed = {name: _other(value) for name, value in recipe.params.items()}
            changed = {name: v for name, v in changed.items() if v != recipe.params[name]}
            if not changed:
                raise UsageError(
                    "--perturb param: expected a number or a boolean in [recipe.params], got none",
                    "perturb the seed or a row",
                )
            what = ", ".join(f"{k} {v} in place of {recipe.params[k]}" for k, v in changed.items())
            params = {**recipe.params, **changed}
            return PerturbedJob(_with(job, recipe, params=params), f"param: {what}")


def _with(job: Job, recipe: Recipe, **changes: Any) -> Job:
    return job.model_copy(update={"recipe": recipe.model_copy(update=changes)})


def _other(value: Any) -> Any:
    """A different value near ``value``; unchanged if it is neither number nor boolean."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 1.1 if value else 0.1
    return value
