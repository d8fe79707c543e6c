"""``package deploy kubernetes``: the folder of each model among those of others."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packager.deploy import generated_folder
from packager.deploy.folder_target import KUBERNETES, TARGET, check_target
from packager.deploy.kubernetes.files import FLEET, kubernetes_files
from packager.deploy.kubernetes.workload import MAX_LABEL, Workload, object_name
from packager.deploy.monitoring import (
    dashboard_text,
    fleet_text,
    model_rules,
    monitored,
    replica_mib,
    slices_text,
)
from packager.deploy.prometheus.rules import AlertOptions, MonitoredModel, Objectives
from packager.errors import UsageError
from packager.image.reference import Reference

IMAGE = re.compile(r"[a-zA-Z0-9$][\w.:/${}-]*(@sha256:[0-9a-f]{64})")
LABEL = re.compile(r"(?:[a-z0-9.-]+/)?[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")
MODELS = "models"
"""Note of the folder: name of a model's folder → name of the model."""
MONITORS = "monitors"
"""The part that needs Prometheus's operator, without whose kinds a cluster refuses all files."""
KEYED = "keys"
"""Note of the folder: the folders of models whose servers require keys."""


@dataclass(frozen=True)
class ClusterOptions:
    """What differs between clusters."""

    image: str
    redis: str
    keys: bool
    monitor_labels: dict[str, str]
    monitors: bool = True
    """Whether Prometheus's operator is in the cluster."""

    @classmethod
    def parse(
        cls,
        image: str,
        redis: str,
        labels: Sequence[str],
        *,
        keys: bool,
        left_out: Sequence[str] = (),
    ) -> ClusterOptions:
        """Check the options; raises ``UsageError`` that names the wrong one."""
        for part in left_out:
            if part != MONITORS:
                raise UsageError(
                    f"--without: expected {MONITORS}, got {part!r}",
                    "a Redis that is there: --redis; Prometheus and Grafana are none of its parts",
                )
        if not IMAGE.fullmatch(image):
            raise UsageError(
                f"--image: expected HOST/NAME@sha256:…, got {image!r}",
                "push the image, and give the address with the digest: a tag may name another "
                "image tomorrow",
            )
        place = urlsplit(redis)
        if redis and (place.scheme not in ("redis", "rediss") or not place.hostname):
            raise UsageError(
                f"--redis: expected redis://HOST:PORT/NUMBER, got {redis!r}", "or leave it out"
            )
        if place.password:
            raise UsageError(
                "--redis: expected an address without a password, which would be in a plain file",
                "allow the model's pods by network policy, or leave the option out",
            )
        return cls(image, redis, keys, _monitor_labels(labels), not left_out)


def _monitor_labels(labels: Sequence[str]) -> dict[str, str]:
    parsed = {}
    for text in labels:
        name, equal, value = text.partition("=")
        wrong = len(value) > MAX_LABEL or not (LABEL.fullmatch(name) and LABEL.fullmatch(value))
        if not equal or wrong or "/" in value:
            raise UsageError(
                f"--monitor-label: expected NAME=VALUE, got {text!r}",
                "for example release=prometheus",
            )
        parsed[name] = value
    return parsed


@dataclass(frozen=True)
class KubernetesResult:
    """What was written."""

    files: tuple[str, ...]
    """Paths below the folder, sorted."""
    folder: str
    """The model's own folder."""
    version: str
    changed: tuple[str, ...]
    """Files that the user changed, which were kept."""


def deploy_kubernetes(
    reference: Reference,
    target: Path,
    cluster: ClusterOptions,
    objectives: Objectives,
    options: AlertOptions,
) -> KubernetesResult:
    """Write the manifests of ``reference`` below ``target``, in a folder of the model's own.

    Raises ``UsageError``, with nothing written, if ``target`` holds other files.
    """
    manifest = reference.manifest
    model = monitored(reference, objectives, options)
    check_target(target, KUBERNETES)
    known = generated_folder.read_generated(target)
    keyed = set(known.notes.get(KEYED, ()))
    if cluster.keys:
        keyed.add(object_name(model.name))
    work = Workload(
        model=model.name,
        version=model.version,
        image=cluster.image,
        memory_mib=replica_mib(manifest),
        workers=manifest.serve.workers,
        grpc=manifest.serve.grpc,
        network=manifest.serve.network,
        redis=cluster.redis,
        keys=object_name(model.name) in keyed,
        monitor_labels=cluster.monitor_labels,
        monitors=cluster.monitors,
    )
    models = {**dict(known.notes.get(MODELS, {})), work.name: work.model}
    made = kubernetes_files(work, model_rules(model), model_dashboards(model, work.name))
    files = {f"{work.name}/{path}": text for path, text in made.items()}
    others = [path for path in known.files if not path.startswith(f"{work.name}/")]
    changed = generated_folder.write(target, files, _notes(models, keyed), others)
    return KubernetesResult(tuple(sorted(files)), work.name, work.version, tuple(changed))


def model_dashboards(model: MonitoredModel, name: str) -> dict[str, str]:
    """File → JSON of the model's dashboards and that of all models; ``name``: of its objects."""
    return {
        f"{name}.json": dashboard_text(model),
        f"{name}-slices.json": slices_text(model),
        FLEET: fleet_text(model.options.tracker),
    }


def _notes(models: Mapping[str, str], keyed: Collection[str]) -> dict[str, Any]:
    return {TARGET: KUBERNETES, MODELS: dict(models), KEYED: sorted(keyed)}


def remove_kubernetes(name: str, target: Path) -> KubernetesResult:
    """Remove the files of the model ``name``; raises ``UsageError`` if it isn't there."""
    known = generated_folder.read_generated(target)
    models = dict(known.notes.get(MODELS, {}))
    folder = next((one for one, model in models.items() if model == name), None)
    if folder is None:
        raise UsageError(
            f"{target}: expected one of the models {', '.join(sorted(models.values()))}, got "
            f"{name!r}",
            "name a model of this folder",
        )
    del models[folder]
    kept = [path for path in known.files if not path.startswith(f"{folder}/")]
    notes = _notes(models, set(known.notes.get(KEYED, ())) - {folder})
    changed = generated_folder.write(target, {}, notes, kept)
    return KubernetesResult(tuple(sorted(kept)), folder, "", tuple(changed))
