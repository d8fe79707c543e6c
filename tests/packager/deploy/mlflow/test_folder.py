"""The folder for MLflow; tests/test_package_mlflow.py has MLflow itself load and serve it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from exported_packages import exported_package
from host_samples import MANIFEST

from packager.deploy.mlflow.folder import (
    MLFLOW,
    check_exportable,
    check_free,
    requirements,
    write_mlflow,
)
from packager.errors import PackageError, UsageError
from packager.image.reference import open_reference
from packager.manifest.manifest import Manifest, Schema
from packager.manifest.outputs import Output
from packager.manifest.solution import Solution

LOAD = """
import json, sys
import pandas as pd
sys.path.insert(0, sys.argv[1] + "/code")
import package_pyfunc
model = package_pyfunc._load_pyfunc(sys.argv[1] + "/data")
frame = pd.DataFrame({"mail": ["a", None], "rooms": [1.0, 3.0], "other": [0, 0]})
print(json.dumps(model.predict(frame).tolist()))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported_package(tmp_path_factory.mktemp("made"))


def export(made: Path, folder: Path) -> list[str]:
    with open_reference(str(made), None) as reference:
        return write_mlflow(reference, folder)


def test_the_folder_says_what_mlflow_needs(made: Path, tmp_path: Path) -> None:
    files = export(made, tmp_path / "out")
    assert {"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"} <= {*files}
    assert {"code/package_pyfunc.py", "code/modelhost/model.py", "data/models/model"} <= {*files}
    assert not [name for name in files if "__pycache__" in name or name.startswith("data/package/")]
    told: dict[str, Any] = yaml.safe_load((tmp_path / "out/MLmodel").read_text())
    flavor = told["flavors"]["python_function"]
    assert (flavor["loader_module"], flavor["code"], flavor["data"]) == (
        "package_pyfunc",
        "code",
        "data",
    )
    assert json.loads(told["signature"]["inputs"]) == [
        {"type": "long", "name": "rooms", "required": True},
        {"type": "string", "name": "mail", "required": True},
    ]
    assert json.loads(told["signature"]["outputs"]) == [{"type": "double"}]
    assert told["metadata"]["package"].startswith("shop:1.0.0-")
    assert "utc_time_created" not in told


def test_the_same_package_gives_the_same_bytes(made: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        export(made, tmp_path / name)
    one, two = (
        {p.relative_to(tmp_path / name): p.read_bytes() for p in (tmp_path / name).rglob("*.*")}
        for name in ("one", "two")
    )
    assert one == two


@pytest.mark.slow
def test_the_loader_answers_without_this_project(made: Path, tmp_path: Path) -> None:
    export(made, tmp_path / "out")
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOAD, tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [2.0, 2.0]


def test_a_folder_with_files_and_a_file_are_refused(made: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("mine")
    with pytest.raises(UsageError, match="expected a new or an empty folder, got one with files"):
        export(made, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["x"]
    with pytest.raises(UsageError, match="expected a folder, got a file"):
        check_free(tmp_path / "full/x")
    (tmp_path / "empty").mkdir()
    export(made, tmp_path / "empty")
    assert (tmp_path / "empty/MLmodel").is_file()


def test_an_error_leaves_nothing_behind(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise PackageError("damaged")

    monkeypatch.setattr("packager.deploy.mlflow.folder.requirements", fails)
    with pytest.raises(PackageError, match="damaged"):
        export(made, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def manifest(**changes: object) -> Manifest:
    return MANIFEST.model_copy(update=changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"solution": Solution.model_construct(members=())},
            "expected a package of one model, got a solution",
        ),
        (
            {
                "task": "outputs",
                "schema_": Schema(features=(), outputs=(Output(name="a", kind="number"),)),
            },
            "expected one label or number a row, got the outputs a",
        ),
        (
            {"serve": MANIFEST.serve.model_copy(update={"features": "array"})},
            'expected features = "frame", got "array"',
        ),
    ],
)
def test_what_mlflow_can_not_express_is_refused_by_name(
    changes: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        check_exportable(manifest(**changes))
    assert "shop" in caught.value.message
    assert caught.value.hint


def test_the_requirements_are_the_models_own_wheels_and_mlflow(made: Path) -> None:
    with open_reference(str(made), None) as reference:
        lock = reference.lock()
    wanted = sorted(f"{one.name}=={one.version}" for one in lock.wheels if "model" in one.groups)
    assert requirements(lock) == [MLFLOW, *wanted]
