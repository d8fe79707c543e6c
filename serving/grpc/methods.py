"""The methods of the gRPC port by their paths."""

from __future__ import annotations

INFERENCE = "inference.GRPCInferenceService"
HEALTH = "grpc.health.v1.Health"
LIVE, READY, MODEL_READY, SERVER_METADATA, MODEL_METADATA, INFER, INDEX = (
    f"/{INFERENCE}/{name}"
    for name in (
        *("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata"),
        *("ModelInfer", "RepositoryIndex"),
    )
)
CHECK, WATCH = f"/{HEALTH}/Check", f"/{HEALTH}/Watch"
REFLECTION = ("grpc.reflection.v1", "grpc.reflection.v1alpha")
"""Packages of the reflection; their messages have the same bytes."""
REFLECT = tuple(f"/{package}.ServerReflection/ServerReflectionInfo" for package in REFLECTION)
PROBES = frozenset([LIVE, READY, CHECK, WATCH])
"""They need no key, and aren't counted among the requests."""
STREAMED = frozenset(path.encode() for path in (WATCH, *REFLECT))
"""They answer with several messages."""
METHODS = PROBES | {*REFLECT} | {MODEL_READY, SERVER_METADATA, MODEL_METADATA, INFER, INDEX}
