"""``package deploy monitoring``: rules, their tests, dashboard and kinds of issues of models."""

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
from packager.deploy import generated_folder
from packager.deploy.alert_links import with_links
from packager.deploy.folder_target import MONITORING, TARGET, check_target
from packager.deploy.grafana.dashboard import dashboard, fleet_dashboard, slice_dashboard
from packager.deploy.issues import issue_document, proxy_document, service_document
from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.issue_service import JOB, service_group, service_tests
from packager.deploy.prometheus.proxy_alerts import proxy_group, proxy_tests
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
from packager.deploy.yaml import dump
from packager.errors import PackageError, UsageError
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
FLEET_DASHBOARD = "grafana/dashboards/_fleet.json"
SERVICE, PROXIES = "_issues", "_proxies"
"""Of the files about the issue service and about proxies; no model has a name like them."""
REQUEST_MEMORY_FACTOR = 6
"""Memory of a request as a multiple of its body, from docs/serving.md."""


@dataclass(frozen=True)
class MonitoringResult:
    """The written files."""

    files: tuple[str, ...]
    """Paths below the folder: the model's own."""
    models: tuple[str, ...]
    """Names of all models of the folder."""
    changed: tuple[str, ...]
    """Files that the user changed, which were kept."""


def deploy_monitoring(
    reference: Reference,
    target: Path,
    objectives: Objectives,
    options: AlertOptions = AlertOptions(),
) -> MonitoringResult:
    """Write rules, their tests, dashboard and kinds of issues of ``reference`` below ``target``.

    They are for a Prometheus, a Grafana and a tracker that run already. The files of other models
    stay. Raises ``UsageError``, with nothing written, if ``target`` holds other files, and
    ``PackageError`` for a package with names that no build produces.
    """
    model = monitored(reference, objectives, options)
    models = _known_models(target) | {model.name}
    return _written(target, model_files(model), models, options.tracker)


def remove_monitoring(name: str, target: Path) -> MonitoringResult:
    """Remove the files of ``name`` from ``target``; raises ``UsageError`` if it isn't there."""
    known = _known_models(target)
    if name not in known:
        raise UsageError(
            f"expected a model of this folder, got {name!r}",
            f"known: {', '.join(sorted(known)) or 'none'}",
        )
    tracker = str(generated_folder.read_generated(target).notes.get("tracker", ""))
    return _written(target, {}, known - {name}, tracker)


def _known_models(target: Path) -> set[str]:
    check_target(target, MONITORING)
    return set(generated_folder.read_generated(target).notes.get("models", ()))


def _written(
    target: Path, files: Mapping[str, str], models: set[str], tracker: str
) -> MonitoringResult:
    other_paths = [path for name in models for path in own_paths(name) if path not in files]
    notes = {TARGET: MONITORING, "models": sorted(models), "tracker": tracker}
    all_files = {**files, **service_files(), FLEET_DASHBOARD: fleet_text(tracker)}
    changed = generated_folder.write(target, all_files, notes, other_paths)
    return MonitoringResult(tuple(sorted(all_files)), tuple(sorted(models)), tuple(changed))


def monitored(
    reference: Reference, objectives: Objectives, options: AlertOptions = AlertOptions()
) -> MonitoredModel:
    """The properties of a package that monitoring uses."""
    manifest = reference.manifest
    profile = reference.profile()
    features = tuple(feature.name for feature in profile.features) if profile else ()
    slices = SliceSet(manifest.slices.columns, manifest.slices.rules)
    outputs = tuple(
        (output.name, output.headline)
        for output in labelled_outputs(manifest.schema_.outputs)
        if output.headline is not None and output.has_target
    )
    solution = manifest.solution
    members = () if solution is None else tuple(member.name for member in solution.members)
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
    rules_file, tests_file, dashboard_file, slices_file, issues_file = own_paths(model.name)
    rules = model_rules(model)
    tests = unit_tests(model, rule_cases(model), f"../rules/{model.name}.yml")
    return {
        rules_file: dump(rules),
        tests_file: dump(tests),
        dashboard_file: dashboard_text(model),
        slices_file: slices_text(model),
        issues_file: issues_text(model),
    }


def model_rules(model: MonitoredModel) -> dict[str, Any]:
    """The model's recording rules and alerts, as the document of a rule file."""
    groups = [*recording_groups(model), with_links(alert_group(model), model)]
    return rules_document(scaled_groups(groups, model.options.time_scale))


def issues_text(model: MonitoredModel) -> str:
    """The JSON of the kinds of the model's issues."""
    return _json(issue_document(model))


def dashboard_text(model: MonitoredModel) -> str:
    """The JSON of the model's dashboard."""
    return _json(dashboard(model))


def slices_text(model: MonitoredModel) -> str:
    """The JSON of the dashboard of the model's slices."""
    return _json(slice_dashboard(model))


def fleet_text(tracker: str) -> str:
    """The JSON of the dashboard of all models; ``tracker``: its address, or empty."""
    return _json(fleet_dashboard(tracker))


def service_files() -> dict[str, str]:
    """Path → content of the rules about the issue tracker, their tests and kinds of issues.

    A deployment without the tracker has none: they would report it as down.
    """
    rules_file, tests_file, *_, issues_file = own_paths(SERVICE)
    return {
        rules_file: dump(rules_document([service_group()])),
        tests_file: dump(service_tests(f"../rules/{SERVICE}.yml")),
        issues_file: _json(service_document()),
    }


def proxy_files() -> dict[str, str]:
    """Path → content of the rules about the models' proxies, their tests and kinds of issues."""
    rules_file, tests_file, *_, issues_file = own_paths(PROXIES)
    return {
        rules_file: dump(rules_document([proxy_group()])),
        tests_file: dump(proxy_tests(f"../rules/{PROXIES}.yml")),
        issues_file: _json(proxy_document()),
    }


def _json(document: Mapping[str, Any]) -> str:
    return printable(json.dumps(document, indent=2, ensure_ascii=False)) + "\n"


def own_paths(name: str) -> tuple[str, str, str, str, str]:
    """Paths of a model's rules, tests, two dashboards and kinds of issues."""
    return (
        f"prometheus/rules/{name}.yml",
        f"prometheus/tests/{name}.yml",
        f"grafana/dashboards/{name}.json",
        f"grafana/dashboards/slices/{name}.json",
        f"issues/{name}.json",
    )
