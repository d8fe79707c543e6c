"""Columns of requests that the model does not use: ignored and counted, or refused."""

from __future__ import annotations

from dataclasses import dataclass

from packager.manifest.manifest import Manifest
from packager.manifest.outputs import targets_of


@dataclass(frozen=True)
class ExtraColumns:
    """Treatment of columns in requests that the model does not use."""

    refuse: bool = False
    """Whether an unknown one is an error; otherwise it is ignored and counted."""
    passed_over: frozenset[str] = frozenset()
    """Columns of the training data that the model does not use: never refused, never counted."""

    @classmethod
    def of(cls, manifest: Manifest) -> ExtraColumns:
        """As ``[serve] extra_columns`` defines; unused columns of the training data are ignored."""
        schema = manifest.schema_
        target = {schema.target.name} if schema.target else set()
        passed_over = frozenset({*schema.unused, *target, *targets_of(schema.outputs)})
        return cls(manifest.serve.extra_columns == "refuse", passed_over)
