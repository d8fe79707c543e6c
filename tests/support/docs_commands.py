"""Which commands of the documentation run here as they are written, with what in place of names.

``package`` runs in a process of this machine. A command that needs what isn't here has its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ENGINE = "needs an engine: "
CONTAINERS = "needs an engine: tests/test_docs_containers.py::"
APPLIED = "needs a cluster: tests/packager/deploy/kubernetes/test_files.py::"
CLUSTER = APPLIED + "test_every_object_is_listed_and_fits_its_schema"
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


COMPOSE = "tests/test_tutorial.py::test_its_model_is_signed_and_deployed_with_alerts"
FOLDER = {"docker compose": ENGINE + COMPOSE}
UPDATED = ENGINE + "tests/packager/rollout/test_update.py::"
UPDATE = {
    "package deploy update": UPDATED
    + "test_no_request_is_lost_and_labels_of_the_earlier_version_count",
}
TYPED = (
    f"env -u MODEL_PACKAGER_KEY_PASSWORD python {Path(__file__).parent / 'at_terminal.py'} "
    "a-password package key release.key"
)
"""At a terminal, with the password that later commands have in the variable."""
OTHER_SOLUTIONS = {
    "package build": "packager/build/test_solution.py::"
    "test_a_solution_holds_its_members_as_they_are_alone",
    "package test": "packager/testing/test_release_shares.py::"
    "test_a_test_shows_shares_members_and_examples",
    "package replay": "test_docs_commands.py::test_the_commands_of_a_page_run",
    "package diff": "packager/testing/test_release_shares.py::"
    "test_the_page_shows_what_two_releases_print",
}
"""Beginning of a command on examples/claims → the test that runs it on a smaller solution.

The others run here on that of ``tests/support/solution_projects.py``."""
TAKEN_BACK = "test_a_killed_update_is_told_and_taken_back"
KSERVE = CLUSTER.replace("kubernetes/", "kserve/")
STACK = "tests/packager/rollout/swarm/test_update.py::"
TRACKING = "needs MLflow: tests/test_package_mlflow.py::"
OF_PAGES: dict[str, PageCommands] = {
    "CONTRIBUTING.md": PageCommands(
        {".venv/bin/package --help": "package --help"},
        absent={
            "make setup": "makes the environment of these tests: tests/test_dependencies.py::"
            "test_the_environment_of_the_tests_is_the_locked_one",
        },
        folder="clone",
    ),
    "examples/claims/README.md": PageCommands(
        {
            f"package {verb} claims": f"package {verb} CLAIMS"
            for verb in ("inspect", "bench", "deploy compose", "serve")
        },
        absent={
            start: f"builds of six projects take minutes: tests/{test}"
            for start, test in OTHER_SOLUTIONS.items()
        },
        folder="claims",
    ),
    "examples/diamonds/README.md": PageCommands(
        {"build .": "build . --output oci:cut"}, folder="diamonds"
    ),
    "examples/digits/README.md": PageCommands(
        {"build .": "build . --output oci:digits"}, folder="digits"
    ),
    "examples/frameworks/README.md": PageCommands(
        {"build xgboost": "build xgboost --output oci:houses"},
        absent=dict.fromkeys(
            ("export PIP_", "package build torch"),
            "needs PyTorch's wheels without GPU code: tests/test_examples_frameworks.py::"
            "test_an_example_reaches_the_level_it_claims",
        ),
        folder="frameworks",
    ),
    "docs/roles/data-scientist.md": PageCommands({"init shop": "init begun"}),
    "docs/roles/platform-engineer.md": PageCommands(
        {"remove shop": "remove starter"}, absent=FOLDER | UPDATE
    ),
    "docs/roles/auditor.md": PageCommands(),
    "docs/roles/on-call.md": PageCommands(
        absent={
            "package deploy update --output deployed --abort": UPDATED + TAKEN_BACK,
            **FOLDER,
            **UPDATE,
        }
    ),
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
    "docs/issues.md": PageCommands(
        {
            "build .": "build . --output oci:reported",
            "corrected.csv --replaces people.csv": "../visits.csv --replaces old.csv",
            "https://api.example.test": "GITHUB",
            "https://gitlab.example.test/api/v4": "GITLAB",
            "file github.token": "file ../github.token",
            "file gitlab.token": "file ../gitlab.token",
        },
        folder="shop",
    ),
    "docs/issues-service.md": PageCommands(
        {
            "http://127.0.0.1:9093": "ALERTMANAGER",
            "postgresql://issues@db.example.test/issues": "POSTGRES",
        },
        absent=dict.fromkeys(
            ("package issues image", "docker run"), CONTAINERS + "test_the_tracker_as_a_container"
        ),
    ),
    "docs/kserve.md": PageCommands(
        {'NEW --image "$REGISTRY/shop@sha256:…"': f"NEW --image $REGISTRY/shop@sha256:{'1' * 64}"},
        absent={"kubectl": KSERVE},
    ),
    "docs/kubernetes.md": PageCommands(absent={"kubectl": CLUSTER}),
    "docs/label-queue.md": PageCommands(
        {"--data new.csv --rows 300": "--data unlabelled.csv --rows 30"}
    ),
    "docs/mlflow.md": PageCommands(
        {"export churn:1.0.0-090a8c5e3da5": "export shop-image"},
        absent={
            **dict.fromkeys(
                ("package init", "package build churn"),
                TRACKING + "test_claimed_and_measured_metrics_are_apart",
            ),
            "mlflow": TRACKING + "test_mlflow_answers_from_an_exported_package_as_the_server_does",
        },
    ),
    "docs/model-card.md": PageCommands(),
    "docs/model-formats.md": PageCommands(
        {
            "model.txt --data diamonds.csv --target cut": "../model.txt --data ../measures.csv"
            " --target visits",
            "build diamonds": "build diamonds --output oci:boosted",
        },
        folder="state",
    ),
    "docs/new-data.md": PageCommands(
        {
            "--data diamonds": "--data arrived",
            "requests.csv": "unlabelled.csv",
            "labels.csv": "late.csv",
        },
        absent={
            "docker run": CONTAINERS + "test_the_companion_tests_itself_on_a_mounted_folder",
        },
    ),
    "docs/package-diff.md": PageCommands({"new-image": "other-image"}),
    "docs/platforms.md": PageCommands(
        absent={
            "package build": "an index may have no NumPy for both: tests/packager/image/"
            "test_export.py::test_images_of_several_platforms_are_an_index_of_each_name",
            **dict.fromkeys(
                ("package inspect image", "skopeo"),
                "reads what that writes: tests/packager/image/test_stored_images.py::"
                "test_of_several_platforms_the_one_asked_for_or_this_machines_is_read",
            ),
        },
    ),
    "docs/registry.md": PageCommands(
        {
            "registry.example": "LOCAL_REGISTRY",
            "@sha256:…": ":1.2",
            "--output oci:model": "--output oci:pulled",
            "package replay ": "package replay --json-file pulled.json ",
        },
        absent={
            "package build": "needs a base: tests/test_registry_build.py::"
            "test_a_package_is_built_on_it_and_pushed_without_an_engine",
        },
    ),
    "docs/releases.md": PageCommands(
        {
            "build .": "build . --output oci:upgraded",
            "OLD NEW": "../OLD ../NEW",
            "inspect REF": "inspect ../REF",
        },
        absent={
            "pip install --upgrade": "is on no index before the release: tests/test_release.py::"
            "test_a_rehearsal_in_a_clone_writes_what_the_page_lists",
            "make release": "takes minutes: tests/test_release.py::"
            "test_a_rehearsal_in_a_clone_writes_what_the_page_lists",
        },
        folder="shop",
    ),
    "docs/replay.md": PageCommands(
        {
            "models/claims:1.0-027296c2db24": "CLAIMS",
            "models/diamonds-cut:1.0.0-2588335ced7c": "shop-image",
        },
        absent={"docker run": CONTAINERS + "test_replay_with_nothing_but_the_image"},
    ),
    "docs/sagemaker.md": PageCommands(
        {
            '"$ACCOUNT': '"123456789012',
            ".$REGION.": ".eu-west-1.",
            '"$ROLE"': "arn:aws:iam::123456789012:role/shop",
        },
        absent={
            "bash endpoints": "needs an account: tests/packager/deploy/sagemaker/test_script.py::"
            "test_a_new_endpoint_is_made_of_all_its_parts",
            "docker run": CONTAINERS + "test_a_container_as_vertex_starts_it",
        },
    ),
    "docs/sbom.md": PageCommands(
        absent={
            "package sbom package-base": ENGINE
            + "tests/packager/trust/test_sbom.py::test_a_base_has_a_bill_of_its_own",
            **dict.fromkeys(
                ("trivy", "grype", "syft"),
                "no scanner is here: tests/packager/trust/test_sbom.py::"
                "test_a_bill_is_valid_and_the_same_bytes_twice",
            ),
        },
    ),
    "docs/scoring.md": PageCommands(),
    "docs/signing.md": PageCommands(
        {"package key release.key": TYPED},
        absent={
            "docker run": CONTAINERS + "test_a_container_verifies_itself",
            "model_signing": "tests/packager/trust/test_other_verifiers.py::"
            "test_the_oms_verifier_accepts_the_files_and_names_what_differs",
            "cosign": "cosign is in no package here: tests/packager/trust/test_other_verifiers.py::"
            "test_the_library_of_sigstore_verifies_every_bundle",
        },
    ),
    "docs/swarm.md": PageCommands(
        {"--output shop": "--output stacked", "HOST/shop": "registry.example/shop"},
        absent={
            "package issues image": CONTAINERS + "test_the_tracker_as_a_container",
            "package deploy update": ENGINE
            + STACK
            + "test_a_new_version_serves_and_the_folder_has_it",
            "docker": ENGINE
            + STACK
            + "test_a_candidate_is_asked_beside_the_serving_version_and_gone_afterwards",
        },
    ),
    "docs/testing.md": PageCommands(),
    "docs/update.md": PageCommands(
        absent={
            "package deploy update --output shop --resume": UPDATED
            + "test_a_killed_update_is_resumed",
            "package deploy update --output shop --abort": UPDATED + TAKEN_BACK,
            "package deploy update shop:0.2.0-a88d453afaef --output shop --shadow": UPDATED
            + "test_a_shadow_answers_the_rows_of_requests_before_the_traffic_moves",
            **UPDATE,
        }
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


def with_names(page: str, text: str, places: dict[str, str]) -> str:
    """Text of a page with the names of this machine; ``places`` as of ``as_here``."""
    for written, instead in OF_PAGES[page].changes.items():
        text = text.replace(written, instead)
    for pattern, instead in NAMES.items():
        text = re.sub(pattern, instead, text)
    for name, address in places.items():
        text = re.sub(rf"\b{name}\b", address, text)
    return text


def as_here(page: str, command: str, places: dict[str, str]) -> str:
    """A command with the names of this machine; ``places``: ``SERVER`` and others → addresses."""
    command = with_names(page, re.sub(r"\s+#.*$", "", command), places)
    command = command.replace("…", "0" * 64)
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
