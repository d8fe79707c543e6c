"""Commands that build: ``build``, ``train``, ``base``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from packager.cli.app import CREATE, AsJson, app
from packager.cli.build_findings import report_build, report_data
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.cli.reporting import Issues, ReportUrl, check_reporting
from packager.errors import PackageError, UsageError

if TYPE_CHECKING:
    from packager.build.record import BuildResult
    from packager.image.export import Destination

Builder = Literal["assemble", "docker"]
Images = Literal["one", "several"]
READY_SECONDS = 120.0
BaseImage = Annotated[str | None, typer.Option(help="Base image that replaces [image] base.")]
ChosenBuilder = Annotated[
    Builder, typer.Option(help="assemble: write layers directly; docker: build the Dockerfile.")
]
CheckReproducible = Annotated[
    bool,
    typer.Option(
        "--check-reproducible", help="Assemble twice under other conditions, and compare."
    ),
]
AllowFindings = Annotated[
    bool,
    typer.Option(
        "--allow-findings", help="Build despite data issues and cases that would stop the build."
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="Label of the image, outside the root (repeatable)."),
]
ProjectFolder = Annotated[
    Path, typer.Argument(metavar="PROJECT", help="The folder with package.toml.")
]


@app.command(rich_help_panel=CREATE)
def build(
    project: ProjectFolder = Path("."),
    output: Annotated[
        str,
        typer.Option(help="docker, oci:DIR, docker-archive:FILE or registry:HOST/NAME[:TAG]."),
    ] = "docker",
    companion: Annotated[
        bool,
        typer.Option(
            "--companion",
            help="Push the companion, which has the training data, to HOST/NAME-replay too.",
        ),
    ] = False,
    platform: Annotated[
        str | None,
        typer.Option(help="linux/amd64, linux/arm64, or both separated by a comma."),
    ] = None,
    base: BaseImage = None,
    builder: ChosenBuilder = "assemble",
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Lock the newest versions of the dependencies.")
    ] = False,
    check_reproducible: CheckReproducible = False,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Rebuild every layer, check the data and train again."),
    ] = False,
    allow_findings: AllowFindings = False,
    label: Labels = None,
    images: Annotated[
        Images,
        typer.Option(help="several: the members of a solution as images, and a compose file."),
    ] = "one",
    ready_seconds: Annotated[
        float, typer.Option(min=1, help="How long the image may take to start in its smoke test.")
    ] = READY_SECONDS,
    issues: Issues = None,
    report_url: ReportUrl = None,
    as_json: AsJson = False,
) -> None:
    """Lock, train, evaluate and assemble a package; print its tag.

    The cached result of a training with the same inputs is reused. With an --output other than
    docker, print its path, or its digest in the registry.
    """
    from packager.build.context import BuildOptions
    from packager.build.pipeline import build as run_build
    from packager.build.previous import last_package
    from packager.engine.engine import Engine
    from packager.image.export import NO_ENGINE, Destination
    from packager.project.config import for_platforms, load_project

    check_reporting(issues, report_url=report_url)
    where = Destination.parse(output, companion=companion)
    engine = Engine.connect()
    if builder == "assemble" and where.kind == "docker" and engine is None:
        raise PackageError("no Docker engine responds to put the image into", NO_ENGINE)
    options = BuildOptions(
        base=base,
        upgrade=upgrade,
        no_cache=no_cache,
        check_reproducible=check_reproducible,
        allow_findings=allow_findings,
        builder=builder,
        ready_seconds=ready_seconds,
        labels=tuple(label or ()),
        images=images,
    )
    loaded, progress = load_project(project), ConsoleProgress()
    if platform is not None:
        loaded = for_platforms(loaded, platform)
    with last_package(loaded, where, engine, progress) as last:
        before = last.test() if last else None
        built = run_build(loaded, where, engine, progress, options)
        for line in before.lines if before else ():
            progress.warn(line)
        cost = last.time(where.reference_of(built.images[0].name)) if last else None
    if issues is not None:
        report_build(issues, report_url, built, before, cost)
        report_data(issues, report_url, project, base)
    tested: dict[str, Any] = {"previous_test": before.document} if before else {}
    tested |= {"previous_time": cost.document} if cost else {}
    if where.registry is not None:
        tested["registry"] = _pushed(built, where)
    print_result(json.dumps({**_built(built), **tested}) if as_json else _printed(built, where))


@app.command(rich_help_panel=CREATE)
def train(
    project: ProjectFolder = Path("."),
    seeds: Annotated[int, typer.Option(help="Number of trainings, from the recipe's seed up.")] = 5,
    base: BaseImage = None,
    as_json: AsJson = False,
) -> None:
    """Train with several seeds; record the variance of the metrics."""
    from packager.build.seeds import seed_sweep
    from packager.engine.engine import Engine
    from packager.project.config import load_project
    from packager.report.seed_variance import spread_text

    spread = seed_sweep(
        load_project(project), seeds, Engine.connect(), ConsoleProgress(), base=base
    )
    print_result(spread.model_dump_json() if as_json else spread_text(spread, terminal_columns()))


@app.command(rich_help_panel=CREATE)
def base(
    packages: Annotated[
        list[str] | None, typer.Option("--package", help="Extra Debian package (repeatable).")
    ] = None,
    release: Annotated[
        str | None,
        typer.Option(help="Debian or Ubuntu release: bookworm, trixie, noble. Default: this one."),
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option(help="linux/amd64 or linux/arm64. Default: this machine's."),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Save the base in this file as well.")] = None,
    source: Annotated[
        Path | None, typer.Option("--load", help="Load a base that --output saved.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a base image from Debian packages; print its name.

    For machines that reach no registry. The layers that all packages on it have in common are made
    too, so that the first build takes less time.
    """
    from packager.engine.engine import Engine
    from packager.environment.platform import MACHINES
    from packager.image.base.base import restore_base
    from packager.image.base.debian import make_base
    from packager.image.export import Destination, write_archive
    from packager.image.shipped_layers import prepare_layers

    if source is not None and (packages or output or release or platform):
        raise UsageError(
            "--load: expected no --package, --release, --platform or --output with it",
            "leave them out",
        )
    if platform is not None and platform not in MACHINES:
        raise UsageError(
            f"--platform: expected {' or '.join(MACHINES)}, got {platform!r}",
            "for example --platform linux/arm64",
        )
    if output is not None:
        Destination("docker-archive", output).check()
    engine, progress = Engine.connect(), ConsoleProgress()
    base_image = (
        restore_base(source, engine)
        if source
        else make_base(engine, progress, packages or (), release, platform)
    )
    if output is not None:
        write_archive([base_image.image], output)
    if source is None:
        try:
            prepare_layers(base_image, progress)
        except PackageError as error:
            progress.warn(f"{error.message}: the first build on this base makes its own layers")
    saved = base_image.saved
    fact = {
        "reference": saved.reference,
        "platform": saved.platform,
        "diff_ids": saved.diff_ids,
        "packages": saved.packages,
    }
    print_result(json.dumps(fact) if as_json else saved.reference)


def _built(built: BuildResult) -> dict[str, Any]:
    image = built.images[0]
    companion = built.images[1] if len(built.images) > 1 else None
    return {
        "tag": image.name,
        "root": built.manifest.root,
        "config_digest": image.digest,
        "size": image.size,
        "annotations": dict(image.annotations),
        "isolation": dict(built.isolation) or None,
        "companion": {"tag": companion.name, "config_digest": companion.digest}
        if companion
        else None,
        "platforms": {
            name: {
                "proved_on": record.proved_on,
                "config_digests": [one.digest for one in built.others.get(name, built.images)],
            }
            for name, record in built.manifest.platforms.items()
        },
    }


def _printed(built: BuildResult, output: Destination) -> str:
    if output.registry is not None:
        return "\n".join(_pushed(built, output).values())
    return built.images[0].name if output.path is None else str(output.path)


def _pushed(built: BuildResult, output: Destination) -> dict[str, str]:
    """``HOST/NAME@sha256:…`` of the image or index, and of its companion if that was pushed too."""
    from packager.image.registry_export import pushed

    every = [*built.images, *(one for some in built.others.values() for one in some)]
    return dict(zip(("reference", "companion"), pushed(every, output), strict=False))
