"""Columns of requests that the model does not take: ignored and counted, or refused."""

from __future__ import annotations

from dataclasses import dataclass

from packager.manifest.manifest import Manifest


@dataclass(frozen=True)
class ExtraColumns:
    """What becomes of columns in requests that the model does not take."""

    refuse: bool = False
    """Whether an unknown one is an error; otherwise it is ignored and counted."""
    passed_over: frozenset[str] = frozenset()
    """Columns of the training data that the model does not take: never refused, never counted."""

    @classmethod
    def of(cls, manifest: Manifest) -> ExtraColumns:
        """As ``[serve] extra_columns`` says; what the training data has beside is passed over."""
        schema = manifest.schema_
        target = {schema.target.name} if schema.target else set()
        return cls(manifest.serve.extra_columns == "refuse", frozenset({*schema.unused, *target}))
