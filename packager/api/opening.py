"""Opens a package for a caller in Python, as the command line opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packager.engine.engine import Engine
from packager.image import reference
from packager.image.reference import Reference
from packager.progress import Progress
from packager.runners.placement import runs_on
from packager.trust import verified as trust
from packager.trust.keys import PublicKey


@contextmanager
def opened_package(
    ref: str,
    progress: Progress,
    *,
    local: bool = False,
    key: Path | None = None,
    companion: bool = False,
    verified: bool = False,
) -> Iterator[tuple[Reference, Engine | None]]:
    """The package, and the engine to run it on; None to run it in a process of this machine.

    Raises ``PackageError`` if it is not signed by ``key`` or as this machine's policy demands, or
    if the image, or the ``companion`` that is to run, is not what the package's manifest records. A
    caller that reports such differences does so itself (``verified``).
    """
    engine = Engine.connect()
    with reference.open_reference(ref, engine) as package:
        if package.source:
            progress.step(f"{ref} is {package.source}")
        trust.check_platform(package, engine)
        runner = runs_on((package,), engine, progress, local=local)
        public = None if key is None else PublicKey.load(key)
        if verified:
            yield trust.signed(package, public, progress), runner
        else:
            yield trust.trusted(package, public, progress, companion=companion), runner
