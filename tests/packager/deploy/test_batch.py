"""Jobs that score in shards: what Kubernetes and a shell make of them, with any name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cluster_samples import check_schema

from packager.deploy.batch import BatchScoring, batch_files
from packager.errors import UsageError

ODD = 'data/it\'s 100% $x `id` "new" #1'
SAYS = f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n"


def batch(**changes: object) -> BatchScoring:
    given = {"data": ODD, "scores": "out", "shards": 3, "image": "tools/package:1"} | changes
    return BatchScoring("Stones & Co", "3.11", "oci:image", **given)


def said(folder: Path, command: list[str], **variables: str) -> list[str]:
    """The arguments that the command ``package`` gets from a shell."""
    program = folder / "package"
    program.write_text(SAYS)
    program.chmod(0o755)
    path = {"PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(command, env={**path, **variables}, capture_output=True, check=True)
    return json.loads(done.stdout)


def wanted(shard: str) -> list[str]:
    options = ["--data", ODD, "--output", "out", "--local", "--resume", "--shard", shard]
    return ["score", "oci:image", *options]


def test_every_pod_of_the_job_scores_its_shard(tmp_path: Path) -> None:
    ((name, text),) = batch_files("kubernetes", batch()).items()
    job = yaml.safe_load(text)
    assert name == "score-stones-co.yml"
    spec = job["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 3, 3)
    (container,) = spec["template"]["spec"]["containers"]
    assert container["image"] == "tools/package:1"
    assert said(tmp_path, container["command"], JOB_COMPLETION_INDEX="0") == wanted("1/3")
    assert said(tmp_path, container["command"], JOB_COMPLETION_INDEX="2") == wanted("3/3")
    assert text == batch_files("kubernetes", batch())[name]


def test_the_job_fits_the_schema_of_kubernetes() -> None:
    (text,) = batch_files("kubernetes", batch()).values()
    check_schema(yaml.safe_load(text))


def test_every_task_of_the_array_scores_its_shard(tmp_path: Path) -> None:
    ((name, text),) = batch_files("slurm", batch()).items()
    script = tmp_path / name
    script.write_text(text)
    assert "#SBATCH --array=1-3\n" in text
    assert said(tmp_path, ["sh", str(script)], SLURM_ARRAY_TASK_ID="2") == wanted("2/3")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shards": 0}, "--shards: expected 1 to 10000, got 0"),
        ({"data": "a\nb"}, "expected text without control characters"),
        ({"image": ""}, "kubernetes: expected --image, got none"),
    ],
)
def test_what_no_scheduler_runs_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        batch_files("kubernetes", batch(**changes))
