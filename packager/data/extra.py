"""Columns of requests that the model does not take: ignored and counted, or refused."""

from __future__ import annotations

from dataclasses import dataclass

from packager.manifest import Manifest


@dataclass(frozen=True)
class ExtraColumns:
    """What becomes of columns in requests that the model does not take."""

    refuse: bool = False
    """Whether an unknown one is an error; otherwise it is ignored and counted."""
    passed_over: frozenset[str] = frozenset()
    """Columns of the training data that the model does not take: never refused, never counted."""

    @classmethod
    def of(cls, manifest: Manifest) -> ExtraColumns:
        """As ``[serve] extra_columns`` says; the target and excluded columns are passed over."""
        beside = {manifest.schema_.target.name} if manifest.schema_.target else set()
        if manifest.data != "none":
            beside |= {manifest.data.target, *manifest.data.exclude}
        return cls(manifest.serve.extra_columns == "refuse", frozenset(beside))
