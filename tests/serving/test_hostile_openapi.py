"""Requests that schemathesis generates from the OpenAPI document, checked against it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from serving_helpers import Server
from upload_samples import picture_package

pytestmark = pytest.mark.server

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance," + (
    "response_schema_conformance,response_headers_conformance"
)


def test_every_answer_is_as_the_document_says(server: Server, tmp_path: Path) -> None:
    assert_conforms(server, tmp_path)


def test_answers_to_forms_and_files_are_as_the_document_says(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = start_server(picture_package(tmp_path / "package"), MODEL_WORKERS="1")
    assert_conforms(server, tmp_path, "--include-path", "/predict")


def assert_conforms(server: Server, tmp_path: Path, *options: str) -> None:
    command = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [
            *(command, "run", f"http://127.0.0.1:{server.port}/docs.json"),
            *("--checks", CHECKS, "--max-examples", "4", "--seed", "7"),
            *("--phases", "examples,coverage,fuzzing", "--mode", "all"),
            *("--generation-database", "none", "--no-color", "--workers", "1"),
            *("--suppress-health-check", "all", "--continue-on-failure", *options),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert "internal_error" not in server.log.read_text()
