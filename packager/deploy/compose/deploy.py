"""``package deploy compose``: the folder of a deployment on one host."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from packager.deploy import configuration, generated_folder, tracker
from packager.deploy.compose.comments import compose_text
from packager.deploy.compose.document import PASSWORD
from packager.deploy.configuration import proxy_name
from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.folder_target import COMPOSE, target_fleet, target_notes
from packager.deploy.gateway import CONFIG, gateway_config
from packager.deploy.monitoring import (
    FLEET_DASHBOARD,
    fleet_text,
    model_files,
    monitored,
    own_paths,
    proxy_files,
    replica_mib,
    service_files,
)
from packager.deploy.parts import ALERTMANAGER, GATEWAY, GRAFANA, PROMETHEUS
from packager.deploy.prometheus.rules import AlertOptions, MonitoredModel, Objectives
from packager.deploy.proxy import proxy_config
from packager.deploy.yaml import dump
from packager.errors import UsageError
from packager.image.reference import Reference

IMAGE = re.compile(
    r"(?:[\w.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::\w[\w.-]{0,127})?"
    r"(?:@sha256:[0-9a-f]{64})?",
    re.ASCII,
)


@dataclass(frozen=True)
class ComposeOptions:
    """Options of a deployment with Compose."""

    image: str = ""
    """As the engine finds it; empty: as the package is named here."""
    replicas: int = 1
    port: int = 0
    """The first of its ports; 0: the one that it had, or the next free one."""
    keys: bool = False
    """Whether the servers require keys, and Prometheus sends one."""
    network: bool = False
    """Whether replicas may reach other machines, whatever the package says."""
    added: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Of the parts of the whole deployment."""
    pins: Mapping[str, str] = field(default_factory=dict)
    """Images by digest, in addition to those that it has."""


@dataclass(frozen=True)
class DeployResult:
    """The result of a deployment."""

    files: tuple[str, ...]
    """Paths below the folder: the model's own, and those shared by all models."""
    fleet: Fleet
    """The models of the folder now."""
    before: str | None
    """The version of this model deployed before; None for a new one."""
    changed: tuple[str, ...]
    """Files that the user changed, which were kept."""
    new: bool = False
    """Whether the folder had no model before."""


def deploy_compose(
    reference: Reference,
    target: Path,
    chosen: ComposeOptions,
    objectives: Objectives,
    options: AlertOptions = AlertOptions(),
) -> DeployResult:
    """Write the deployment of ``reference`` below ``target``, in addition to other models there.

    A model has its own files, which another version of it replaces; shared files are generated for
    all models. Raises ``UsageError``, with nothing written, if ``target`` holds other files or an
    update is under way, and ``PackageError`` for a package with names that no build produces.
    """
    model = monitored(reference, objectives, options)
    known = target_fleet(target, COMPOSE)
    before = known.members.get(model.name)
    member = DeployedModel(
        model.name,
        model.version,
        deployed_image(chosen.image, reference),
        port=chosen.port,
        memory_mib=replica_mib(reference.manifest),
        keys=chosen.keys,
        network=chosen.network or reference.manifest.serve.network,
        grpc=reference.manifest.serve.grpc,
        time_scale=options.time_scale,
        runbooks=options.runbooks,
        grafana=options.grafana,
        objectives=objectives,
        replicas=chosen.replicas,
    )
    fleet = known.with_model(member).with_parts(chosen.added, chosen.left_out)
    fleet = fleet.with_pins(chosen.pins)
    files = {**linked_files(model, fleet), **compose_files(fleet)}
    changed = write_fleet(target, files, fleet, known.members.keys() - {model.name})
    return DeployResult(
        tuple(sorted(files)),
        fleet,
        before.version if before else None,
        tuple(changed),
        new=not known.members,
    )


def deployed_image(image: str, reference: Reference) -> str:
    """The image of a service: as asked for, else by digest in its registry, else by its tag.

    Raises ``UsageError`` if what was asked for names no image.
    """
    if image and not IMAGE.fullmatch(image):
        raise UsageError(
            f"--image: expected NAME:TAG or NAME@sha256:…, got {image!r}",
            "name it as `docker run` does",
        )
    return image or reference.source or reference.name


def remove_compose(name: str, target: Path) -> DeployResult:
    """Remove the model ``name`` from ``target``; raises ``UsageError`` if it isn't there."""
    known = target_fleet(target, COMPOSE)
    fleet = known.without(name)
    files = compose_files(fleet)
    changed = write_fleet(target, files, fleet, fleet.members)
    return DeployResult(tuple(sorted(files)), fleet, known.members[name].version, tuple(changed))


def write_fleet(
    target: Path, files: Mapping[str, str], fleet: Fleet, others: Iterable[str]
) -> list[str]:
    """Write ``files`` and make the secrets; rules of the models ``others`` stay as they are."""
    secrets = secret_files(fleet)
    tracker.check_tokens(target, secrets)
    other_paths = [path for name in others for path in own_paths(name)]
    changed = generated_folder.write(target, files, target_notes(COMPOSE, fleet), other_paths)
    tracker.keep_tokens(target, secrets)
    return changed


def secret_files(fleet: Fleet) -> tuple[str, ...]:
    """Paths of the files with a random secret each, which are made once."""
    grafana = (PASSWORD,) if GRAFANA in fleet.parts else ()
    return (*(tracker.TOKENS if fleet.tracker else ()), *grafana)


def compose_files(fleet: Fleet) -> dict[str, str]:
    """Path → content of the files that are made of all models; deterministic for the same."""
    files = {
        "compose.yml": compose_text(fleet),
        **{f"proxy/{one.label}/haproxy.cfg": proxy_config(one) for one in fleet.sorted()},
        **gateway_files(fleet, proxy_name),
        **monitoring_configuration(fleet, configuration.prometheus(fleet)),
        **proxy_files(),
    }
    return files | (service_files() if fleet.tracker else {})


def gateway_files(fleet: Fleet, proxy: Callable[[DeployedModel], str]) -> dict[str, str]:
    """Path → content of the gateway's configuration; ``proxy``: the DNS name of a model's proxy."""
    if GATEWAY not in fleet.parts:
        return {}
    return {CONFIG: gateway_config(list(fleet.sorted()), proxy)}


def linked_files(model: MonitoredModel, fleet: Fleet) -> dict[str, str]:
    """``model_files`` whose dashboards link to the tracker of the deployment."""
    options = replace(model.options, tracker=fleet.tracker_address)
    return model_files(replace(model, options=options))


def monitoring_configuration(fleet: Fleet, scraping: Mapping[str, Any]) -> dict[str, str]:
    """Path → content of what configures Prometheus (``scraping``), Alertmanager and Grafana."""
    by_part: dict[str, dict[str, Mapping[str, Any]]] = {
        PROMETHEUS: {"prometheus/prometheus.yml": scraping},
        ALERTMANAGER: {"alertmanager/alertmanager.yml": configuration.alertmanager(fleet)},
        GRAFANA: {
            "grafana/provisioning/datasources/prometheus.yml": configuration.datasource(),
            "grafana/provisioning/dashboards/models.yml": configuration.dashboard_provider(),
        },
    }
    files = {
        path: dump(document)
        for part, documents in by_part.items()
        if part in fleet.parts
        for path, document in documents.items()
    }
    shown = {FLEET_DASHBOARD: fleet_text(fleet.tracker_address)}
    return files | (shown if GRAFANA in fleet.parts else {})
