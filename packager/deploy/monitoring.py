"""``package deploy monitoring``: rules, their tests, dashboard and configuration of one model."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
from packager.deploy.yaml_text import dump
from packager.image.reference import Reference


def deploy_monitoring(reference: Reference, target: Path, objectives: Objectives) -> list[str]:
    """Write what monitors ``reference`` below ``target``; the names of its files, sorted.

    Raises ``UsageError`` where ``target`` holds what this did not write.
    """
    files = monitoring_files(monitored(reference, objectives), reference.name)
    folder.write(target, files)
    return sorted(files)


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


def monitoring_files(model: Monitored, image: str) -> dict[str, str]:
    """Path → content of every file: the same for the same package and objectives."""
    name = model.name
    rules = rules_document([*recording_groups(model), alert_group(model)])
    tests = unit_tests(model, rule_cases(model), f"../rules/{name}.yml")
    files: Mapping[str, Mapping[str, Any]] = {
        "compose.yml": compose.services(name, image),
        "prometheus/prometheus.yml": compose.prometheus(name),
        f"prometheus/rules/{name}.yml": rules,
        f"prometheus/tests/{name}.yml": tests,
        "alertmanager/alertmanager.yml": compose.alertmanager(),
        "grafana/provisioning/datasources/prometheus.yml": compose.datasource(),
        "grafana/provisioning/dashboards/models.yml": compose.dashboard_provider(),
    }
    texts = {path: dump(document) for path, document in files.items()}
    drawn = json.dumps(dashboard(model), indent=2, ensure_ascii=False)
    return {**texts, f"grafana/dashboards/{name}.json": drawn + "\n"}
