from __future__ import annotations

from pathlib import Path

import pytest

from packager.environment.active import ActiveEnvironment, Distribution
from packager.environment.requirement_files import read_requirements
from packager.project import used_packages as module
from packager.project.used_packages import used_packages


@pytest.fixture
def installed(monkeypatch):
    """Set what the active environment has: module → (name, version, origin)."""

    def choose(**modules: tuple[str, str, str | None]) -> None:
        found = {name: Distribution(name, version, origin, editable=False)
                 for name, version, origin in modules.values()}  # fmt: skip
        providers = {m: (name,) for m, (name, _, _) in modules.items()}

        def ask(program: str, asked) -> ActiveEnvironment:
            known = {m: names for m, names in providers.items() if m in asked}
            return ActiveEnvironment(program, "3.12", frozenset({"os", "oldstdlib"}), found, known)

        monkeypatch.setattr(module, "inspect_environment", ask)
        monkeypatch.setattr(module, "active_python", lambda: "/env/bin/python")

    return choose


def used(folder: Path, code: str):
    (folder / "train.py").write_text(code)
    return used_packages([folder / "train.py"], folder)


def lines(folder: Path, code: str) -> list[str]:
    return used(folder, code).text.splitlines()[1:]


def test_versions_are_pinned_as_they_are_installed(tmp_path: Path, installed):
    installed(sklearn=("scikit-learn", "1.5.1", None), numpy=("NumPy", "1.26.4", None))
    found = used(tmp_path, "import sklearn, numpy, os, oldstdlib")
    assert found.text == (
        "# What the code imports, in the versions of the active environment (Python 3.12).\n"
        "numpy==1.26.4\nscikit-learn==1.5.1\n"
    )
    assert found.notes == ("versions of /env/bin/python (Python 3.12)",)


def test_what_nothing_provides_is_a_comment_with_the_name_on_an_index(tmp_path: Path, installed):
    installed()
    absent = "imported by train.py, nothing in the active environment provides it"
    hint = "install its package there and repeat, or write its name here"
    code = "import yaml.x, mystery\ntry:\n    import extra\nexcept ImportError:\n    extra = 0\n"
    assert lines(tmp_path, code) == [
        f"# extra: {absent}: which goes on without it",
        f"# mystery: {absent}: {hint}",
        f"# yaml: {absent}; an index has it as pyyaml: {hint}",
    ]


def test_estimators_that_need_scikit_learn_bring_it(tmp_path: Path, installed):
    installed(lightgbm=("lightgbm", "4.6", None), sklearn=("scikit-learn", "1.6", None))
    code = "import lightgbm as lgb\nmodel = lgb.{}()"
    assert lines(tmp_path, code.format("LGBMClassifier")) == ["lightgbm==4.6", "scikit-learn==1.6"]
    assert lines(tmp_path, code.format("Booster")) == ["lightgbm==4.6"]


def test_what_a_model_needs_is_required_too(tmp_path: Path, installed):
    installed(sklearn=("scikit-learn", "1.6", None))
    (tmp_path / "train.py").write_text("import train_helpers\n")
    (tmp_path / "train_helpers.py").write_text("")
    also = {
        "sklearn": "the model",
        "collections.abc": "the model",
        "train_helpers": "the model",
    }
    found = used_packages([tmp_path / "train.py"], tmp_path, also)
    (one,) = found.modules
    assert (one.module, one.needed_by, one.requirement) == (
        "sklearn", "the model", "scikit-learn==1.6"
    )  # fmt: skip


def test_an_origin_is_written_without_its_credentials(tmp_path: Path, installed):
    installed(
        own=("own", "1", "git+https://me:word@h/own@ab"),
        other=("other", "1", "git+ssh://git@h/other@cd"),
    )
    assert lines(tmp_path, "import own, other") == [
        "other @ git+ssh://git@h/other@cd",
        "own @ git+https://h/own@ab",
    ]


def test_a_local_label_is_a_comment(tmp_path: Path, installed):
    installed(torch=("torch", "2.1.0+cpu", None))
    assert lines(tmp_path, "import torch") == ["torch==2.1.0  # installed: 2.1.0+cpu"]


def test_each_origin_is_written_so_that_it_can_be_had(tmp_path: Path, installed):
    (tmp_path / "libs" / "a").mkdir(parents=True)
    (tmp_path / "package.toml").touch()
    installed(
        a=("a", "1", (tmp_path / "libs/a").as_uri()),
        b=("b", "1", "git+https://h/b@abc"),
        c=("c", "1", "https://h/c-1-py3-none-any.whl"),
        d=("d", "1", "file:///elsewhere/d"),
        e=("e", "1", tmp_path.as_uri()),
    )
    found = lines(tmp_path, "import a, b, c, d, e")
    assert found[:3] == [
        "./libs/a",
        "b @ git+https://h/b@abc",
        "c @ https://h/c-1-py3-none-any.whl",
    ]
    assert found[3].startswith("# d: installed from outside of the project")
    assert len(found) == 4


def test_without_a_python_nothing_is_pinned(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(module, "active_python", lambda: None)
    found = used(tmp_path, "import sklearn")
    assert found.notes[0] == "no Python is active: the requirements name no versions"
    assert found.text.splitlines()[1].startswith("# sklearn: ")


def test_the_text_is_one_that_the_build_reads(tmp_path: Path, installed):
    installed(torch=("torch", "2.1.0+cpu", None), numpy=("numpy", "1.26.4", None))
    file = tmp_path / "requirements.txt"
    file.write_text(used(tmp_path, "import torch, numpy, mystery").text)
    assert read_requirements(file).requirements == ("numpy==1.26.4", "torch==2.1.0")
