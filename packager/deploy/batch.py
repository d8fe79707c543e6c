"""Files that have a scheduler score a table in shards: an Indexed Job, or a Slurm array.

Each task runs ``package score … --resume --shard I/N``, so a task that is started again goes on,
and the one that ends last finishes the output.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Literal, get_args

from packager.deploy.schedule import job_name
from packager.errors import UsageError

Scheduler = Literal["kubernetes", "slurm"]
MAX_SHARDS = 10_000
MEMORY_MIB = 1024
"""Of a task: what a run needs, and room for rows with long texts."""
VOLUME = "/scoring"


@dataclass(frozen=True)
class BatchScoring:
    """A scoring job and its number of shards."""

    name: str
    """Of the package."""
    python: str
    """The version of Python that runs it."""
    reference: str
    data: str
    scores: str
    """The output of ``package score``."""
    shards: int
    image: str = ""
    """With the command ``package``; Kubernetes only."""

    @property
    def unit(self) -> str:
        """Name of jobs."""
        return job_name("score", self.name)

    def command(self, shard: str) -> str:
        """The command of a task for a POSIX shell; ``shard``: an expression for its number."""
        words = ["package", "score", self.reference, "--data", self.data, "--output", self.scores]
        return f'{shlex.join([*words, "--local", "--resume"])} --shard "{shard}/{self.shards}"'


def batch_files(scheduler: Scheduler, batch: BatchScoring) -> dict[str, str]:
    """Path → content; ``UsageError`` for what no scheduler can run."""
    if not 1 <= batch.shards <= MAX_SHARDS:
        raise UsageError(
            f"--shards: expected 1 to {MAX_SHARDS}, got {batch.shards}",
            "at most one for each row group is of use",
        )
    for text in (batch.reference, batch.data, batch.scores):
        if not text.isprintable():
            raise UsageError(f"{text!r}: expected text without control characters", "rename it")
    if scheduler == "slurm":
        return {f"{batch.unit}.sh": _slurm(batch)}
    if scheduler not in get_args(Scheduler):
        raise UsageError(f"expected kubernetes or slurm, got {scheduler!r}", "choose one")
    if not batch.image:
        raise UsageError(
            "kubernetes: expected --image, got none",
            f"name an image with the command `package` and Python {batch.python}",
        )
    from packager.deploy.yaml import dump  # the command line imports this, and must stay quick

    return {f"{batch.unit}.yml": _KUBERNETES.format(**_words(batch)) + dump(_job(batch))}


_KUBERNETES = """\
# Scores a table in {shards} pods at once; each pod takes one part of {shards}.
#   kubectl apply -f {unit}.yml && kubectl wait --for=condition=complete --timeout=24h job/{unit}
# The claim `scoring` is mounted at {volume} by all pods (ReadWriteMany): the package, the table and
# the output lie there. The image has the command `package` and the package's Python, {python}.
# A pod that fails is started again, and goes on with the parts that are there.
"""


def _words(batch: BatchScoring) -> dict[str, Any]:
    return {
        "shards": batch.shards,
        "unit": batch.unit,
        "volume": VOLUME,
        "python": batch.python,
    }


def _job(batch: BatchScoring) -> dict[str, Any]:
    container = {
        "name": "score",
        "image": batch.image,
        "workingDir": VOLUME,
        "command": ["sh", "-c", f"exec {batch.command('$((JOB_COMPLETION_INDEX + 1))')}"],
        "env": [{"name": "HOME", "value": "/tmp"}],
        "resources": {
            "requests": {"cpu": "2", "memory": f"{MEMORY_MIB}Mi"},
            "limits": {"memory": f"{MEMORY_MIB}Mi"},
        },
        "volumeMounts": [
            {"name": "scoring", "mountPath": VOLUME},
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
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "scoring", "persistentVolumeClaim": {"claimName": "scoring"}},
            {"name": "scratch", "emptyDir": {}},
        ],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": batch.unit},
        "spec": {
            "completionMode": "Indexed",
            "completions": batch.shards,
            "parallelism": batch.shards,
            "backoffLimitPerIndex": 3,
            "template": {"spec": pod},
        },
    }


def _slurm(batch: BatchScoring) -> str:
    return f"""\
#!/bin/sh
# Scores a table in {batch.shards} tasks; each takes one part of {batch.shards}.
#   sbatch {batch.unit}.sh
# The package, the table and the output lie in a file system that all nodes share. Nodes have the
# command `package` and Python {batch.python}, which the package needs. A task that is requeued goes
# on with the parts that are there.
#SBATCH --job-name={batch.unit}
#SBATCH --array=1-{batch.shards}
#SBATCH --cpus-per-task=2
#SBATCH --mem={MEMORY_MIB}M
#SBATCH --requeue
#SBATCH --output={batch.unit}-%A_%a.log
set -eu
exec {batch.command("$SLURM_ARRAY_TASK_ID")}
"""
