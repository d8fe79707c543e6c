from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sagemaker_samples import ENDPOINT

from packager.deploy.sagemaker.deploy import sagemaker_files
from packager.deploy.sagemaker.endpoint import SagemakerEndpoint
from packager.deploy.sagemaker.script import deploy_script

pytestmark = pytest.mark.slow

AWS = (
    f"#!{sys.executable} -IS"
    + '''
"""The calls of `aws`, answered from a file: each service has what was made of it."""
import json, os, re, sys
calls, state = os.environ["CALLS"], json.load(open(os.environ["STATE"]))
words = sys.argv[1:]
open(calls, "a").write(" ".join(words) + "\\n")
verb = words[5]
assert words[:4] == ["--region", "eu-west-1", "--output", "text"], words
if verb.startswith("list-"):
    name = words[words.index("--name-contains") + 1]
    print(name if name in state["made"] else "")
elif verb == "describe-endpoint":
    print(state[words[words.index("--query") + 1]])
elif verb.startswith(("create-", "update-")):
    if state.get("refused") == verb:
        sys.exit("ValidationException: refused")
    asked = json.load(open(words[-1].removeprefix("file://")))
    if verb.endswith("-endpoint") and not state.get("rolled_back"):
        state["EndpointConfigName"] = asked["EndpointConfigName"]
json.dump(state, open(os.environ["STATE"], "w"))
'''
)
EARLIER = {"EndpointStatus": "InService", "EndpointConfigName": "shop-earlier"}


def ran(
    tmp_path: Path, state: dict[str, object], endpoint: SagemakerEndpoint = ENDPOINT
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The script's result, and the verbs that it called."""
    folder, programs = tmp_path / "shop", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    for name, text in sagemaker_files(endpoint).items():
        (folder / name).write_text(text)
    (programs / "aws").write_text(AWS)
    (programs / "aws").chmod(0o755)
    (tmp_path / "state").write_text(json.dumps(state))
    settings = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "STATE": str(tmp_path / "state"),
        "POLL_SECONDS": "0",
    }
    done = subprocess.run(
        ["bash", str(folder / "deploy.sh")],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    calls = (tmp_path / "calls").read_text().splitlines()
    return done, [line.split()[5] for line in calls]


def test_a_new_endpoint_is_made_of_all_its_parts(tmp_path: Path) -> None:
    done, calls = ran(tmp_path, {**EARLIER, "made": []})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"endpoint shop serves {ENDPOINT.config_name}"
    changing = [one for one in calls if not one.startswith(("list-", "describe-"))]
    assert changing == [
        "put-metric-alarm",
        "put-metric-alarm",
        "create-model",
        "create-endpoint-config",
        "create-endpoint",
        "register-scalable-target",
        "put-scaling-policy",
    ]


def test_another_version_updates_the_endpoint(tmp_path: Path) -> None:
    done, calls = ran(tmp_path, {**EARLIER, "made": ["shop"]})
    assert done.returncode == 0, done.stderr
    assert "endpoint shop: update, one instance first, then the others" in done.stdout
    assert "update-endpoint" in calls
    assert "create-endpoint" not in calls


def test_what_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    made = ["shop", ENDPOINT.model_name, ENDPOINT.config_name]
    state = {**EARLIER, "made": made, "EndpointConfigName": ENDPOINT.config_name}
    done, calls = ran(tmp_path, state)
    assert done.returncode == 0, done.stderr
    assert "endpoint shop: has this configuration" in done.stdout
    assert not [one for one in calls if one.startswith(("create-", "update-"))]


def test_an_update_that_was_rolled_back_is_an_error(tmp_path: Path) -> None:
    done, calls = ran(tmp_path, {**EARLIER, "made": ["shop"], "rolled_back": True})
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"error: shop: expected configuration {ENDPOINT.config_name}, got shop-earlier: the update "
        "was rolled back",
        "hint: see the alarms shop-errors and shop-latency, and the log group "
        "/aws/sagemaker/Endpoints/shop",
    ]
    assert "put-scaling-policy" not in calls


def test_an_endpoint_that_failed_is_an_error(tmp_path: Path) -> None:
    state = {"EndpointStatus": "Failed", "FailureReason": "no capacity", "made": []}
    done, _ = ran(tmp_path, {**state, "EndpointConfigName": ""})
    assert done.returncode == 1
    assert "no capacity" in done.stdout
    assert "error: shop: expected an endpoint in service, got Failed" in done.stderr


def test_a_refused_call_ends_the_script(tmp_path: Path) -> None:
    done, calls = ran(tmp_path, {**EARLIER, "made": [], "refused": "create-model"})
    assert done.returncode == 1
    assert "ValidationException" in done.stderr
    assert calls[-1] == "create-model"


@pytest.mark.parametrize("endpoint", [ENDPOINT, replace(ENDPOINT, instances=1, most_instances=1)])
def test_the_script_is_sound(tmp_path: Path, endpoint: SagemakerEndpoint) -> None:
    file = tmp_path / "deploy.sh"
    file.write_text(deploy_script(endpoint, "/aws/sagemaker/Endpoints"))
    subprocess.run(["bash", "-n", str(file)], check=True)
    checker = shutil.which("shellcheck")
    if checker is not None:
        told = subprocess.run([checker, str(file)], capture_output=True, text=True, check=False)
        assert told.stdout == ""
