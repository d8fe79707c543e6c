import os
from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.rollout.compose_command import ComposeCommand


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr("packager.rollout.compose_command.find_program", _only_in(folder))
    return folder


def _only_in(folder: Path):
    def find(name: str) -> str | None:
        path = folder / name
        return str(path) if path.exists() else None

    return find


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_without_compose_the_error_says_what_to_install(programs, tmp_path):
    with pytest.raises(PackageError, match="neither `docker compose` nor") as error:
        ComposeCommand.find(tmp_path)
    assert "install Compose" in (error.value.hint or "")


def test_the_plugin_comes_first_and_a_docker_without_it_is_passed_over(programs, tmp_path):
    script(programs / "docker-compose", "echo own")
    script(programs / "docker", 'test "$1 $2" = "compose version"')
    assert ComposeCommand.find(tmp_path).program == (str(programs / "docker"), "compose")
    script(programs / "docker", "exit 1")
    assert ComposeCommand.find(tmp_path).program == (str(programs / "docker-compose"),)


def test_a_command_gets_the_file_of_the_folder_and_its_stdin(programs, tmp_path):
    script(programs / "docker-compose", 'echo "$@"; cat')
    compose = ComposeCommand(tmp_path, (str(programs / "docker-compose"),))
    said = compose.run("up", "-d", text="in\n")
    assert said == f"-f {tmp_path / 'compose.yml'} up -d\nin\n"


def test_a_failed_command_says_what_compose_said(programs, tmp_path):
    script(programs / "docker-compose", "echo no such service: a >&2; exit 1")
    compose = ComposeCommand(tmp_path, (str(programs / "docker-compose"),))
    with pytest.raises(PackageError, match="docker compose up: no such service: a"):
        compose.run("up", "a")


def test_a_command_that_hangs_ends(programs, tmp_path):
    script(programs / "docker-compose", "sleep 30")
    compose = ComposeCommand(tmp_path, (str(programs / "docker-compose"),))
    with pytest.raises(PackageError, match=r"docker compose up: expected an end within 0\.2 s"):
        compose.run("up", seconds=0.2)


@pytest.mark.parametrize(
    "text", ['{"Name": "a"}\\n{"Name": "b"}', '[{"Name": "a"}, {"Name": "b"}]', ""]
)
def test_containers_are_read_in_both_forms(programs, tmp_path, text):
    script(programs / "docker-compose", f"printf '{text}'")
    compose = ComposeCommand(tmp_path, (str(programs / "docker-compose"),))
    assert [one["Name"] for one in compose.containers("s")] == (["a", "b"] if text else [])


def test_a_signal_of_the_terminal_does_not_reach_compose(programs, tmp_path):
    script(programs / "docker-compose", "ps -o sid= -p $$ || cut -d' ' -f6 /proc/$$/stat")
    compose = ComposeCommand(tmp_path, (str(programs / "docker-compose"),))
    assert int(compose.run("up")) != os.getsid(0)
