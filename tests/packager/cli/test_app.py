from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from stub_packages import package_at

from packager import cli

PROGRAM = Path(sys.executable).parent / "package"


VERBS = (
    "init", "build", "train", "base", "inspect", "diff", "serve", "predict", "score", "replay",
    "bench", "drift", "feedback",
)  # fmt: skip


@pytest.mark.slow
def test_the_installed_program_tells_its_verbs():
    done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=True)
    assert all(verb in done.stdout for verb in VERBS)
    assert done.stderr == ""


@pytest.mark.slow
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
        ("predict", "ref", "--data", "a.csv", "--format", "xml"),
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
    run("init", tmp_path / "shop")
    code, out, err = run("init", tmp_path / "shop")
    assert (code, out) == (2, "")
    message = f"error: {tmp_path}/shop/package.toml: exists already"
    assert err == f"{message}\n\nhint: name an empty or a new folder\n"


def test_ctrl_c_ends_with_130_and_says_so(run, monkeypatch):
    def stop(*_: object) -> str:
        raise KeyboardInterrupt

    package_at(monkeypatch)
    monkeypatch.setattr("packager.run.predict.predict", stop)
    code, out, err = run("predict", "r", "--data", "a", "--local")
    assert (code, out) == (130, "")
    assert "stopped" in err
    code, out, err = run("predict", "r", "--data", "a", "--local", "--json")
    assert (code, out) == (130, "")
    told = json.loads(err.splitlines()[-1])
    assert told == {"message": "stopped", "hint": None, "exit_code": 130}


def test_a_bug_shows_its_traceback(monkeypatch):
    def fail(*_: object) -> str:
        raise ZeroDivisionError

    package_at(monkeypatch)
    monkeypatch.setattr("packager.run.predict.predict", fail)
    monkeypatch.setattr(sys, "argv", ["package", "predict", "r", "--data", "a", "--local"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "x"], "--target: expected --data with it, got none"),
        (["--data", "absent.csv"], "absent.csv: expected a file or a folder, found nothing"),
        (["--from-model", "a", "--from-mlflow", "b"], "expected none together with --from-mlflow"),
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
