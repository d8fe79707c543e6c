"""``package deploy monitoring``: rules, their tests, dashboards and configuration of models."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitoring.alerts import alert_group
from monitoring.dashboard import dashboard
from monitoring.recording import recording_groups
from monitoring.rule_cases import rule_cases
from monitoring.rule_tests import unit_tests
from monitoring.rules import Monitored, Objectives, rules_document
from monitoring.slices import SliceSet
from packager.deploy import compose, folder
from packager.deploy.fleet import Fleet
from packager.deploy.yaml_text import dump
from packager.image.reference import Reference


@dataclass(frozen=True)
class Deployed:
    """What was written."""

    files: tuple[str, ...]
    """Paths below the folder: those of the model, and those that all models share."""
    fleet: Fleet
    """The models that the folder watches now."""
    before: str | None
    """The version of this model that was there; None for a new one."""
    changed: tuple[str, ...]
    """Files that a person changed, left as they are."""


def deploy_monitoring(reference: Reference, target: Path, objectives: Objectives) -> Deployed:
    """Write what monitors ``reference`` below ``target``, beside the models that are there.

    A model has files of its own, which another version of it replaces; the files they share are
    made for all of them. Raises ``UsageError``, with nothing written, where ``target`` holds what
    this did not write.
    """
    model = monitored(reference, objectives)
    known = Fleet.of(folder.recorded(target).notes)
    before = known.members.get(model.name)
    fleet = known.with_model(model.name, model.version, reference.name)
    files = {**model_files(model), **shared_files(fleet)}
    changed = folder.write(
        target, files, fleet.notes, _paths_of(known.members.keys() - {model.name})
    )
    return Deployed(tuple(sorted(files)), fleet, before.version if before else None, tuple(changed))


def remove_monitoring(name: str, target: Path) -> Deployed:
    """Take the model ``name`` out of ``target``; raises ``UsageError`` where it is not there."""
    known = Fleet.of(folder.recorded(target).notes)
    fleet = known.without(name)
    files = shared_files(fleet)
    changed = folder.write(target, files, fleet.notes, _paths_of(fleet.members))
    before = known.members[name].version
    return Deployed(tuple(sorted(files)), fleet, before, tuple(changed))


def _paths_of(names: Iterable[str]) -> list[str]:
    return [path for name in names for path in own_paths(name)]


def monitored(reference: Reference, objectives: Objectives) -> Monitored:
    """The package as monitoring sees it."""
    manifest = reference.manifest
    profile = reference.profile()
    features = tuple(feature.name for feature in profile.features) if profile else ()
    slices = SliceSet(manifest.slices.columns, manifest.slices.rules)
    return Monitored(
        name=manifest.name,
        version=manifest.tag,
        task=manifest.task,
        slices=slices.names,
        features=features,
        objectives=objectives,
    )


def model_files(model: Monitored) -> dict[str, str]:
    """Path → content of what is one model's own: the same for the same package and objectives."""
    rules_file, tests_file, dashboard_file = own_paths(model.name)
    rules = rules_document([*recording_groups(model), alert_group(model)])
    tests = unit_tests(model, rule_cases(model), f"../rules/{model.name}.yml")
    drawn = json.dumps(dashboard(model), indent=2, ensure_ascii=False)
    return {rules_file: dump(rules), tests_file: dump(tests), dashboard_file: drawn + "\n"}


def shared_files(fleet: Fleet) -> dict[str, str]:
    """Path → content of what all models share: the same for the same models."""
    files: Mapping[str, Mapping[str, Any]] = {
        "compose.yml": compose.services(fleet),
        "prometheus/prometheus.yml": compose.prometheus(fleet),
        "alertmanager/alertmanager.yml": compose.alertmanager(),
        "grafana/provisioning/datasources/prometheus.yml": compose.datasource(),
        "grafana/provisioning/dashboards/models.yml": compose.dashboard_provider(),
    }
    return {path: dump(document) for path, document in files.items()}


def own_paths(name: str) -> tuple[str, str, str]:
    """Rules, tests and dashboard of a model."""
    return (
        f"prometheus/rules/{name}.yml",
        f"prometheus/tests/{name}.yml",
        f"grafana/dashboards/{name}.json",
    )
