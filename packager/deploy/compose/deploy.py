"""``package deploy compose``: the folder of a deployment on one host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packager.deploy import configuration, generated_folder, tracker
from packager.deploy.compose.document import PASSWORD, compose_document
from packager.deploy.fleet import Fleet, Member
from packager.deploy.folder_target import COMPOSE, target_fleet, target_notes
from packager.deploy.monitoring import (
    model_files,
    monitored,
    own_paths,
    replica_mib,
    service_files,
)
from packager.deploy.parts import ALERTMANAGER, GRAFANA, PROMETHEUS
from packager.deploy.prometheus.rules import AlertOptions, Objectives
from packager.deploy.proxy import proxy_config
from packager.deploy.yaml import dump
from packager.image.reference import Reference


@dataclass(frozen=True)
class ComposeOptions:
    """What differs between deployments of a package."""

    image: str = ""
    """As the engine finds it; empty: as the package is named here."""
    replicas: int = 1
    port: int = 0
    """The first of its ports; 0: the one that it had, or the next free one."""
    keys: bool = False
    """Whether the servers require keys, and Prometheus sends one."""
    added: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Of the parts of the whole deployment."""


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


def deploy_compose(
    reference: Reference,
    target: Path,
    asked: ComposeOptions,
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
    member = Member(
        model.name,
        model.version,
        asked.image or reference.name,
        port=asked.port,
        memory_mib=replica_mib(reference.manifest),
        keys=asked.keys,
        network=reference.manifest.serve.network,
        time_scale=options.time_scale,
        runbooks=options.runbooks,
        grafana=options.grafana,
        objectives=objectives,
        replicas=asked.replicas,
    )
    fleet = known.with_model(member).with_parts(asked.added, asked.left_out)
    files = {**model_files(model), **compose_files(fleet)}
    changed = write_fleet(target, files, fleet, known.members.keys() - {model.name})
    return DeployResult(
        tuple(sorted(files)), fleet, before.version if before else None, tuple(changed)
    )


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
    kept = [path for name in others for path in own_paths(name)]
    changed = generated_folder.write(target, files, target_notes(COMPOSE, fleet), kept)
    tracker.keep_tokens(target, secrets)
    return changed


def secret_files(fleet: Fleet) -> tuple[str, ...]:
    """Paths of the files with a random secret each, which are made once."""
    grafana = (PASSWORD,) if GRAFANA in fleet.parts else ()
    return (*(tracker.TOKENS if fleet.tracker else ()), *grafana)


def compose_files(fleet: Fleet) -> dict[str, str]:
    """Path → content of the files that are made of all models; deterministic for the same."""
    files = {
        "compose.yml": dump(compose_document(fleet)),
        **{f"proxy/{one.label}/haproxy.cfg": proxy_config(one) for one in fleet.sorted()},
        **monitoring_configuration(fleet),
    }
    return files | (service_files() if fleet.tracker else {})


def monitoring_configuration(fleet: Fleet) -> dict[str, str]:
    """Path → content of what configures Prometheus, Alertmanager and Grafana."""
    made = {
        PROMETHEUS: {"prometheus/prometheus.yml": configuration.prometheus(fleet)},
        ALERTMANAGER: {"alertmanager/alertmanager.yml": configuration.alertmanager(fleet)},
        GRAFANA: {
            "grafana/provisioning/datasources/prometheus.yml": configuration.datasource(),
            "grafana/provisioning/dashboards/models.yml": configuration.dashboard_provider(),
        },
    }
    return {
        path: dump(document)
        for part, documents in made.items()
        if part in fleet.parts
        for path, document in documents.items()
    }
