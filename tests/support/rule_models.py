"""Models with rules, and promtool, which tests the rules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.recording import recording_groups
from packager.deploy.prometheus.rules import (
    AlertOptions,
    Group,
    MonitoredModel,
    Objectives,
)

ODD = 'a "quoted" \\ name\nof two lines'


MODELS = {
    "classification": MonitoredModel(
        "diamonds-cut",
        "1.0.0-3f9c12ab45de",
        "classification",
        ("__all__", "color=E", ODD),
        (ODD, "carat"),
        members=("segmenter", ODD),
    ),
    "regression": MonitoredModel(
        "prices",
        "1.0.0-3f9c12ab45de",
        "regression",
        ("__all__",),
        ("carat",),
        objectives=Objectives(0.5, 0.9, 0.99, 2.5, 0.0),
    ),
    "outputs": MonitoredModel(
        "several",
        "1.0.0-3f9c12ab45de",
        "outputs",
        ("__all__", ODD),
        ("__prediction__.price",),
        outputs=(("price", "mae"), (ODD, "jaccard")),
        members=("text",),
    ),
    "pushed": MonitoredModel(
        "serverless",
        "1.0.0-3f9c12ab45de",
        "classification",
        ("__all__",),
        ("carat",),
        options=AlertOptions(pushed=True),
    ),
    "a model without data": MonitoredModel("bare", "1-0", "classification", ("__all__",), ()),
}


NAMES = (
    "RequestsSlow",
    "RequestsFailed",
    "FeatureDrift",
    "AnomalyRate",
    "SliceRegression",
    "EstimatedAccuracyDrop",
    "LabelCoverageLow",
    "LabelsRejected",
    "CompiledMismatch",
    "CrashLoop",
    "MemberFailed",
    "MemberSlow",
    "ShadowNotAnswering",
    "ChallengerBetter",
    "ChallengerWorse",
    "NoRequests",
    "VersionSkew",
    "TargetDown",
)


NAME = re.compile(r"[a-zA-Z_:][\w:]*")
"""A name of a series, a function or a label in PromQL."""
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here")


def groups(model: MonitoredModel) -> list[Group]:
    return [*recording_groups(model), alert_group(model)]


def with_what_is_read(document: Any, alerts: Iterable[str]) -> Any:
    """``document`` with the rules of ``alerts`` and all that these read, directly or not.

    Other rules change nothing of these alerts, and take most of the time of a test case.
    """
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    wanted = [rule for rule in rules if rule.get("alert") in alerts]
    for rule in wanted:  # grows while it is read
        names = set(NAME.findall(rule["expr"]))
        wanted += [one for one in rules if one.get("record") in names and one not in wanted]
    groups = [
        {**group, "rules": [rule for rule in group["rules"] if rule in wanted]}
        for group in document["groups"]
    ]
    return {**document, "groups": groups}


def promtool(folder: Path, rules: Any, tests: Any) -> subprocess.CompletedProcess[str]:
    (folder / "rules.yml").write_text(json.dumps(rules))
    (folder / "tests.yml").write_text(json.dumps(tests))
    return subprocess.run(
        ["promtool", "test", "rules", "tests.yml"],
        cwd=folder,
        env={**os.environ, "GOGC": "400"},  # collect garbage less often: a fifth less time
        capture_output=True,
        text=True,
        check=False,
    )
