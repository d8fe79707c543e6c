"""The labels of a version, as its commit names them."""

from __future__ import annotations

from pydantic import Field, model_validator

from packager.digest import canonical_json, sha256_bytes
from packager.manifest.base import FileEntry, FrozenModel
from packager.manifest.label_schemes import LabelScheme

LABEL = "label"
"""Operation of a version whose rows are those of its predecessor, with other labels."""
ROW_HASH = "row_hash"
"""Column of a file, and name of the key, that identifies rows by their dfp/1 hash."""


class LabelSet(FrozenModel):
    """The labels of a version: of all schemes, by all annotators."""

    key: tuple[str, ...] = ()
    """The columns that identify a row; empty: the hash of the row over all columns."""
    schemes: tuple[LabelScheme, ...] = ()
    file: str = Field(pattern=r"^[0-9a-f-]{36}\.parquet$")
    """The file of the stored labels; its name is unique, so that a writer can remove its own."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of that file: equal labels have equal files."""
    count: int = Field(ge=0)
    """Number of stored labels."""
    sources: tuple[FileEntry, ...] = ()
    """The files that this version's labels were added from."""

    @model_validator(mode="after")
    def _unique_schemes(self) -> LabelSet:
        names = [scheme.name for scheme in self.schemes]
        if len({*names}) < len(names):
            raise ValueError("schemes: expected every name once")
        return self

    def scheme(self, name: str) -> LabelScheme | None:
        """A scheme by name; None if there is none of that name."""
        return next((scheme for scheme in self.schemes if scheme.name == name), None)

    @property
    def identity(self) -> str:
        """Digest of labels, schemes and key, from whatever files."""
        named = [self.key, [scheme.model_dump(mode="json") for scheme in self.schemes], self.sha256]
        return sha256_bytes(canonical_json(named))
