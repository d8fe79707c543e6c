"""The command ``sbom``: the bill of materials of a package or a base."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from packager.cache import atomic_file, check_writable
from packager.cli.app import INSPECT, AsJson, app
from packager.cli.console import print_result
from packager.errors import UsageError

if TYPE_CHECKING:
    from packager.engine.engine import Engine
    from packager.image.base.saved import BaseImage

PREFIXES = ("oci:", "docker-archive:", "registry:")
"""Of a REF that is no name in an engine."""
Spec = Literal["1.6", "1.5", "1.7"]
Format = Literal["cyclonedx", "spdx"]


@app.command(rich_help_panel=INSPECT)
def sbom(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REF|BASE", help="A tag, an OCI folder or an archive, or the name of a base."
        ),
    ],
    spec: Annotated[Spec | None, typer.Option(help="Version of CycloneDX. Default: 1.6.")] = None,
    file_format: Annotated[
        Format, typer.Option("--format", help="CycloneDX, or SPDX 2.3 without the model card.")
    ] = "cyclonedx",
    companion: Annotated[
        bool, typer.Option("--companion", help="Of the image that trains and replays.")
    ] = False,
    output: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what is in the image of a package or a base, for scanners.

    Wheels, Debian packages, the model with its metrics, the training data, licences as found. Needs
    no network; the same package gives the same bytes.
    """
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference
    from packager.trust.sbom import base_bill, bill_of_materials
    from packager.trust.spdx import to_spdx

    if spec is not None and file_format == "spdx":
        raise UsageError("--spec: expected --format cyclonedx, got spdx", "leave --spec out")
    if output is not None:
        check_writable(output.absolute().parent)
    engine = Engine.connect()
    with ExitStack() as stack:
        base = _base(reference, engine)
        if base is None:
            package = stack.enter_context(open_reference(reference, engine))
            if companion and not package.has_companion:
                raise UsageError(
                    f"--companion: expected a package with a companion, got {package.name}",
                    "leave it out: the image that serves also trains, or the package has no data",
                )
            bill = bill_of_materials(package, spec=spec or "1.6", companion=companion)
        elif companion:
            raise UsageError("--companion: expected a package, got a base", "leave it out")
        else:
            bill = base_bill(base, spec=spec or "1.6")
    content = to_spdx(bill) if file_format == "spdx" else bill
    if output is None:
        print_result(content.decode())
        return
    with atomic_file(output) as file:
        file.write_bytes(content)
    print_result(json.dumps({"output": str(output)}) if as_json else str(output))


def _base(reference: str, engine: Engine | None) -> BaseImage | None:
    """The base called ``reference``; None if no base is known by that name."""
    from packager.environment.platform import default_platform
    from packager.image.base.base import find_base, find_made_base
    from packager.image.config import LABEL

    if reference.startswith(PREFIXES) or Path(reference).exists():
        return None
    base = find_made_base(reference, default_platform(), engine)
    described = engine.describe(reference) if base is None and engine is not None else None
    if described is None or engine is None:
        return base
    labels = (described.get("Config") or {}).get("Labels") or {}
    is_package = f"{LABEL}.root" in labels
    return None if is_package else find_base(reference, engine.platform, engine)
