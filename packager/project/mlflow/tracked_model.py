"""A tracking server's record of a model: where its files are, and how it came about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packager.client.tracking_server import TrackingServer
from packager.errors import PackageError, UsageError
from packager.project.mlflow.address import (
    LoggedModel,
    ModelAddress,
    RegisteredModel,
    RunModel,
)

SYSTEM = "mlflow."
"""Prefix of the names of MLflow's own tags; they hold a user's name and settings of its pages."""
PROGRAM, COMMIT = "mlflow.source.name", "mlflow.source.git.commit"
MAX_FACTS = 1_000
"""Metrics, parameters and tags of each kind."""
MAX_TEXT = 2_000
"""Characters of a parameter or a tag that are kept."""


@dataclass(frozen=True)
class TrackedModel:
    """A model as the server states it."""

    artifacts: tuple[str, ...]
    """Addresses of its folder, the first that holds a model counts."""
    name: str | None = None
    version: str | None = None
    aliases: tuple[str, ...] = ()
    run: str | None = None
    run_name: str | None = None
    model_id: str | None = None
    program: str | None = None
    commit: str | None = None
    metrics: Mapping[str, float | str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def tracked_model(address: ModelAddress, server: TrackingServer) -> TrackedModel:
    """Ask ``server`` for a model; raises ``UsageError`` if it has none of that address."""
    if isinstance(address, RunModel):
        return _of_run(address, server)
    if isinstance(address, LoggedModel):
        return _of_logged(address.id, server)
    return _of_version(address, server)


def _of_version(address: RegisteredModel, server: TrackingServer) -> TrackedModel:
    if address.alias is not None:
        query = {"name": address.name, "alias": address.alias}
        answer = server.get("registered-models/alias", **query)
    else:
        query = {"name": address.name, "version": str(address.version)}
        answer = server.get("model-versions/get", **query)
    version_info = _part(answer, "model_version", server)
    name, version = str(version_info.get("name")), str(version_info.get("version"))
    if version_info.get("status", "READY") != "READY":
        raise PackageError(
            f"{server.address}: expected version {version} of {name} to be ready, got "
            f"{version_info['status']}",
            "wait until its upload has ended, or register it again",
        )
    url = server.get("model-versions/get-download-uri", name=name, version=version)
    run, source = version_info.get("run_id") or None, str(version_info.get("source", ""))
    logged = source.removeprefix("models:/") if source.startswith("models:/m-") else None
    facts = _facts(run, logged, server)
    # The tags of the version are what its registry says; those of the run came before.
    facts["tags"] = {**facts.get("tags", {}), **_pairs(version_info.get("tags"))}
    aliases = tuple(sorted(map(str, version_info.get("aliases") or ())))
    artifacts = (str(url.get("artifact_uri", "")),)
    return TrackedModel(artifacts, name=name, version=version, aliases=aliases, **facts)


def _of_logged(model: str, server: TrackingServer) -> TrackedModel:
    info = _part(server.get(f"logged-models/{model}"), "model", server).get("info", {})
    facts = _facts(info.get("source_run_id") or None, model, server)
    return TrackedModel((str(info.get("artifact_uri", "")),), **facts)


def _of_run(address: RunModel, server: TrackingServer) -> TrackedModel:
    """MLflow 3 keeps a run's models beside its artifacts, and names them by the same path."""
    run = _part(server.get("runs/get", run_id=address.run), "run", server)
    own = f"{run.get('info', {}).get('artifact_uri', '')}/{address.path}"
    for one in (run.get("outputs") or {}).get("model_outputs") or ():
        model = str(one.get("model_id"))
        info = _part(server.get(f"logged-models/{model}"), "model", server).get("info", {})
        if info.get("name") == address.path:
            facts = _facts(address.run, model, server)
            return TrackedModel((str(info.get("artifact_uri", "")), own), **facts)
    return TrackedModel((own,), **_facts(address.run, None, server))


def _facts(run: str | None, model: str | None, server: TrackingServer) -> dict[str, Any]:
    """The facts of the run and the logged model; a deleted run has none.

    A logged model's own metrics come last: a run may have logged several models.
    """
    facts: dict[str, Any] = {"run": run, "model_id": model}
    run_info = server.find("runs/get", run_id=run) if run else None
    told_of_model = server.find(f"logged-models/{model}") if model else None
    data: dict[str, Any] = {}
    for document, key in ((run_info, "run"), (told_of_model, "model")):
        record = document.get(key, {}) if document else {}
        info, part = record.get("info", {}), record.get("data", {})
        tags = part.get("tags") or info.get("tags")
        data["metrics"] = {**data.get("metrics", {}), **_metrics(part.get("metrics"))}
        data["params"] = {**data.get("params", {}), **_pairs(part.get("params"))}
        data["tags"] = {**data.get("tags", {}), **_pairs(tags)}
        facts["run_name"] = facts.get("run_name") or info.get("run_name") or None
    tags = data.pop("tags")
    facts |= {"program": tags.get(PROGRAM), "commit": tags.get(COMMIT)}
    facts["tags"] = {name: tags[name] for name in tags if not name.startswith(SYSTEM)}
    return {**facts, **data}


def _part(document: Mapping[str, Any], key: str, server: TrackingServer) -> dict[str, Any]:
    part = document.get(key)
    if not isinstance(part, dict):
        raise PackageError(
            f"{server.address}: expected `{key}` in an answer, got none",
            "check that the address is that of an MLflow tracking server",
        )
    return part


def _pairs(pairs: Any) -> dict[str, str]:
    """``key`` and ``value`` of a list of objects, each text bounded."""
    listed = pairs if isinstance(pairs, list) else []
    if len(listed) > MAX_FACTS:
        raise UsageError(
            f"expected at most {MAX_FACTS:,} parameters or tags of a model, got {len(listed):,}",
            "download the model yourself, and name its folder",
        )
    return {str(one.get("key")): str(one.get("value", ""))[:MAX_TEXT] for one in listed}


def _metrics(metrics: Any) -> dict[str, float | str]:
    """The last value of each metric; what is no finite number as text."""
    listed = metrics if isinstance(metrics, list) else []
    latest = sorted(listed, key=lambda one: (_step(one, "step"), _step(one, "timestamp")))
    return {str(one.get("key")): _number(one.get("value")) for one in latest[-MAX_FACTS:]}


def _step(one: Mapping[str, Any], key: str) -> int:
    step = one.get(key, 0)
    try:
        return int(step)
    except (TypeError, ValueError):
        return 0


def _number(value: Any) -> float | str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)[:MAX_TEXT]
    return number if math.isfinite(number) else str(number)
