"""Layers change with their content, and with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from host_samples import LOCK

from packager.digest import HashedFile
from packager.image.stack import Stack, entries, make_stack, own_runtime, own_training_runtime
from packager.progress import NullProgress

EMPTY = LOCK.model_copy(update={"wheels": (), "base": "none"})

pytestmark = pytest.mark.usefixtures("cache")


def written(folder: Path, **files: str) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return {name: folder / name for name in files}


def stack(code: Mapping[str, Path], data: Mapping[str, Path], folder: Path) -> Stack:
    files: Any = SimpleNamespace(code=hashed(code), data=hashed(data))
    return make_stack(None, EMPTY, files, folder, NullProgress())


def hashed(files: Mapping[str, Path]) -> dict[str, HashedFile]:
    return {name: HashedFile.of(path) for name, path in files.items()}


def digests(found: Stack) -> dict[str, str]:
    return {layer.name: layer.diff_id for layer in (*found.below, *found.worker, *found.data)}


@pytest.mark.slow
def test_other_code_changes_the_layer_of_code_alone(tmp_path: Path):
    data = written(tmp_path / "data", rows="a\n1\n")
    one = digests(stack(written(tmp_path / "one", train="x = 1\n"), data, tmp_path))
    two = digests(stack(written(tmp_path / "two", train="x = 2\n"), data, tmp_path))
    assert one.keys() == two.keys()
    assert {name for name in one if one[name] != two[name]} == {"code"}


@pytest.mark.slow
def test_the_same_files_elsewhere_are_the_same_layers(tmp_path: Path):
    data = written(tmp_path / "data", rows="a\n1\n")
    one = stack(written(tmp_path / "one", train="x = 1\n"), data, tmp_path)
    two = stack(written(tmp_path / "two", train="x = 1\n"), data, tmp_path)
    assert digests(one) == digests(two)
    assert {layer.source for layer in two.below} == {"cached"}


@pytest.mark.slow
def test_what_trains_is_in_no_layer_that_serves(tmp_path: Path):
    found = stack({}, {}, tmp_path)
    below = {layer.diff_id for layer in found.below}
    assert found.worker
    assert not below & {layer.diff_id for layer in found.worker}
    assert found.data == ()
    assert found.runtime == own_runtime() != own_training_runtime()


def test_links_are_followed_and_programs_stay_programs(tmp_path: Path):
    files = written(tmp_path, plain="x", program="y")
    files["program"].chmod(0o700)
    (tmp_path / "link").symlink_to("program")
    top, *found = entries(hashed({**files, "link": tmp_path / "link"}), "code")
    assert top.name == "code"
    modes = {entry.name: entry.mode for entry in found}
    assert modes["code/link"] == modes["code/program"] == 0o755
    assert modes["code/plain"] == 0o644
