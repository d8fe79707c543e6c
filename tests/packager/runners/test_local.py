from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from packager.environment.platform import WheelTarget
from packager.errors import PackageError
from packager.image.environments import environment_entries
from packager.image.layers import Entry, plain_layer
from packager.image.runtime import VENV
from packager.image.wheels import site_packages
from packager.runners import local
from packager.runners.local import check_host, unpacked_package

pytestmark = pytest.mark.slow

HERE = WheelTarget("3.11", "linux/amd64", (2, 36))


def test_this_very_python_and_platform_may_run(monkeypatch):
    monkeypatch.setattr(local, "host_target", lambda: HERE)
    check_host("3.11", "linux/amd64")


@pytest.mark.parametrize(
    ("host", "found"),
    [
        (WheelTarget("3.12", "linux/amd64", (2, 36)), "Python 3.12 on linux/amd64"),
        (WheelTarget("3.11", "linux/arm64", (2, 36)), "Python 3.11 on linux/arm64"),
        (None, "linux"),
    ],
)
def test_another_python_or_processor_is_refused(monkeypatch, host, found: str):
    monkeypatch.setattr(local, "host_target", lambda: host)
    with pytest.raises(PackageError) as caught:
        check_host("3.11", "linux/amd64")
    assert caught.value.message == (
        f"without a container: expected Python 3.11 on linux/amd64, got {found}"
    )
    assert "start Docker" in caught.value.hint


@pytest.mark.usefixtures("cache")
def test_layers_become_a_root_and_an_environment_of_this_python(tmp_path: Path):
    python = f"{local.sys.version_info.major}.{local.sys.version_info.minor}"
    module = Entry(f"{site_packages(VENV, python)}/tool.py", source=b"answer = 42\n")
    environment = environment_entries(VENV, python, "/usr/bin/python3", ())
    layers = [
        plain_layer("base", tmp_path / "base.tar", [Entry("etc/passwd", source=b"")]),
        plain_layer("environment", tmp_path / "environment.tar", [*environment, module]),
        plain_layer("runtime", tmp_path / "runtime.tar", [Entry("opt/runtime/a.py", source=b"")]),
        plain_layer("code", tmp_path / "code.tar", [Entry("code/train.py", source=b"")]),
    ]
    with unpacked_package(layers) as root:
        assert [path.name for path in root.path.iterdir()] == ["code"]
        variables = root.variables()
        asked = "import tool, sys; print(tool.answer, sys.prefix)"
        done = subprocess.run(
            [root.python, "-c", asked], env=variables, capture_output=True, text=True, check=True
        )
        place, runtime = root.path, root.runtimes / "opt/runtime"
        assert root.runtimes in root.readable()
        assert root.runtimes not in root.writable()
    assert done.stdout.split() == ["42", str(root.python.parent.parent)]
    assert variables["MODEL_ROOT"] == str(place)
    assert (runtime / "a.py").is_file()
    assert next((runtime / "__pycache__").glob("a.*.pyc"), None)  # its layer has no bytecode
    assert variables["PYTHONPATH"].split(":") == [str(runtime), f"{runtime}/host"]
    assert variables["PYTHONSAFEPATH"] == "1"
    assert not place.exists()
    with unpacked_package(layers) as again:
        assert (again.python, again.runtimes) == (root.python, root.runtimes)


def test_layers_of_another_dockerfile_are_refused(tmp_path: Path):
    layers = [
        plain_layer("opt", tmp_path / "opt.tar", [Entry("opt/runtime/a.py", source=b"")]),
        plain_layer("code", tmp_path / "code.tar", [Entry("code/train.py", source=b"")]),
    ]
    with pytest.raises(PackageError, match="those of another Dockerfile"), unpacked_package(layers):
        pass


@pytest.mark.usefixtures("cache")
def test_no_layer_of_a_package_links_to_a_folder_of_this_machine(tmp_path: Path):
    layers = [
        plain_layer("runtime", tmp_path / "runtime.tar", [Entry("opt/runtime/a.py", source=b"")]),
        plain_layer("code", tmp_path / "code.tar", [Entry("code/src", link=str(tmp_path))]),
    ]
    with pytest.raises(PackageError, match="leaves its folder"), unpacked_package(layers):
        pass
