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
    folder: str = "."
    """The folder that the reader is in."""


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
    "docs/alerts.md": PageCommands({"http://HOST:3001": "REPLICA"}),
    "docs/audit.md": PageCommands({"audit .  ": "audit shop  "}),
    "docs/bench.md": PageCommands(
        absent={
            "package bench REF  ": ENGINE
            + "tests/test_docs_engine.py::test_a_package_is_measured_in_a_container"
        }
    ),
    "docs/checks.md": PageCommands(
        {
            "9a918dc19b6737b0 fix --column y": "ROW_HASH fix --column basket",
            "diamonds@3 --target price": "../.pkgdata/diamonds@3 --target returned",
        },
        folder="shop",
    ),
    "docs/command-line.md": PageCommands(),
    "docs/dashboard.md": PageCommands(),
    "docs/deploy.md": PageCommands(
        {"--output shop": "--output deployed-here"},
        absent={
            **dict.fromkeys(
                ("docker compose", "package issues image", "package deploy remove", "curl"),
                ENGINE + "tests/test_docs_engine.py::test_the_folder_of_a_page_is_deployed",
            )
        },
    ),
    "docs/drill.md": PageCommands(
        absent={
            "make drill": "takes ten minutes: tests/test_drill.py::"
            "test_every_check_of_the_short_drill_holds"
        }
    ),
    "docs/images.md": PageCommands({"build .": "build . --output oci:labelled"}, folder="shop"),
    "docs/kubernetes.md": PageCommands(absent={"kubectl": CLUSTER}),
    "docs/model-card.md": PageCommands(),
    "docs/package-diff.md": PageCommands({"new-image": "next-image"}),
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
    "docs/swarm.md": PageCommands(
        {"--output shop": "--output stacked", "HOST/shop": "registry.example/shop"},
        absent={
            "package issues image": ENGINE + "tests/packager/tracker makes and starts the image",
            "package deploy update": ENGINE + "tests/test_package_stacks.py updates a stack",
            "docker": ENGINE + "tests/test_package_stacks.py deploys the stack",
        },
    ),
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
