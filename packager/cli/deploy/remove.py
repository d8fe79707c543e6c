"""``package deploy remove``: a retired model leaves the folder of a deployment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from packager.cli.app import AsJson
from packager.cli.console import ConsoleProgress
from packager.cli.deploy.options import OutputFolder, deploy, print_files, print_next_steps


@deploy.command()
def remove(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="Name of a model in that folder.")],
    output: OutputFolder,
    as_json: AsJson = False,
) -> None:
    """Remove a retired model from a folder that a deployment wrote."""
    from packager.deploy.folder_target import (
        KSERVE,
        KUBERNETES,
        MONITORING,
        SAGEMAKER,
        SWARM,
        target_of,
    )

    removed = {
        KUBERNETES: _from_cluster,
        KSERVE: _from_kserve,
        SAGEMAKER: _from_sagemaker,
        SWARM: _from_swarm,
        MONITORING: _from_monitoring,
    }
    removed.get(target_of(output) or "", _from_compose)(name, output, as_json)


def _from_compose(name: str, output: Path, as_json: bool) -> None:
    from packager.deploy.compose.deploy import remove_compose

    done = remove_compose(name, output)
    models = sorted(done.fleet.members)
    print_files(output, done.files, done.changed, as_json=as_json, models=models)
    ConsoleProgress().step(f"deployed: {', '.join(models)}")
    print_next_steps(output, done, "--remove-orphans")


def _from_swarm(name: str, output: Path, as_json: bool) -> None:
    from packager.cli.deploy.swarm import start_command
    from packager.deploy.swarm.deploy import remove_swarm

    done = remove_swarm(name, output)
    models = sorted(done.fleet.members)
    print_files(output, done.files, done.changed, as_json=as_json, models=models)
    ConsoleProgress().step(f"deployed: {', '.join(models)}")
    ConsoleProgress().step(f"end its tasks: {start_command(output)}")


def _from_monitoring(name: str, output: Path, as_json: bool) -> None:
    from packager.deploy.monitoring import remove_monitoring

    done = remove_monitoring(name, output)
    print_files(output, done.files, done.changed, as_json=as_json, models=list(done.models))


def _from_cluster(name: str, output: Path, as_json: bool) -> None:
    from packager.deploy.kubernetes.deploy import remove_kubernetes

    done = remove_kubernetes(name, output)
    print_files(output, done.files, done.changed, as_json=as_json)
    _stay("all,hpa", done.folder)


def _from_kserve(name: str, output: Path, as_json: bool) -> None:
    from packager.deploy.kserve.deploy import remove_kserve

    done = remove_kserve(name, output)
    print_files(output, done.files, done.changed, as_json=as_json)
    _stay("inferenceservice,statefulset,service", done.folder)


def _from_sagemaker(name: str, output: Path, as_json: bool) -> None:
    from packager.deploy.sagemaker.deploy import remove_sagemaker

    done = remove_sagemaker(name, output)
    print_files(output, done.files, done.changed, as_json=as_json)
    ConsoleProgress().step(
        f"its endpoint goes on: aws --region {done.region} sagemaker delete-endpoint "
        f"--endpoint-name {done.endpoint}; its alarms: aws --region {done.region} cloudwatch "
        f"delete-alarms --alarm-names {done.endpoint}-errors {done.endpoint}-latency"
    )


def _stay(kinds: str, name: str) -> None:
    ConsoleProgress().step(
        f"its objects stay in the cluster: kubectl delete {kinds},pdb,networkpolicy,secret,"
        f"podmonitor,prometheusrule,configmap -l app.kubernetes.io/name={name}"
    )
