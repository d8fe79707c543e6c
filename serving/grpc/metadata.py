"""``ServerMetadata``, ``ModelMetadata`` and ``RepositoryIndex``: what HTTP answers, as messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Manifest
from serving.grpc.messages import MESSAGES
from serving.protocols import v2
from serving.protocols.registry import indexed_models, server_description


def server_metadata(manifest: Manifest) -> Any:
    """The ``ServerMetadataResponse``; the extensions of HTTP are none of gRPC."""
    described = server_description(manifest)
    return MESSAGES["ServerMetadataResponse"](name=described["name"], version=described["version"])


def model_metadata(manifest: Manifest, golden: Golden | None, *, tokens: bool) -> Any:
    """The ``ModelMetadataResponse``; ``tokens``: whether answers have feedback tokens."""
    described = v2.metadata(manifest, golden, tokens=tokens)
    response = MESSAGES["ModelMetadataResponse"](
        name=described["name"], versions=described["versions"], platform=described["platform"]
    )
    for kind in ("inputs", "outputs"):
        for one in described[kind]:
            _add(getattr(response, kind), one)
    return response


def repository_index(manifest: Manifest, *, ready: bool, only_ready: bool) -> Any:
    """The ``RepositoryIndexResponse``; ``only_ready``: without models that accept no requests."""
    models = indexed_models(manifest, ready=ready, only_ready=only_ready)
    return MESSAGES["RepositoryIndexResponse"](models=models)


def _add(tensors: Any, one: Mapping[str, Any]) -> None:
    added = tensors.add(name=one["name"], datatype=one["datatype"], shape=one["shape"])
    for name, text in one.get("parameters", {}).items():
        added.parameters[name].string_param = text
