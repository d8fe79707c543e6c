"""``package deploy sagemaker``: requests of SageMaker's API, and the script that sends them."""

from __future__ import annotations

from typing import Annotated

import typer

from packager.cli.app import AsJson, Ref
from packager.cli.console import ConsoleProgress
from packager.cli.deploy.alert_settings import SERVICE_OBJECTIVES, AlertSettings, alert_settings
from packager.cli.deploy.options import (
    OutputFolder,
    deploy,
    print_files,
)

Instances = Annotated[
    int, typer.Option(min=1, max=1000, help="Fewest instances; with two, an update is a canary.")
]
MostInstances = Annotated[
    int, typer.Option(min=1, max=1000, help="Most instances, by autoscaling.")
]
RequestsPerMinute = Annotated[
    int,
    typer.Option(
        min=1, help="Requests that one instance answers in a minute; `package bench` measures it."
    ),
]
Network = Annotated[
    bool, typer.Option("--network", help="The container may open connections, to push metrics.")
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--variable", metavar="NAME=VALUE", help="A setting of the server; no secret; repeatable."
    ),
]


@deploy.command()
@alert_settings(*SERVICE_OBJECTIVES)
def sagemaker(
    reference: Ref,
    output: OutputFolder,
    image: Annotated[
        str, typer.Option(help="The image in your account: ACCOUNT.dkr.….REGION.…/NAME@sha256:….")
    ],
    role: Annotated[str, typer.Option(metavar="ARN", help="The role that the endpoint has.")],
    instance_type: Annotated[str, typer.Option(help="Type of the instances.")] = "ml.m5.large",
    instances: Instances = 2,
    most_instances: MostInstances = 6,
    requests_per_minute: RequestsPerMinute = 6000,
    network: Network = False,
    variable: Variables = None,
    alarm_topic: Annotated[
        str, typer.Option(metavar="ARN", help="The topic that tells people of an alarm.")
    ] = "",
    *,
    settings: AlertSettings,
    as_json: AsJson = False,
) -> None:
    """Write an endpoint: alarms, rollback, autoscaling, a script.

    In a folder with other models this one joins them. Another version of a model replaces it.
    """
    from packager.deploy.sagemaker.addresses import ImageAddress, RoleAddress
    from packager.deploy.sagemaker.deploy import (
        SagemakerOptions,
        deploy_sagemaker,
        parsed_variables,
    )
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference

    options = SagemakerOptions(
        ImageAddress.parse(image),
        RoleAddress.parse(role),
        instance_type=instance_type,
        instances=instances,
        most_instances=most_instances,
        requests_per_minute=requests_per_minute,
        network=network,
        variables=parsed_variables(variable or ()),
        topic=alarm_topic,
    )
    with open_reference(reference, Engine.connect()) as package:
        done = deploy_sagemaker(package, output, options, settings.objectives)
        version = package.manifest.tag
    facts = {"version": version, "endpoint": done.endpoint, "region": done.region}
    print_files(output, done.files, done.changed, as_json=as_json, **facts)
    progress = ConsoleProgress()
    progress.step(f"the role {role} needs the rights in {output}/{done.endpoint}/iam-policy.json")
    progress.step(f"start or update: bash {output}/{done.endpoint}/deploy.sh")
