"""``package deploy kubernetes``: the folder of each model among those of others."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packager.deploy import generated_folder
from packager.deploy.folder_target import KUBERNETES, TARGET, check_target
from packager.deploy.kubernetes.cluster_tracker import FOLDER, ClusterTracker
from packager.deploy.kubernetes.files import FLEET, kubernetes_files
from packager.deploy.kubernetes.tracker_overlays import tracker_files
from packager.deploy.kubernetes.workload import MAX_LABEL, Workload, object_name
from packager.deploy.monitoring import (
    dashboard_text,
    fleet_text,
    issues_text,
    model_rules,
    monitored,
    replica_mib,
    slices_text,
)
from packager.deploy.part_images import with_pins
from packager.deploy.parts import REDIS, TRACKER
from packager.deploy.prometheus.rules import AlertOptions, MonitoredModel, Objectives
from packager.deploy.schedule import Every
from packager.errors import UsageError
from packager.image.reference import Reference

IMAGE = re.compile(r"[a-zA-Z0-9$][\w.:/${}-]*(@sha256:[0-9a-f]{64})")
LABEL = re.compile(r"(?:[a-z0-9.-]+/)?[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")
MODELS = "models"
"""Note of the folder: name of a model's folder → name of the model."""
MONITORS = "monitors"
"""The part that needs Prometheus's operator, without whose kinds a cluster refuses all files."""
PINNABLE = (REDIS, TRACKER)
"""Services whose images can be named by digest."""
KEYED = "keys"
"""Note of the folder: the folders of models whose servers require keys."""


@dataclass(frozen=True)
class ClusterOptions:
    """Options that differ between clusters."""

    image: str
    redis: str
    keys: bool
    monitor_labels: dict[str, str]
    monitors: bool = True
    """Whether Prometheus's operator is in the cluster."""
    tracker: bool | None = None
    """Whether the issue tracker is one of the parts; None: as before."""
    pins: dict[str, str] = field(default_factory=dict)
    """Images by digest of the services beside the model."""
    companion: str = ""
    """The companion's image, which tests the package on a schedule; empty: no schedule."""
    every: Every = "day"

    @classmethod
    def parse(
        cls,
        image: str,
        redis: str,
        labels: Sequence[str],
        *,
        keys: bool,
        left_out: Sequence[str] = (),
        pins: Mapping[str, str] | None = None,
    ) -> ClusterOptions:
        """Check the options; raises ``UsageError`` that names the wrong one."""
        for part in left_out:
            if part != MONITORS:
                raise UsageError(
                    f"--without: expected {MONITORS}, got {part!r}",
                    "a Redis that is there: --redis; `deploy kubernetes` has the part tracker, too",
                )
        check_image("--image", image)
        url = urlsplit(redis)
        if redis and (url.scheme not in ("redis", "rediss") or not url.hostname):
            raise UsageError(
                f"--redis: expected redis://HOST:PORT/NUMBER, got {redis!r}", "or leave it out"
            )
        if url.password:
            raise UsageError(
                "--redis: expected an address without a password, which would be in a plain file",
                "allow the model's pods by network policy, or leave the option out",
            )
        pinned = with_pins({}, pins or {})
        return cls(image, redis, keys, _monitor_labels(labels), not left_out, pins=pinned)

    def with_parts(
        self, added: Sequence[str], left_out: Sequence[str], companion: str, every: Every
    ) -> ClusterOptions:
        """With the parts of ``deploy kubernetes`` alone; raises ``UsageError`` as ``parse``."""
        for part in added:
            if part != TRACKER:
                raise UsageError(
                    f"--with: expected {TRACKER}, got {part!r}",
                    "tests on a schedule: --companion",
                )
        if added and left_out:
            raise UsageError(f"{TRACKER} is in both --with and --without", "name it in one of them")
        if TRACKER in self.pins and not added:
            raise UsageError(
                f"--pin {TRACKER}: expected --with {TRACKER} with it, got none", "add it"
            )
        if added and TRACKER not in self.pins:
            raise UsageError(
                f"--with {TRACKER}: expected its image, got none",
                f"push the one that `package issues image` made: --pin {TRACKER}=NAME@sha256:…",
            )
        if companion:
            check_image("--companion", companion)
        tracker = True if added else False if left_out else None
        return replace(self, tracker=tracker, companion=companion, every=every)


def check_image(option: str, image: str) -> None:
    """Raise ``UsageError`` unless ``image`` is an address with a digest."""
    if not IMAGE.fullmatch(image):
        raise UsageError(
            f"{option}: expected HOST/NAME@sha256:…, got {image!r}",
            "push the image, and give the address with the digest: a tag may name another "
            "image tomorrow",
        )


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
    """The written files."""

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
        pins=cluster.pins,
        companion=cluster.companion,
        every=cluster.every,
    )
    models = {**dict(known.notes.get(MODELS, {})), work.name: work.model}
    own_files = kubernetes_files(work, model_rules(model), model_dashboards(model, work.name))
    files = {f"{work.name}/{path}": text for path, text in own_files.items()}
    tracker = _tracker(known.notes.get(TRACKER), cluster, options.tracker)
    others = [path for path in known.files if path.partition("/")[0] not in (work.name, FOLDER)]
    kinds = {work.name: issues_text(model)}
    shared, remaining = _shared(tracker, models, kinds, known.files)
    notes = _notes(models, keyed, tracker)
    changed = generated_folder.write(target, {**files, **shared}, notes, [*others, *remaining])
    files |= shared
    return KubernetesResult(tuple(sorted(files)), work.name, work.version, tuple(changed))


def model_dashboards(model: MonitoredModel, name: str) -> dict[str, str]:
    """File → JSON of the model's dashboards and that of all models; ``name``: of its objects."""
    return {
        f"{name}.json": dashboard_text(model),
        f"{name}-slices.json": slices_text(model),
        FLEET: fleet_text(model.options.tracker),
    }


def _notes(
    models: Mapping[str, str], keyed: Collection[str], tracker: ClusterTracker | None
) -> dict[str, Any]:
    notes = {TARGET: KUBERNETES, MODELS: dict(models), KEYED: sorted(keyed)}
    return notes if tracker is None else {**notes, TRACKER: asdict(tracker)}


def _tracker(
    known: Mapping[str, Any] | None, cluster: ClusterOptions, address: str
) -> ClusterTracker | None:
    """The folder's tracker, as it was or as it is asked for now; None without one."""
    if cluster.tracker is False or (known is None and not cluster.tracker):
        return None
    if cluster.tracker:
        labels = cluster.monitor_labels
        return ClusterTracker(cluster.pins[TRACKER], address, cluster.monitors, labels)
    return ClusterTracker(**(known or {}))


def _shared(
    tracker: ClusterTracker | None,
    models: Mapping[str, str],
    kinds: Mapping[str, str],
    known: Collection[str],
) -> tuple[dict[str, str], list[str]]:
    """Path → content of the tracker's files, and paths of those of other models, which stay.

    ``kinds``: name of a model's objects → kinds of its issues. A model that was deployed before
    the tracker has none until it is deployed again.
    """
    if tracker is None:
        return {}, []
    location = f"{FOLDER}/base/kinds"
    there = [name for name in models if f"{location}/{name}.json" in known and name not in kinds]
    files = tracker_files(tracker, {**dict.fromkeys(there, ""), **kinds})
    written = {f"{FOLDER}/{path}": text for path, text in files.items()}
    return written, [f"{location}/{name}.json" for name in there]


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
    others = [path for path in known.files if path.partition("/")[0] not in (folder, FOLDER)]
    fields = known.notes.get(TRACKER)
    tracker = None if fields is None else ClusterTracker(**fields)
    shared, remaining = _shared(tracker, models, {}, known.files)
    notes = _notes(models, set(known.notes.get(KEYED, ())) - {folder}, tracker)
    changed = generated_folder.write(target, shared, notes, [*others, *remaining])
    return KubernetesResult(
        tuple(sorted([*others, *shared, *remaining])), folder, "", tuple(changed)
    )
