"""``--engine ray``: Ray Data gives units to actors, each with a process of the package.

Ray's Python and the model's never meet: an actor speaks to the package's own interpreter, as one
process does without Ray, and writes the parts itself. So the bytes are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from packager.errors import PackageError
from packager.progress import NullProgress, Progress
from packager.scoring.plan import ScoreRequest
from packager.scoring.run import Drive, plan_scoring
from packager.scoring.units import Unit
from packager.trust.verified import open_verified


def ray_drive(reference: str, request: ScoreRequest) -> Drive:
    """Execution of units by Ray; ``PackageError`` if Ray is not installed.

    ``reference`` and the paths in ``request`` are opened on every node: they must be shared.
    """
    ray = _ray()

    def drive(units: Sequence[Unit], progress: Progress) -> None:
        started = not ray.is_initialized()
        if started:
            _start(ray)
        try:
            _drive(ray, reference, request, units, progress)
        finally:
            if started:
                ray.shutdown()

    return drive


def _start(ray: Any) -> None:
    """Start Ray on this machine, or join the cluster that its variables name."""
    try:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # Ray raises plain ones, of a machine that is too busy for example
        ray.shutdown()
        raise PackageError(
            f"Ray did not start: {str(error).strip().splitlines()[0]}",
            "try again with fewer other programs, or leave --engine out; --resume goes on",
        ) from error


def _drive(
    ray: Any, reference: str, request: ScoreRequest, units: Sequence[Unit], progress: Progress
) -> None:
    ray.data.DataContext.get_current().enable_progress_bars = False
    actors = min(len(units), max(1, int(ray.cluster_resources().get("CPU", 1))))
    numbers = [{"unit": unit.number} for unit in units]
    dataset = ray.data.from_items(
        numbers, override_num_blocks=min(len(units), 4 * actors)
    ).map_batches(
        UnitActor,
        fn_constructor_args=(reference, request),
        batch_size=max(1, len(units) // (4 * actors)),
        compute=ray.data.ActorPoolStrategy(size=actors),
    )
    try:
        done = 0
        for row in dataset.iter_rows():
            if row["error"]:
                raise PackageError(row["error"], row["hint"])
            done += row["parts"]
            progress.step(f"{done} of {len(units)} parts")
    except ray.exceptions.RayError as error:
        raise PackageError(
            f"Ray: {str(error).strip().splitlines()[-1]}",
            "see its logs; --resume goes on with the parts that are there",
        ) from error


class UnitActor:
    """Scores units on a node of Ray, one process of the package for each call."""

    def __init__(self, reference: str, request: ScoreRequest) -> None:
        self._reference, self._asked = reference, request

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The parts of the units in ``batch``: how many, or an error and its hint."""
        unit_numbers = {int(number) for number in batch["unit"]}
        done: list[Unit] = []
        error, hint = "", ""
        try:
            with open_verified(self._reference, None, NullProgress()) as package:
                planned = plan_scoring(package, self._asked, NullProgress())
                units = [u for u in planned.scorer.source.units if u.number in unit_numbers]
                planned.score(units, None, NullProgress(), done.append)
        except PackageError as raised:
            error, hint = raised.message, raised.hint or ""
        return {"parts": [len(done)], "error": [error], "hint": [hint]}


def _ray() -> Any:
    try:
        ray = import_module("ray")
        import_module("ray.data")
    except ModuleNotFoundError as error:
        raise PackageError(
            "--engine ray: expected Ray in this environment, got none",
            "install it beside `package`, on every node: python -m pip install 'ray[data]'",
        ) from error
    return ray
