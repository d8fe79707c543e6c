"""Which commands of the documentation run here as they are written, with what in place of names.

``package`` runs in a process of this machine. A command that needs what isn't here has its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

ENGINE = "needs an engine: "
CLUSTER = "needs a cluster: tests/packager/deploy/kubernetes holds the files against its schemas"
LOCAL = ("predict", "replay", "test", "serve", "bench", "score", "data label-queue")
"""Verbs that run a package; ``diff`` only with data."""
BACKGROUND = ("serve ", "issues serve", "dashboard ")
"""Verbs that serve until they are stopped; a dashboard with ``--output`` ends."""
SHORT = {"bench": " --seconds 0.2 --concurrency 1 --rows 1"}
"""Options for less time."""
NAMES = {
    r"\bREF\b|\bCURRENT\b|\bOLD\b|\bA_PACKAGE\b|\bmy-image\b": "shop-image",
    r"\bNEW\b|\bOTHER\b": "next-image",
    r"(models/)?(shop|stones|diamonds):[\w.]+(-[0-9a-f]{12})?(?=\s|$)": "shop-image",
    r"oci:(out|last|diamonds)\b": "oci:shop-image",
    r"http://HOST:300\d|http://127.0.0.1:300\d|\bURL\b": "SERVER",
    r"http://HOST:9090|http://127.0.0.1:9090": "PROMETHEUS",
    r"http://127.0.0.1:3080": "TRACKER",
    "…": "0" * 64,
}
"""What the pages write → what it is here; in capitals: an address that the test knows."""


@dataclass(frozen=True)
class PageCommands:
    """How the blocks of a page are run."""

    changes: dict[str, str] = field(default_factory=dict)
    """Text of a command → text in its place, before ``NAMES``."""
    absent: dict[str, str] = field(default_factory=dict)
    """Beginning of a command → why it isn't run, and what runs instead."""


FOLDER = {
    "docker compose": ENGINE + "tests/test_package_deployed.py and the tutorial start the folder",
}
UPDATE = {
    "package deploy update": ENGINE + "tests/test_package_releases.py updates a deployment",
}
OF_PAGES: dict[str, PageCommands] = {
    "docs/roles/data-scientist.md": PageCommands({"init shop": "init begun"}),
    "docs/roles/platform-engineer.md": PageCommands(
        {"remove shop": "remove starter"}, absent=FOLDER | UPDATE
    ),
    "docs/roles/auditor.md": PageCommands(),
    "docs/roles/on-call.md": PageCommands(absent=FOLDER | UPDATE),
    "docs/alerts.md": PageCommands(),
    "docs/audit.md": PageCommands({"audit .  ": "audit shop  "}),
    "docs/bench.md": PageCommands(
        absent={"package bench REF  ": ENGINE + "tests/packager/run/bench starts the package"}
    ),
    "docs/checks.md": PageCommands(
        {
            "check  ": "check shop  ",
            "--output issues ": "shop --output rows ",
            "verdict 9a918dc19b6737b0 fix --column y --value 5.89": "verdict ROW_HASH fix --column "
            "basket --value 5.89 --project shop",
            "verdicts apply": "verdicts apply shop",
            "--target price": "--target returned",
        }
    ),
    "docs/command-line.md": PageCommands(),
    "docs/dashboard.md": PageCommands(),
    "docs/deploy.md": PageCommands(
        {"--output shop": "--output deployed-here"},
        absent={
            **FOLDER,
            "package issues image": ENGINE + "tests/packager/tracker makes and starts the image",
            "curl": ENGINE + "tests/packager/deploy/compose asks a gateway",
        },
    ),
    "docs/drill.md": PageCommands(absent={"make drill": "takes ten minutes: CI runs it --short"}),
    "docs/images.md": PageCommands({"build .": "build shop --output oci:labelled"}),
    "docs/issues.md": PageCommands(
        {
            "build .": "build shop --output oci:reported",
            "corrected.csv --replaces people.csv": "visits.csv --replaces old.csv",
        },
        absent={
            "package issues sync git": "needs a forge: tests/packager/tracker/forges has two",
        },
    ),
    "docs/issues-service.md": PageCommands(
        {"--queries watch/issues": ""},
        absent={
            "package issues image": ENGINE + "tests/packager/tracker makes and starts the image",
            "docker run": ENGINE + "tests/packager/tracker makes and starts the image",
            "createdb": "needs PostgreSQL: tests/packager/tracker/store has one",
            "package issues serve --database": "needs PostgreSQL: tests/packager/tracker/store",
        },
    ),
    "docs/kserve.md": PageCommands(absent={"kubectl": CLUSTER}),
    "docs/kubernetes.md": PageCommands(absent={"kubectl": CLUSTER}),
    "docs/label-queue.md": PageCommands(
        {"--data new.csv --rows 300": "--data unlabelled.csv --rows 30"}
    ),
    "docs/mlflow.md": PageCommands(
        absent={
            "package init": "needs a tracking server: tests/test_package_mlflow.py runs one",
            "package build churn": "needs its model: tests/test_package_mlflow.py",
            "mlflow": "needs MLflow: tests/test_package_mlflow.py serves what was exported",
        },
    ),
    "docs/model-card.md": PageCommands(),
    "docs/model-formats.md": PageCommands(
        {"--data diamonds.csv --target cut": "--data visits.csv --target visits"},
        absent={"package build": "takes a minute: tests/test_package_requirements.py builds one"},
    ),
    "docs/monitoring.md": PageCommands({"http://127.0.0.1:3000": "SERVER"}),
    "docs/new-data.md": PageCommands(
        {
            "--data diamonds": "--data arrived",
            "requests.csv": "unlabelled.csv",
            "labels.csv": "late.csv",
        },
        absent={
            "docker run": ENGINE + "tests/test_package_data_test.py runs the companion alone",
            "pip install": "validators: tests/packager/deploy/test_schedule.py has them",
            "kubernetes-validate": "tests/packager/deploy/test_schedule.py",
            "check-jsonschema": "tests/packager/deploy/test_schedule.py",
        },
    ),
    "docs/package-diff.md": PageCommands({"new-image": "next-image"}),
    "docs/registry.md": PageCommands(
        {
            "registry.example": "REGISTRY",
            "@sha256:…": ":1.2",
            "--output oci:model": "--output oci:pulled",
            "package build ": "package build shop ",
            "package replay ": "package replay --json-file pulled.json ",
        },
    ),
    "docs/releases.md": PageCommands(
        {"build .": "build shop --output oci:upgraded"},
        absent={
            "pip install --upgrade": "installs from an index: `make release` installs the wheel",
            "make release": "makes a release: tests/test_release.py runs its rules",
        },
    ),
    "docs/replay.md": PageCommands(
        absent={
            "package replay models/claims": "a solution: tests/packager/solutions replays one",
            "docker run": ENGINE + "tests/test_package_run.py replays with nothing but the image",
        },
    ),
    "docs/sagemaker.md": PageCommands(
        {
            '"$ACCOUNT': '"123456789012',
            ".$REGION.": ".eu-west-1.",
            '"$ROLE"': "arn:aws:iam::123456789012:role/shop",
        },
        absent={
            "bash endpoints": "needs an account: tests/packager/deploy/sagemaker runs the script",
            "docker run": ENGINE + "tests/test_package_platforms.py starts it so",
        },
    ),
    "docs/sbom.md": PageCommands(
        absent={
            "package sbom package-base": ENGINE + "tests/packager/trust/test_sbom.py has a base",
            **dict.fromkeys(
                ("trivy", "grype", "syft"), "scanners: tests/packager/trust/test_sbom.py"
            ),
        },
    ),
    "docs/scoring.md": PageCommands({"rows.parquet": "visits.csv", "--keep id": "--keep channel"}),
    "docs/serving.md": PageCommands({"feedback.keys": "new.keys"}),
    "docs/shadow.md": PageCommands(),
    "docs/signing.md": PageCommands(
        {"package key release.key": "package key another.key", "verified": ""},
        absent={"docker run": ENGINE + "tests/test_package_deployed.py starts a verified image"},
    ),
    "docs/swarm.md": PageCommands(
        {"--output shop": "--output stacked", "HOST/shop": "registry.example/shop"},
        absent={
            "package issues image": ENGINE + "tests/packager/tracker makes and starts the image",
            "package deploy update": ENGINE + "tests/test_package_stacks.py updates a stack",
            "docker": ENGINE + "tests/test_package_stacks.py deploys the stack",
        },
    ),
    "docs/testing.md": PageCommands(),
    "docs/try-page.md": PageCommands(),
    "docs/update.md": PageCommands(absent=UPDATE),
}


def commands(block: str) -> Iterator[str]:
    """The commands of a block, with lines that go on joined; of a console's, what is typed."""
    joined = block.replace("\\\n", " ")
    typed = [line for line in joined.splitlines() if line.startswith("$ ")]
    for line in typed or joined.splitlines():
        text = line.removeprefix("$ ").strip()
        if text and not text.startswith("#"):
            yield text


def reason_absent(page: str, command: str) -> str:
    """Why a command isn't run; empty if it is."""
    found = OF_PAGES[page].absent
    return next((why for start, why in found.items() if command.startswith(start)), "")


def as_here(page: str, command: str, places: dict[str, str]) -> str:
    """A command with the names of this machine; ``places``: ``SERVER`` and others → addresses."""
    for text, instead in OF_PAGES[page].changes.items():
        command = command.replace(text, instead)
    command = re.sub(r"\s+#.*$", "", command)
    for pattern, instead in NAMES.items():
        command = re.sub(pattern, instead, command)
    for name, address in places.items():
        command = re.sub(rf"\b{name}\b", address, command)
    verb = re.sub(r"^(\w+=\S+ )*package ", "", command).removesuffix("&").strip()
    more = next((text for start, text in SHORT.items() if verb.startswith(start)), "")
    if verb.startswith(LOCAL) or (verb.startswith("diff") and "--data" in verb):
        known = "--local" in command or "http:" in verb.split(" --")[0]
        return f"{command.removesuffix('&').strip()}{'' if known else ' --local'}{more}"
    return command.removesuffix("&").strip()


def is_background(command: str) -> bool:
    """Whether a command serves until it is stopped."""
    verb = re.sub(r"^(\w+=\S+ )*package ", "", command)
    return verb.startswith(BACKGROUND) and "--output" not in verb
