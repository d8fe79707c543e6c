"""``package deploy swarm``: the folder of a deployment on Docker Swarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from packager.deploy import configuration, generated_folder
from packager.deploy.compose.deploy import (
    ComposeOptions,
    DeployResult,
    deployed_image,
    gateway_files,
    linked_files,
    monitoring_configuration,
)
from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.folder_target import SWARM, target_fleet, target_notes
from packager.deploy.monitoring import (
    monitored,
    own_paths,
    proxy_files,
    replica_mib,
    service_files,
)
from packager.deploy.parts import GATEWAY, REDIS
from packager.deploy.prometheus.rules import AlertOptions, Objectives
from packager.deploy.swarm.document import STACK_FILE, proxy_path, stack_text
from packager.deploy.swarm.names import model_service, proxy_service, tasks_of
from packager.deploy.swarm.proxy import swarm_proxy_config
from packager.deploy.swarm.secret_values import keep_secrets, planned_secrets
from packager.digest import sha256_bytes
from packager.errors import UsageError
from packager.image.reference import Reference


@dataclass(frozen=True)
class SwarmPlan:
    """The services and files of one version of a model."""

    model: str
    files: Mapping[str, str]
    """Path → content, without the stack file."""
    fleet: Fleet
    before: str | None
    """The version of the model in the folder; None for a new one."""

    @property
    def others(self) -> set[str]:
        """The other models of the folder."""
        return set(self.fleet.members) - {self.model}


def plan_swarm(
    reference: Reference,
    target: Path,
    chosen: ComposeOptions,
    objectives: Objectives,
    options: AlertOptions = AlertOptions(),
) -> SwarmPlan:
    """The deployment of ``reference`` in ``target``, in addition to other models there.

    Raises ``UsageError`` if ``target`` holds other files, and ``PackageError`` for a package with
    names that no build produces.
    """
    model = monitored(reference, objectives, options)
    known = swarm_fleet(target)
    before = known.members.get(model.name)
    member = DeployedModel(
        model.name,
        model.version,
        deployed_image(chosen.image, reference),
        port=chosen.port,
        memory_mib=replica_mib(reference.manifest),
        keys=chosen.keys,
        time_scale=options.time_scale,
        network=chosen.network or reference.manifest.serve.network,
        grpc=reference.manifest.serve.grpc,
        runbooks=options.runbooks,
        grafana=options.grafana,
        objectives=objectives,
        replicas=chosen.replicas,
    )
    fleet = known.with_model(member).with_parts(chosen.added, chosen.left_out)
    fleet = fleet.with_pins(chosen.pins)
    files = {**linked_files(model, fleet), **_shared_files(fleet)}
    return SwarmPlan(model.name, files, fleet, before.version if before else None)


def check_plan(plan: SwarmPlan, target: Path) -> None:
    """Raise as ``write_plan`` would, and write nothing."""
    all_files, other_paths, _ = _made(target, plan.files, plan.fleet, plan.others)
    generated_folder.check_files(target, all_files, other_paths)


def write_plan(plan: SwarmPlan, target: Path) -> DeployResult:
    """Write the files of ``plan`` below ``target``.

    Raises ``UsageError``, with nothing written, if a file was changed that would be replaced, or
    several replicas would keep labels apart.
    """
    written, changed = _write(target, plan.files, plan.fleet, plan.others)
    return DeployResult(written, plan.fleet, plan.before, changed)


def remove_swarm(name: str, target: Path) -> DeployResult:
    """Remove the model ``name`` from ``target``; raises ``UsageError`` if it isn't there."""
    known = swarm_fleet(target)
    fleet = known.without(name)
    written, changed = _write(target, _shared_files(fleet), fleet, set(fleet.members))
    return DeployResult(written, fleet, known.members[name].version, changed)


def swarm_fleet(target: Path) -> Fleet:
    """The fleet of a folder; a new one has Redis, as replicas may be on several hosts."""
    fleet = target_fleet(target, SWARM)
    return fleet if fleet.members else replace(fleet, parts=fleet.parts | {REDIS})


def _shared_files(fleet: Fleet) -> dict[str, str]:
    """Path → content of the files that are made of all models, without the stack file."""
    scraping = configuration.prometheus(
        fleet,
        lambda one: [tasks_of(model_service(one))],
        _proxies,
        tasks_of(GATEWAY),
    )
    return {
        **{proxy_path(one): swarm_proxy_config(one) for one in fleet.sorted()},
        **gateway_files(fleet, _proxies),
        **monitoring_configuration(fleet, scraping),
        **proxy_files(),
        **(service_files() if fleet.tracker else {}),
    }


def _proxies(one: DeployedModel) -> str:
    return tasks_of(proxy_service(one))


def _write(
    target: Path, files: Mapping[str, str], fleet: Fleet, others: set[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write the files and the secrets; the paths of the files, and of those kept as changed."""
    all_files, other_paths, secrets = _made(target, files, fleet, others)
    changed = generated_folder.write(target, all_files, target_notes(SWARM, fleet), other_paths)
    keep_secrets(target, secrets)
    return tuple(sorted(all_files)), tuple(changed)


def _made(
    target: Path, files: Mapping[str, str], fleet: Fleet, others: set[str]
) -> tuple[dict[str, str], list[str], dict[str, str]]:
    """All files with the stack file, paths of other models' files, and the secrets."""
    _check_labels(fleet)
    secrets = planned_secrets(target, fleet)
    other_paths = [path for name in others for path in own_paths(name)]
    held = {path: text for path in other_paths if (text := _held(target / path)) is not None}
    there = {**held, **files, **_changed(target, files)}
    return {STACK_FILE: stack_text(fleet, there, secrets), **files}, other_paths, secrets


def _check_labels(fleet: Fleet) -> None:
    """Raise ``UsageError`` if a label could reach a replica that doesn't know of the others'."""
    if REDIS in fleet.parts:
        return
    for one in fleet.sorted():
        if one.replicas > 1:
            raise UsageError(
                f"{one.name}: expected the part redis, as {one.replicas} replicas count each label "
                "once only if they share a store, got a deployment without it",
                "leave out --without redis, or add --with redis; or take --replicas 1",
            )


def _changed(target: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Path → content of those of ``files`` that the user changed: Swarm gets what is there."""
    recorded = generated_folder.read_generated(target).files
    changed = {}
    for path in files.keys() & recorded.keys():
        text = _held(target / path)
        if text is not None and sha256_bytes(text.encode()) != recorded[path]:
            changed[path] = text
    return changed


def _held(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
