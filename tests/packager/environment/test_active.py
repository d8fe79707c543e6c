"""What the active environment has installed, asked of its own Python."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from packager.environment import active
from packager.errors import PackageError


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """A virtual environment with distributions that were installed in several ways."""
    import venv

    folder = tmp_path_factory.mktemp("active") / "env"
    venv.create(folder, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "lib" / version / "site-packages"
    install(site, "Fake_Learn", "1.2+cpu", ["fakelearn/__init__.py"])
    install(site, "space-one", "1", ["space/one/__init__.py"])
    install(site, "space-two", "2", ["space/two.cpython-311-x86_64-linux-gnu.so"])
    install(site, "from-conda", "3", ["fromconda.py"], INSTALLER="conda",
            **{"direct_url.json": '{"url": "file:///croot/x"}'})  # fmt: skip
    said = '{"url": "file:///src/mine", "dir_info": {"editable": true}}'
    install(site, "mine", "0.1", ["mine.py"], **{"direct_url.json": said})
    return folder


def install(site: Path, name: str, version: str, files: list[str], **more: str) -> None:
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    record = "".join(f"{file},,\n" for file in files)
    content = {"METADATA": f"Name: {name}\nVersion: {version}\n", "RECORD": record, **more}
    for file, text in content.items():
        (info / file).write_text(text)


def ask(environment: Path, *modules: str) -> active.ActiveEnvironment:
    return active.inspect_environment(str(environment / "bin" / "python"), modules)


def test_versions_and_origins_are_read(environment: Path):
    found = ask(environment)
    assert found.distributions["fake-learn"].version == "1.2+cpu"
    assert found.distributions["from-conda"].origin is None
    mine = found.distributions["mine"]
    assert (mine.origin, mine.editable) == ("file:///src/mine", True)
    assert found.python == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert {"os", "json", "_ssl"} <= found.stdlib


def test_a_module_is_provided_by_the_distribution_that_has_its_file(environment: Path):
    found = ask(environment, "fakelearn.trees", "space.one.deep", "space.two", "nowhere").providers
    assert found == {
        "fakelearn.trees": ("fake-learn",),
        "space.one.deep": ("space-one",),
        "space.two": ("space-two",),
    }


def test_no_code_of_the_folder_where_the_command_runs_is_imported(
    environment: Path, tmp_path: Path, monkeypatch
):
    for name in ("json.py", "re.py", "sitecustomize.py"):
        (tmp_path / name).write_text("raise SystemExit('ran')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert "fake-learn" in ask(environment).distributions


def test_the_active_environment_comes_before_the_path(environment: Path, tmp_path: Path):
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        assert active.active_python({variable: str(environment)}) == str(
            environment / "bin" / "python"
        )
    assert active.active_python({"VIRTUAL_ENV": str(tmp_path)}) == active.active_python({})
    assert active.active_python({"VIRTUAL_ENV": "."}) == active.active_python({})


def test_a_program_that_gives_no_answer_is_named(tmp_path: Path):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    os.chmod(program, 0o755)
    with pytest.raises(PackageError, match="expected a list of its installed packages"):
        active.inspect_environment(str(program), ())
