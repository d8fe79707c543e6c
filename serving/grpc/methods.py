"""The methods of the gRPC port by their paths."""

from __future__ import annotations

INFERENCE = "inference.GRPCInferenceService"
HEALTH = "grpc.health.v1.Health"
LIVE, READY, MODEL_READY, SERVER_METADATA, MODEL_METADATA, INFER = (
    f"/{INFERENCE}/{name}"
    for name in (
        *("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata"),
        "ModelInfer",
    )
)
CHECK = f"/{HEALTH}/Check"
PROBES = frozenset([LIVE, READY, CHECK])
"""They need no key, and aren't counted among the requests."""
METHODS = PROBES | {MODEL_READY, SERVER_METADATA, MODEL_METADATA, INFER}
