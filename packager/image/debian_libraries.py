"""``debian_libraries.json``: a dated table of which Debian package holds a shared library."""

from __future__ import annotations

import datetime as dt
import functools
from importlib import resources
from typing import Annotated

from pydantic import Field

from packager.manifest.base import FrozenModel

FILE = "debian_libraries.json"
Soname = Annotated[str, Field(pattern=r"^lib[\w.+-]+\.so[.\d]*$")]
Package = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]+$")]


class DebianLibraries(FrozenModel):
    """Soname of a shared library → the Debian package that holds it."""

    checked: dt.date
    """When the names were compared with those of the release."""
    release: str
    """Debian's release name; ``libpython`` packages that it lacks come from later releases."""
    packages: dict[Soname, Package]


@functools.cache
def debian_libraries() -> DebianLibraries:
    """The table installed with this program."""
    return DebianLibraries.model_validate_json(
        resources.files(__package__).joinpath(FILE).read_bytes()
    )
