"""Programs are searched only in absolute entries of PATH."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from packager.environment import programs


def file(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_programs_are_found_on_absolute_entries_only(tmp_path: Path, monkeypatch):
    planted = file(tmp_path / "git", "#!/bin/sh\n")
    planted.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for entries in (".", "", "./", ".:/nonexistent", ":/nonexistent"):
        monkeypatch.setenv("PATH", entries)
        assert programs.find_program("git") is None
    monkeypatch.setenv("PATH", f".:{tmp_path}")
    assert programs.find_program("git") == str(planted)


def test_an_environment_has_no_interpreter_and_no_project_in_it(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file(tmp_path / "ca.pem", "")
    given = {
        "PYTHONPATH": ".", "PYTHONSTARTUP": "x", "VIRTUAL_ENV": "v", "UV_PYTHON": "p",
        "UV_NO_BINARY": "1", "UV_PROJECT": ".", "UV_CONFIG_FILE": "c", "UV_INDEX_A_PASSWORD": "s",
        "SSL_CERT_FILE": "ca.pem", "PATH": f".:/bin{os.pathsep}bin",
    }  # fmt: skip
    assert programs.clean_environment(given) == {
        "UV_INDEX_A_PASSWORD": "s",
        "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
        "PATH": "/bin",
    }


def test_own_modules_are_not_looked_for_in_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    done = subprocess.run(
        programs.own_module("json.tool"),
        cwd=tmp_path,
        input="{}",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "{}"


def test_an_isolated_interpreter_reads_nothing_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    code = "import json, os; print('PYTHONPATH' in os.environ)"
    done = subprocess.run(
        programs.isolated_python("-c", code),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "True"
    assert programs.isolated_python("-S", python="/x/python") == ["/x/python", "-I", "-S"]
