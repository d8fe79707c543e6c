"""The workers of a server, and what they share."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from host_samples import MANIFEST
from serving_helpers import Package

from serving.feedback.stores import KEY_DESCRIPTOR
from serving.prediction.model_table import ModelTable
from serving.prediction.package_files import PackageFiles
from serving.processes.children import SharedResources, children_of
from serving.processes.private_socket import PrivateSocket
from serving.settings import Settings

TABLE = 11


@pytest.fixture
def workers(package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path))
    monkeypatch.setenv("MODEL_ROOT", str(package.root))
    files = replace(PackageFiles.load(package.manifest, Settings.from_environment().root))
    model = PrivateSocket.make(tmp_path, "model-1")

    def made(**environment: str):
        settings = Settings.from_environment(environment)
        with socket.socket() as listening:
            made = children_of(
                settings, files, SharedResources(listening, TABLE, [model], ModelTable(1))
            )
            return listening.fileno(), made, model

    return made


@pytest.mark.slow
def test_there_are_as_many_workers_as_are_requested_or_as_the_package_says(workers):
    assert len(workers()[1]) == MANIFEST.serve.workers
    _, three, _ = workers(MODEL_WORKERS="3")
    assert [child.name for child in three] == ["worker 1", "worker 2", "worker 3"]
    assert [child.slot for child in three] == [1, 2, 3]


@pytest.mark.slow
def test_a_worker_inherits_what_it_shares_and_no_more(workers, monkeypatch):
    monkeypatch.setenv(KEY_DESCRIPTOR, "12")
    listening, (child, *_), model = workers(MODEL_WORKERS="1")
    own = [child.notes.failure, child.notes.stacks]
    assert sorted(child.descriptors) == sorted([listening, TABLE, 12, *own, model.path])
