from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from host_samples import TOML, write_project

from packager import cli
from packager.digest import sha256_bytes
from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.reference import Reference
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Manifest

PROGRAM = Path(sys.executable).parent / "package"
VERBS = (
    "init", "build", "train", "base", "inspect", "diff", "serve", "predict", "replay", "bench",
    "drift", "feedback",
)  # fmt: skip


def test_the_installed_program_tells_its_verbs():
    done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=True)
    assert all(verb in done.stdout for verb in VERBS)
    assert done.stderr == ""


def test_the_installed_program_ends_with_two_and_says_why_on_stderr(tmp_path: Path):
    command = [PROGRAM, "build", tmp_path / "gone", "--output", f"oci:{tmp_path}/image"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    message, hint = done.stderr.split("\n\n")
    assert message == f"error: {tmp_path}/gone/package.toml: no such file"
    assert hint.startswith("hint: run `package init")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(run, verb: str):
    code, out, err = run(verb, "--help")
    assert (code, err) == (0, "")
    assert "--json" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("build", "--nonsense"),
        ("inspect",),
        ("predict", "ref"),
        ("serve", "ref", "--port", "http"),
        ("predict", "ref", "--input", "a.csv", "--format", "xml"),
    ],
)
def test_a_wrong_call_ends_with_two_and_an_empty_stdout(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Usage" in err


def test_init_prints_the_files_and_tells_what_is_next(run, tmp_path: Path):
    code, out, err = run("init", tmp_path / "p")
    assert code == 0
    assert out.splitlines() == [
        f"{tmp_path}/p/{name}"
        for name in ("data/visits.csv", "package.toml", "requirements.txt", "train.py")
    ]
    assert f"next: package build {tmp_path}/p" in err


def test_init_tells_programs_the_same(run, tmp_path: Path):
    code, out, err = run("init", tmp_path / "p", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "directory": f"{tmp_path}/p",
        "files": ["data/visits.csv", "package.toml", "requirements.txt", "train.py"],
    }


def test_init_in_the_current_folder_is_the_default(run, tmp_path: Path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert run("init")[0] == 0
    assert (tmp_path / "here" / "package.toml").is_file()


def test_init_twice_is_refused(run, tmp_path: Path):
    run("init", tmp_path)
    code, out, err = run("init", tmp_path)
    assert (code, out) == (2, "")
    message = f"error: {tmp_path}/package.toml: exists already"
    assert err == f"{message}\n\nhint: name an empty or a new folder\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "x"], "--target: expected --data with it, got none"),
        (["--data", "absent.csv"], "absent.csv: expected a file or a folder, got nothing there"),
        (["--from-model", "a", "--from-mlflow", "b"], "expected none beside --from-mlflow"),
    ],
)
def test_init_names_the_option_that_is_wrong(run, tmp_path: Path, options, message: str):
    code, _, err = run("init", tmp_path / "p", *options)
    assert code == 2
    assert message in err
    assert not (tmp_path / "p").exists()


def test_init_for_a_table_says_what_it_guessed(run, tmp_path: Path):
    (tmp_path / "rows.csv").write_text("a,b\n" + "1,x\n2,y\n" * 20)
    code, out, err = run("init", tmp_path / "p", "--data", tmp_path / "rows.csv")
    assert code == 0
    assert out.split() == [
        str(tmp_path / "p" / name)
        for name in ("data/rows.csv", "package.toml", "requirements.txt", "train.py")
    ]
    assert "task and target are guessed: see package.toml" in err


def test_build_without_an_engine_or_an_output_ends_with_one(run, tmp_path: Path):
    code, out, err = run("build", write_project(tmp_path / "p"))
    assert (code, out) == (1, "")
    assert err == (
        "error: no Docker engine answers to put the image into\n\n"
        "hint: start Docker, or write a folder with --output oci:DIR\n"
    )


def test_build_refuses_an_output_it_does_not_know(run, tmp_path: Path):
    code, _, err = run("build", write_project(tmp_path / "p"), "--output", "podman")
    assert code == 2
    assert "expected docker, oci:DIR or docker-archive:FILE, got 'podman'" in err


def test_a_mistake_in_the_project_is_reported_before_anything_is_written(run, tmp_path: Path):
    toml = TOML + '[slices]\ncolumns = ["[bold]colour"]\n'
    project = write_project(tmp_path / "p", {"package.toml": toml})
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run("build", project, "--output", f"oci:{tmp_path}/image")
    assert (code, out) == (2, "")
    assert "`slices.columns`: expected a column of data/visits.csv, got '[bold]colour'" in err
    assert "\n\nhint: its columns are channel, basket, returned\n" in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("verb", ["inspect", "serve", "replay"])
def test_a_reference_that_is_not_there_ends_with_one(run, verb: str):
    code, out, err = run(verb, "shop:1.0.0")
    assert (code, out) == (1, "")
    assert "error: shop:1.0.0: no such folder or file, and no engine answers" in err


def test_a_file_that_is_no_package_ends_with_two(run, tmp_path: Path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n" * 200)
    code, out, err = run("inspect", tmp_path / "rows.csv")
    assert (code, out) == (2, "")
    assert "expected an archive of `docker save`" in err


def test_predict_writes_csv_or_json_not_both(run, tmp_path: Path):
    code, out, err = run("predict", "ref", "--input", "a.csv", "--format", "csv", "--json")
    assert (code, out) == (2, "")
    assert "--format csv: expected no --json with it" in err


@pytest.mark.parametrize("more", [("--package", "libgl1"), ("--output", "base.tar")])
def test_a_base_is_made_or_taken_from_a_file_not_both(run, more):
    code, out, err = run("base", "--from", "saved.tar", *more)
    assert (code, out) == (2, "")
    assert "--from: expected no --package or --output with it" in err


def package_at(monkeypatch, base: str = "none") -> None:
    """Let every reference be one package, found without an engine."""
    lock = json.dumps({"python": "3.11", "platform": "linux/amd64", "base": base, "wheels": []})

    @contextmanager
    def opened(text: str, engine: object):
        entry = FileEntry(path="lock.json", sha256=sha256_bytes(lock.encode()), size=len(lock))
        manifest = Manifest.model_construct(files=(entry,))
        yield Reference(text, {}, manifest, lambda _: lock.encode(), False, None, lambda _: None)

    monkeypatch.setattr("packager.image.reference.open_reference", opened)


@pytest.mark.parametrize(
    "arguments",
    [("predict", "--input", "a.csv"), ("serve",), ("replay",), ("bench",)],
    ids=lambda arguments: arguments[0],
)
def test_without_an_engine_a_package_runs_only_where_requested(run, monkeypatch, arguments):
    package_at(monkeypatch)
    verb, *more = arguments
    code, out, err = run(verb, "ref", *more)
    assert (code, out) == (1, "")
    assert "ref: no engine answers to run the package in a container" in err
    assert "hint: start Docker; or, if you trust the package, add --local" in err


def test_two_packages_run_only_where_requested(run, monkeypatch, tmp_path: Path):
    package_at(monkeypatch)
    code, out, err = run("diff", "one", "other", "--data", tmp_path / "rows.csv")
    assert (code, out) == (1, "")
    assert "one: no engine answers to run the package in a container" in err
    assert "add --local" in err
    code, _, err = run("diff", "one", "other", "--local")
    assert code == 2
    assert "--local: expected --data with it" in err


@pytest.mark.parametrize(
    "arguments",
    [("predict", "--input", "a.csv"), ("serve",), ("replay",), ("bench",)],
    ids=lambda arguments: arguments[0],
)
def test_an_engine_runs_no_package_without_a_base_whatever_it_says(run, monkeypatch, arguments):
    package_at(monkeypatch)
    monkeypatch.setattr(Engine, "connect", lambda: object.__new__(Engine))
    verb, *more = arguments
    code, out, err = run(verb, "ref", *more)
    assert (code, out) == (1, "")
    assert "ref: has no base (base: none), so no container can run it" in err
    assert "add --local: its code then runs on this machine with your permissions" in err


def test_what_local_means_is_said_once(run, monkeypatch):
    package_at(monkeypatch)
    monkeypatch.setattr("packager.run.predict.predict", lambda *_: ANSWERS)
    _, _, err = run("predict", "ref", "--input", "a.csv", "--local")
    assert err.count("--local: the package's code and model run on this machine with your") == 1
    assert len(err.splitlines()) == 1


ANSWERS = '{"prediction": 1}\n{"prediction": 2}\n'


def test_answers_go_to_stdout_as_lines_or_as_one_document(run, monkeypatch):
    package_at(monkeypatch)
    monkeypatch.setattr("packager.run.predict.predict", lambda *_: ANSWERS)
    code, out, _ = run("predict", "ref", "--input", "a.csv", "--local")
    assert (code, out) == (0, ANSWERS)
    code, out, _ = run("predict", "ref", "--input", "a.csv", "--json", "--local")
    assert code == 0
    assert json.loads(out) == {"predictions": [{"prediction": 1}, {"prediction": 2}]}


def test_answers_may_go_to_a_file_and_then_stdout_is_empty(run, monkeypatch, tmp_path: Path):
    package_at(monkeypatch)
    monkeypatch.setattr("packager.run.predict.predict", lambda *_: ANSWERS)
    code, out, _ = run("predict", "r", "--local", "--input", "a", "--output", tmp_path / "o")
    assert (code, out) == (0, "")
    assert (tmp_path / "o").read_text() == ANSWERS


def test_a_row_that_can_not_be_taken_leaves_no_file(run, monkeypatch, tmp_path: Path):
    def fail(*_: object) -> str:
        raise PackageError("row 3, column carat: expected a number, got 'x'", "fix the row")

    package_at(monkeypatch)
    monkeypatch.setattr("packager.run.predict.predict", fail)
    code, out, err = run("predict", "r", "--local", "--input", "a", "--output", tmp_path / "o")
    assert (code, out) == (1, "")
    assert (
        err.partition("\n")[2]
        == "error: row 3, column carat: expected a number, got 'x'\n\nhint: fix the row\n"
    )
    assert not (tmp_path / "o").exists()


def test_ctrl_c_ends_with_130_and_says_so(run, monkeypatch):
    def stop(*_: object) -> str:
        raise KeyboardInterrupt

    package_at(monkeypatch)
    monkeypatch.setattr("packager.run.predict.predict", stop)
    code, out, err = run("predict", "r", "--input", "a", "--local")
    assert (code, out) == (130, "")
    assert "stopped" in err
    code, out, err = run("predict", "r", "--input", "a", "--local", "--json")
    assert (code, out) == (130, "")
    told = json.loads(err.splitlines()[-1])
    assert told == {"message": "stopped", "hint": None, "exit_code": 130}


def test_a_bug_shows_its_traceback(monkeypatch):
    def fail(*_: object) -> str:
        raise ZeroDivisionError

    package_at(monkeypatch)
    monkeypatch.setattr("packager.run.predict.predict", fail)
    monkeypatch.setattr(sys, "argv", ["package", "predict", "r", "--input", "a", "--local"])
    with pytest.raises(ZeroDivisionError):
        cli.main()
