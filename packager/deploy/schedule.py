"""Schedules that test a package on new data: a systemd timer, a CronJob, two hosted services.

Each runs the same command, which asks the ledger what is new. The CronJob has no ledger: it runs
the companion itself, with the new rows mounted at ``/data/new``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from packager.errors import UsageError
from packager.image.runtime import HARNESS

Every = Literal["hour", "day", "week"]
CRON: Mapping[Every, str] = {"hour": "17 * * * *", "day": "17 4 * * *", "week": "17 4 * * 1"}
"""Minutes that few choose, in UTC."""
CALENDAR: Mapping[Every, str] = {
    "hour": "*-*-* *:17:00 UTC",
    "day": "*-*-* 04:17:00 UTC",
    "week": "Mon *-*-* 04:17:00 UTC",
}
INSTALL = 'python -m pip install "$PROGRAM"'
"""``$PROGRAM`` is a variable of the service: what pip installs this program from."""
STATE = ".package-tests"
NOT_IN_A_NAME = re.compile(r"[^a-z0-9-]+")
MAX_JOB_NAME = 52
"""Kubernetes adds eleven characters to the names of the jobs of a CronJob, of at most 63."""


def job_name(purpose: str, package: str) -> str:
    """The name of units and jobs for the package: lower-case letters, digits and hyphens."""
    short = NOT_IN_A_NAME.sub("-", package.lower()).strip("-")
    return f"{purpose}-{short or 'package'}"[:MAX_JOB_NAME].rstrip("-")


@dataclass(frozen=True)
class Schedule:
    """A scheduled test: package, data and frequency."""

    name: str
    """Of the package."""
    reference: str
    image: str
    """The package in a registry or engine: ``repository:tag``."""
    companion: str
    """Its companion, which holds what tests it."""
    data: str
    every: Every
    state: str = ""
    """Folder of the ledger; empty for the one beside the data."""

    @property
    def unit(self) -> str:
        """Name of units and jobs."""
        return job_name("test", self.name)

    @property
    def arguments(self) -> list[str]:
        """Of the command ``package``."""
        state = ["--state", self.state] if self.state else []
        return [
            *("test", self.reference, "--data", self.data, "--new"),
            *state,
            "--output",
            "reports",
        ]

    @property
    def hosted(self) -> Schedule:
        """On a machine that is new each time, whose cache keeps the ledger."""
        return self if self.state else replace(self, state=STATE)


def schedule_files(schedule: Schedule) -> dict[str, str]:
    """Path → content of each form of the schedule; ``UsageError`` for text that none can hold."""
    for text in (schedule.reference, schedule.data, schedule.state):
        if not text.isprintable() or "${{" in text:
            raise UsageError(
                f"{text!r}: expected text that a workflow can hold, got a control character or "
                "${{, which begins an expression there",
                "rename it",
            )
    if schedule.every not in get_args(Every):
        raise UsageError(f"--every: expected hour, day or week, got {schedule.every}", "choose one")
    from packager.deploy.yaml import dump  # the command line imports `Every`, and must stay quick

    return {
        f"systemd/{schedule.unit}.service": _service(schedule),
        f"systemd/{schedule.unit}.timer": _timer(schedule),
        f"kubernetes/{schedule.unit}.yml": dump(
            cron_job(schedule.unit, schedule.companion, schedule.every)
        ),
        f"github/{schedule.unit}.yml": dump(_github(schedule)),
        f"gitlab/{schedule.unit}.yml": dump(_gitlab(schedule)),
    }


def _service(schedule: Schedule) -> str:
    words = " ".join(_unit_word(word) for word in ["package", *schedule.arguments])
    return f"""\
# Copy to /etc/systemd/system, set User and WorkingDirectory, then:
#   systemctl daemon-reload && systemctl enable --now {schedule.unit}.timer
[Unit]
Description=Test {_unit_text(schedule.name)} on new data

[Service]
Type=oneshot
WorkingDirectory=%h
ExecStart=/usr/bin/env {words}
PrivateTmp=yes
NoNewPrivileges=yes
"""


def _timer(schedule: Schedule) -> str:
    return f"""\
[Unit]
Description=Test {_unit_text(schedule.name)} on new data every {schedule.every}

[Timer]
OnCalendar={CALENDAR[schedule.every]}
RandomizedDelaySec=300
Persistent=true

[Install]
WantedBy=timers.target
"""


def _unit_word(word: str) -> str:
    r"""A word of ExecStart: quoted, ``%`` and ``$`` doubled (systemd.service(5))."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped.replace("$", "$$")}"'


def _unit_text(text: str) -> str:
    return text.replace("%", "%%")


def cron_job(
    name: str, companion: str, every: Every, labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A CronJob that runs the tests of the image ``companion`` on the rows of a volume claim.

    Its pod satisfies the restricted security standard. ``labels``: of the job and its pods.
    """
    container = {
        "name": "test",
        "image": companion,
        "command": [f"/{HARNESS}/bin/python", "-m", "packager.worker", "test"],
        "volumeMounts": [
            {"name": "new", "mountPath": "/data/new", "readOnly": True},
            {"name": "scratch", "mountPath": "/tmp"},
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [
            {"name": "new", "persistentVolumeClaim": {"claimName": "new-rows", "readOnly": True}},
            {"name": "scratch", "emptyDir": {}},
        ],
    }
    fields = {"labels": dict(labels)} if labels else {}
    template = {**({"metadata": fields} if fields else {}), "spec": pod}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, **fields},
        "spec": {
            "schedule": CRON[every],
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": template}},
        },
    }


def _github(schedule: Schedule) -> dict[str, Any]:
    ledger = {"path": schedule.hosted.state, "key": "package-tests-${{ github.run_id }}"}
    steps = [
        {"uses": "actions/checkout@v4"},
        {"uses": "actions/setup-python@v5", "with": {"python-version": "3.11"}},
        {"run": INSTALL},
        *({"run": pull} for pull in _pulls(schedule)),
        {
            "uses": "actions/cache/restore@v4",
            "with": {**ledger, "restore-keys": "package-tests-"},
        },
        {"run": f'{_shell(schedule.hosted)} --summary "$GITHUB_STEP_SUMMARY"'},
        # A failed test is recorded, too.
        {"if": "always()", "uses": "actions/cache/save@v4", "with": ledger},
        {
            "if": "always()",
            "uses": "actions/upload-artifact@v4",
            "with": {"name": "reports", "path": "reports", "if-no-files-found": "ignore"},
        },
    ]
    return {
        "name": f"Test {schedule.name} on new data",
        "on": {"schedule": [{"cron": CRON[schedule.every]}], "workflow_dispatch": {}},
        "permissions": {"contents": "read"},
        "jobs": {
            "test": {
                "runs-on": "ubuntu-latest",
                "env": {"PROGRAM": "${{ vars.PROGRAM }}"},
                "steps": steps,
            }
        },
    }


def _gitlab(schedule: Schedule) -> dict[str, Any]:
    return {
        schedule.unit: {
            # With a tag, the runner needs Docker and Python: the shell executor.
            **({} if _pulls(schedule) else {"image": "python:3.11"}),
            "rules": [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}],
            "script": [
                INSTALL,
                *_pulls(schedule),
                _shell(schedule.hosted) + ("" if _pulls(schedule) else " --local"),
            ],
            "cache": {
                "key": "package-tests",
                "when": "always",
                "paths": [schedule.hosted.state],
            },
            "artifacts": {
                "when": "always",
                "paths": ["reports"],
                "reports": {"junit": "reports/junit.xml"},
            },
        }
    }


def _pulls(schedule: Schedule) -> list[str]:
    """Commands that fetch the package, unless it is a folder or an archive."""
    if schedule.reference.startswith(("oci:", "docker-archive:")):
        return []
    return [shlex.join(["docker", "pull", one]) for one in (schedule.image, schedule.companion)]


def _shell(schedule: Schedule) -> str:
    return shlex.join(["package", *schedule.arguments])
