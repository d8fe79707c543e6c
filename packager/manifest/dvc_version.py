"""The version of a data set that DVC tracks."""

from __future__ import annotations

from typing import Literal

from packager.manifest.base import FrozenModel


class DvcVersion(FrozenModel):
    """An output of DVC by its digest, with which its content was compared."""

    file: str
    """The ``.dvc`` file or the ``dvc.yaml``, relative to the project."""
    output: str
    """The file or folder, relative to the project."""
    stage: str | None = None
    digest: str
    """As DVC writes it; of a folder it ends with ``.dir``."""
    algorithm: Literal["md5", "md5-dos2unix"]

    @property
    def is_folder(self) -> bool:
        """Whether the digest is of a folder."""
        return self.digest.endswith(".dir")
