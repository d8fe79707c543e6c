"""``package deploy monitoring``: rules, their tests, dashboards and configuration for models."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelhost.text import display_value
from monitoring.slices.slices import SliceSet
from packager.deploy import compose, generated_folder
from packager.deploy.alert_links import with_links
from packager.deploy.fleet import Fleet
from packager.deploy.grafana.dashboard import dashboard
from packager.deploy.issues import issue_document, service_document
from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.issue_service import JOB, service_group, service_tests
from packager.deploy.prometheus.recording import recording_groups
from packager.deploy.prometheus.rule_cases import rule_cases
from packager.deploy.prometheus.rule_tests import unit_tests
from packager.deploy.prometheus.rules import (
    AlertOptions,
    MonitoredModel,
    Objectives,
    rules_document,
)
from packager.deploy.prometheus.time_scale import scaled_groups
from packager.deploy.tracker import check_tokens, keep_tokens
from packager.deploy.yaml import dump
from packager.errors import PackageError
from packager.image.reference import Reference
from packager.manifest.labelled_outputs import labelled_outputs
from packager.manifest.manifest import Manifest
from packager.text import printable

MODEL_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
MODEL_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")
SUPERVISOR_MIB = 100
WORKER_MIB = 200
"""MiB of a worker without its model and requests."""
MODEL_MEMORY_FACTOR = 8
"""Upper bound of a loaded model's memory, as a multiple of the size of its files."""
MAX_REQUEST_MIB = 16
SERVICE = "_issues"
"""Of the files about the issue service; no model has a name like it."""
REQUEST_MEMORY_FACTOR = 6
"""Memory of a request as a multiple of its body, from docs/serving.md."""


@dataclass(frozen=True)
class DeployResult:
    """The result of a deployment."""

    files: tuple[str, ...]
    """Paths below the folder: the model's own, and those shared by all models."""
    fleet: Fleet
    """The models that the folder monitors now."""
    before: str | None
    """The version of this model deployed before; None for a new one."""
    changed: tuple[str, ...]
    """Files that the user changed, which were kept."""


def deploy_monitoring(
    reference: Reference,
    target: Path,
    objectives: Objectives,
    options: AlertOptions = AlertOptions(),
    *,
    keys: bool = False,
    tracker: bool | None = None,
) -> DeployResult:
    """Write the monitoring of ``reference`` below ``target``, in addition to other models there.

    A model has its own files, which another version of it replaces; shared files are generated for
    all models. With ``keys`` the servers require keys, and Prometheus sends one. ``tracker``:
    whether the issue tracker is one of the services; None: as before, at first yes. Raises
    ``UsageError``, with nothing written, if ``target`` holds other files, and ``PackageError`` for
    a package with names that no build produces.
    """
    model = monitored(reference, objectives, options)
    known = Fleet.of(generated_folder.read_generated(target).notes)
    before = known.members.get(model.name)
    memory = replica_mib(reference.manifest)
    fleet = known.with_model(model.name, model.version, reference.name, memory, keys=keys)
    fleet = fleet.on_time_scale(model.name, options.time_scale)
    if tracker is not None:
        fleet = fleet.with_tracker(tracker)
    files = {**model_files(model), **shared_files(fleet)}
    changed = _write(target, files, fleet, known.members.keys() - {model.name})
    return DeployResult(
        tuple(sorted(files)), fleet, before.version if before else None, tuple(changed)
    )


def remove_monitoring(name: str, target: Path) -> DeployResult:
    """Remove the model ``name`` from ``target``; raises ``UsageError`` if it isn't there."""
    known = Fleet.of(generated_folder.read_generated(target).notes)
    fleet = known.without(name)
    files = shared_files(fleet)
    changed = _write(target, files, fleet, fleet.members)
    before = known.members[name].version
    return DeployResult(tuple(sorted(files)), fleet, before, tuple(changed))


def _write(
    target: Path, files: Mapping[str, str], fleet: Fleet, others: Iterable[str]
) -> list[str]:
    """Write ``files`` and make the token; the files of the models ``others`` stay as they are."""
    if fleet.tracker:
        check_tokens(target)
    kept = [path for name in others for path in own_paths(name)]
    changed = generated_folder.write(target, files, fleet.notes, kept)
    if fleet.tracker:
        keep_tokens(target)
    return changed


def monitored(
    reference: Reference, objectives: Objectives, options: AlertOptions = AlertOptions()
) -> MonitoredModel:
    """The properties of a package that monitoring uses."""
    manifest = reference.manifest
    profile = reference.profile()
    features = tuple(feature.name for feature in profile.features) if profile else ()
    slices = SliceSet(manifest.slices.columns, manifest.slices.rules)
    outputs = tuple(
        (one.name, one.headline)
        for one in labelled_outputs(manifest.schema_.outputs)
        if one.headline is not None and one.has_target
    )
    solution = manifest.solution
    members = () if solution is None else tuple(one.name for one in solution.members)
    named = (*slices.names, *features, *(name for name, _ in outputs), *members)
    _check_names(manifest.name, manifest.tag, named)
    return MonitoredModel(
        name=manifest.name,
        version=manifest.tag,
        task=manifest.task,
        slices=slices.names,
        features=features,
        objectives=objectives,
        outputs=outputs,
        options=options,
        members=members,
    )


def replica_mib(manifest: Manifest) -> int:
    """MiB that one replica may use, a multiple of 256 (docs/serving.md, "Memory")."""
    model = sum(entry.size for entry in manifest.model) / (1 << 20)
    worker = WORKER_MIB + MODEL_MEMORY_FACTOR * model + REQUEST_MEMORY_FACTOR * MAX_REQUEST_MIB
    needed = SUPERVISOR_MIB + manifest.serve.workers * worker
    return math.ceil(needed / 256) * 256


def _check_names(name: str, version: str, others: Iterable[str]) -> None:
    """Raise ``PackageError`` for names that are invalid in paths or files."""
    if not (MODEL_NAME.fullmatch(name) and MODEL_VERSION.fullmatch(version)):
        raise PackageError(
            f"expected the name and version of a package, got {display_value(name)} and "
            f"{display_value(version)}",
            "a build never writes such names: the package was modified",
        )
    if name == JOB:
        raise PackageError(
            f"expected a model with another name than {JOB!r}, which Prometheus scrapes the issue"
            " service as",
            "build the package under another name",
        )
    for other in others:
        if not other.isprintable() and not _has_text(other):
            raise PackageError(
                f"{name}: expected names of features and slices in Unicode, got {other!a}",
                "rename the column, and build again",
            )


def _has_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def model_files(model: MonitoredModel) -> dict[str, str]:
    """Path → content of one model's own files; deterministic for a package and objectives."""
    rules_file, tests_file, dashboard_file, issues_file = own_paths(model.name)
    rules = model_rules(model)
    tests = unit_tests(model, rule_cases(model), f"../rules/{model.name}.yml")
    return {
        rules_file: dump(rules),
        tests_file: dump(tests),
        dashboard_file: dashboard_text(model),
        issues_file: _json(issue_document(model)),
    }


def model_rules(model: MonitoredModel) -> dict[str, Any]:
    """The model's recording rules and alerts, as the document of a rule file."""
    groups = [*recording_groups(model), with_links(alert_group(model), model)]
    return rules_document(scaled_groups(groups, model.options.time_scale))


def dashboard_text(model: MonitoredModel) -> str:
    """The JSON of the model's dashboard."""
    return _json(dashboard(model))


def shared_files(fleet: Fleet) -> dict[str, str]:
    """Path → content of the files shared by all models; deterministic for the same models."""
    files: Mapping[str, Mapping[str, Any]] = {
        "compose.yml": compose.services(fleet),
        "prometheus/prometheus.yml": compose.prometheus(fleet),
        "alertmanager/alertmanager.yml": compose.alertmanager(fleet),
        "grafana/provisioning/datasources/prometheus.yml": compose.datasource(),
        "grafana/provisioning/dashboards/models.yml": compose.dashboard_provider(),
    }
    texts = {path: dump(document) for path, document in files.items()}
    return texts | (_tracker_files() if fleet.tracker else {})


def _tracker_files() -> dict[str, str]:
    """Rules about the tracker, their tests and kinds of issues.

    Without the tracker they are left out: they would report a service that was removed as down.
    """
    rules_file, tests_file, _, issues_file = own_paths(SERVICE)
    return {
        rules_file: dump(rules_document([service_group()])),
        tests_file: dump(service_tests(f"../rules/{SERVICE}.yml")),
        issues_file: _json(service_document()),
    }


def _json(document: Mapping[str, Any]) -> str:
    return printable(json.dumps(document, indent=2, ensure_ascii=False)) + "\n"


def own_paths(name: str) -> tuple[str, str, str, str]:
    """Paths of a model's rules, tests, dashboard and kinds of issues."""
    return (
        f"prometheus/rules/{name}.yml",
        f"prometheus/tests/{name}.yml",
        f"grafana/dashboards/{name}.json",
        f"issues/{name}.json",
    )
