"""The versions of one model in an InferenceService: the stable one, and a canary beside it.

KServe 0.20 names a canary's Deployment after its predictor. A promotion gives the stable predictor
that name, so that no pod is replaced; an update keeps the name, so that the Deployment rolls.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from packager.errors import UsageError

MAX_PERCENT = 100


@dataclass(frozen=True)
class PredictorVersion:
    """The version that one predictor runs."""

    version: str
    image: str
    memory_mib: int
    workers: int
    network: bool
    grpc: bool = False
    """Whether the server has a port for gRPC."""
    predictor: str = ""
    """Name of the predictor; empty for KServe's own."""

    @property
    def canary_name(self) -> str:
        """The predictor's name as a canary, different for each image."""
        return f"c{self.image.rpartition(':')[2][:8]}"


@dataclass(frozen=True)
class PredictorVersions:
    """The versions of one model."""

    model: str
    stable: PredictorVersion
    canary: PredictorVersion | None = None
    percent: int = 0
    """Of the requests, to the canary."""
    keys: bool = False
    """Whether its servers require API keys: once asked for, also without the option."""

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> PredictorVersions:
        """The version recorded in :attr:`notes`."""
        canary = known["canary"]
        return cls(
            known["model"],
            PredictorVersion(**known["stable"]),
            None if canary is None else PredictorVersion(**canary),
            known["percent"],
            known["keys"],
        )

    @property
    def notes(self) -> dict[str, Any]:
        """JSON values for the folder's record."""
        return asdict(self)


def with_version(
    model: str, known: PredictorVersions | None, new: PredictorVersion, percent: int | None
) -> PredictorVersions:
    """The versions after ``new`` is deployed, as a canary with ``percent`` of the requests if any.

    Without a percentage a canary with the image of ``new`` is promoted, and any other one ends.
    Raises ``UsageError`` for a canary without a stable version of another image.
    """
    if percent is None:
        if known is None:
            return PredictorVersions(model, new)
        promoted = known.canary is not None and known.canary.image == new.image
        current = known.canary if promoted and known.canary is not None else known.stable
        stable = replace(new, predictor=current.predictor)
        return PredictorVersions(model, stable, keys=known.keys)
    if not 0 <= percent <= MAX_PERCENT:
        raise UsageError(
            f"--canary: expected 0 to {MAX_PERCENT / 100:g}, got {percent / 100:g}",
            "0 starts the version without requests",
        )
    if known is None:
        raise UsageError(
            f"--canary: expected a stable version of {model} in this folder, got none",
            "deploy one without --canary first",
        )
    if known.stable.image == new.image:
        raise UsageError(
            f"--canary: expected another image than that of the stable version "
            f"{known.stable.version}, got the same",
            "name the image of the new version, or leave --canary out to end a canary",
        )
    named = replace(new, predictor=new.canary_name)
    return replace(known, canary=named, percent=percent)


def percent_of(share: float | None) -> int | None:
    """``share`` in percent, of which KServe takes whole ones; raises ``UsageError`` for others."""
    if share is None:
        return None
    percent = round(100 * share)
    if not math.isclose(percent, 100 * share, abs_tol=1e-6):
        raise UsageError(
            f"--canary: expected a share of whole percents, got {share:g}", "for example 0.1"
        )
    return percent
