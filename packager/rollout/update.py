"""``package deploy update``: a new version takes over in steps, each of which has a way back.

The steps are in a journal in the folder, so that a later command can end what a killed one began.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packager.deploy.compose.deploy import deployed_image
from packager.deploy.folder_target import COMPOSE, target_fleet, target_of
from packager.engine.engine import Engine
from packager.errors import UsageError
from packager.image.reference import Reference
from packager.progress import Progress
from packager.rollout import journal as journals
from packager.rollout.journal import UpdateJournal
from packager.rollout.request import UpdateRequest, UpdateResult
from packager.rollout.rolling import RollingUpdate


def start_update(
    reference: Reference,
    folder: Path,
    request: UpdateRequest,
    engine: Engine | None,
    progress: Progress,
) -> UpdateResult:
    """Update the model of ``reference`` in ``folder`` to its version.

    Raises ``UsageError`` if the folder has no such model, or an update is under way, and
    ``PackageError``, with everything as it was, for whatever goes wrong.
    """
    name, version = reference.manifest.name, reference.manifest.tag
    with _only_one(folder):
        check_no_update(folder)
        one = target_fleet(folder, COMPOSE).members.get(name)
        if one is None:
            raise UsageError(
                f"{folder}: expected a deployment of {name}, got one without it",
                f"package deploy compose {reference.name} --output {folder}",
            )
        if one.grpc and not reference.manifest.serve.grpc:
            raise UsageError(
                f"{name} {version}: expected a package with `[serve] grpc = true`, as the one that "
                "serves has, got one without it",
                f"build it with grpc, or take the port away first: package deploy compose "
                f"{reference.name} --output {folder}",
            )
        image = _image(reference, request, engine, progress)
        if (version, image) == (one.version, one.image):
            raise UsageError(f"{name}: {version} serves already", "name another version")
        update = UpdateJournal(name, one.version, version, image, "starting", request.document)
        work = RollingUpdate.of(folder, update, engine, progress)
        work.slots.check_running()
        journals.begin(folder, update)
        return work.run(reference)


def _image(
    reference: Reference, request: UpdateRequest, engine: Engine | None, progress: Progress
) -> str:
    """The image to start; one in a folder or an archive is loaded into the engine."""
    in_file = reference.engine is None and not reference.source
    if request.image or not in_file or engine is None:
        return deployed_image(request.image, reference)
    return reference.in_engine(engine, progress)


def resume_update(
    reference: Reference, folder: Path, engine: Engine | None, progress: Progress
) -> UpdateResult:
    """Go on with the update that a killed command left; its options are those of that command."""
    with _only_one(folder):
        journal = left_update(folder)
        if reference.manifest.tag != journal.version:
            raise UsageError(
                f"expected {journal.version}, got {reference.manifest.tag}",
                "the update that was begun is of another version: take it back with --abort",
            )
        return RollingUpdate.of(folder, journal, engine, progress).run(reference)


def abort_update(folder: Path, progress: Progress) -> UpdateResult:
    """Take back the update that a killed command left."""
    with _only_one(folder):
        journal = left_update(folder)
        if journal.phase == "finishing":
            raise UsageError(
                f"{journal.model}: {journal.before} is stopped already, so {journal.version} stays",
                "finish the update with --resume",
            )
        RollingUpdate.of(folder, journal, None, progress).go_back()
    return UpdateResult(journal.model, journal.before, journal.version, done=False)


def left_update(folder: Path) -> UpdateJournal:
    """The update under way in ``folder``; raises ``UsageError`` without one."""
    journal = journals.read_journal(folder)
    if journal is None:
        raise UsageError(f"{folder}: expected an update under way, got none", "begin one: name REF")
    return journal


def check_no_update(folder: Path) -> None:
    """Raise ``UsageError`` if a killed command left an update."""
    journal = journals.read_journal(folder)
    if journal is not None:
        raise UsageError(
            f"{folder}: an update of {journal.model} to {journal.version} was begun and not ended "
            f"(phase: {journal.phase})",
            "package deploy update --resume goes on, --abort takes it back, with the same --output",
        )


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    if target_of(folder) != COMPOSE:
        raise UsageError(
            f"{folder}: expected a folder of `deploy compose`, got another",
            "name the folder with --output",
        )
    with journals.held(folder):
        yield
