"""Requirements of an untrusted project: nothing is built, no file outside it is read."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from host_samples import TARGET, make_wheel
from indexes import folder_index

from packager.environment import resolver
from packager.environment.requirement_files import read_requirements
from packager.environment.resolver import resolve
from packager.errors import PackageError, UsageError


def written(folder: Path, text: str | bytes, name: str = "requirements.txt") -> Path:
    (folder / "package.toml").touch()
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(folder: Path, text: str | bytes) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read_requirements(written(folder, text))
    return caught.value


def test_lines_are_written_again_without_what_only_a_reader_could_misread(tmp_path: Path):
    text = (
        "alpha >= 1  # why\n\nbeta[x,y]==2 ; python_version > '3' --hash=sha256:ab\n"
        "gamma==\\\n  3\r\n--pre --only-binary :all:\n-c limits.txt\n-r more/other.txt\n"
    )
    written(tmp_path, "alpha<9\n-r deep.txt\n", "limits.txt")
    written(tmp_path, "beta<7\n", "deep.txt")
    written(tmp_path, "-r ../more/third.txt\ndelta\n", "more/other.txt")
    written(tmp_path, "epsilon", "more/third.txt")
    found = read_requirements(written(tmp_path, text))
    assert found.requirements == (
        "alpha>=1",
        'beta[x,y]==2; python_version > "3" --hash=sha256:ab',
        "gamma==3",
        "epsilon",
        "delta",
    )
    assert found.constraints == ("alpha<9", "beta<7")
    assert found.options == ("--prerelease", "allow")


@pytest.mark.parametrize(
    "line",
    [
        "--no-binary evil", "--no-binary=:all:", "--config-settings a=b", "--global-option=x",
        "--no-build-isolation", "--build-constraint b.txt", "--install-option=x", "--use-pep517",
        "--pre -e ./evil", "--src x", "--pre --no-binary evil",
        "-f wheels --no-binary evil", "--no-bin evil", "-x", "--index https://x", "--process",
    ],
)  # fmt: skip
def test_an_option_that_builds_or_is_unknown_is_named_with_its_line(tmp_path: Path, line: str):
    (tmp_path / "wheels").mkdir()
    error = refused(tmp_path, f"alpha\n{line}\n")
    assert error.message.startswith("requirements.txt line 2: `-")
    assert "built in isolation" in error.hint


@pytest.mark.parametrize(
    "line",
    ["-r {out}", "-r../out/secret", "--requirement={out}", "-c {out}", "--constraint ../out/secret",
     "-r 'link.txt'", "--pre -r {out}"],
)  # fmt: skip
def test_files_outside_of_the_project_are_not_read(tmp_path: Path, line: str):
    project, out = tmp_path / "p", tmp_path / "out" / "secret"
    project.mkdir()
    out.parent.mkdir()
    out.write_text("topsecret-2718\n")
    (project / "link.txt").symlink_to(out)
    error = refused(project, line.format(out=out) + "\n")
    assert "a link that leaves the project" in error.message
    assert "topsecret" not in error.message + error.hint


def test_a_file_is_never_fetched(tmp_path: Path):
    error = refused(tmp_path, "-r https://host/requirements.txt\n")
    assert error.message == (
        "requirements.txt line 1: expected a file at https://host/requirements.txt, got none"
    )


@pytest.mark.parametrize("line", ["{} ", "a @ {}", "-f {parent}", "--find-links=file://{parent}"])
def test_wheels_outside_of_the_project_are_not_taken(tmp_path: Path, line: str):
    project, out = tmp_path / "p", tmp_path / "out"
    project.mkdir()
    out.mkdir()
    wheel = make_wheel(out, "a", {"a.py": ""})
    error = refused(project, line.format(wheel, parent=out))
    assert "expected a path within the project" in error.message
    assert "copy it into the project" in error.hint


def test_variables_of_the_environment_go_into_no_address(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TOKEN", "topsecret-2718")
    error = refused(tmp_path, "--extra-index-url https://evil/${TOKEN}/simple\n")
    assert "expected an address without variables" in error.message
    assert "topsecret" not in error.message + error.hint


@pytest.mark.parametrize(
    "text",
    [
        "alpha\v--no-binary x",
        "alpha\x0c--no-index --src ./evil",
        "alpha\u2028-r /etc/passwd",
        "a b c",
    ],
)
def test_what_another_reader_could_take_for_a_line_end_is_one(tmp_path: Path, text: str):
    with pytest.raises(UsageError):
        read_requirements(written(tmp_path, text))


def source_distribution(folder: Path, mark: Path) -> None:
    setup = f"open({str(mark)!r}, 'w')\nfrom setuptools import setup\nsetup(name='evil')\n"
    with tarfile.open(folder / "evil-1.0.tar.gz", "w:gz") as tar:
        for name, text in {"setup.py": setup, "PKG-INFO": "Name: evil\nVersion: 1.0\n"}.items():
            info = tarfile.TarInfo(f"evil-1.0/{name}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))


CONFIGURED = '[tool.uv]\nno-build = false\nno-binary-package = ["evil"]\n'
PIP = '[tool.uv.pip]\nno-binary = ["evil"]\nno-build-isolation = true\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", CONFIGURED),
        ("pyproject.toml", PIP),
        ("uv.toml", PIP.replace("tool.uv.", "")),
    ],
)
@pytest.mark.parametrize("owner", ["project", "above", "user"])
@pytest.mark.sample(3)
def test_no_configuration_makes_uv_build(
    tmp_path: Path, monkeypatch, name: str, text: str, owner: str
):
    links, mark, project = tmp_path / "links", tmp_path / "mark", tmp_path / "a" / "p"
    links.mkdir()
    project.mkdir(parents=True)
    source_distribution(links, mark)
    place = {"project": project, "above": project.parent, "user": tmp_path / "home" / "uv"}[owner]
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(text)
    more: Mapping[str, str] = {"XDG_CONFIG_HOME": str(tmp_path / "home"), "UV_NO_BINARY": "1"}
    known = folder_index(links)
    environment = {n: v for n, v in known.environment.items() if n != "UV_NO_CONFIG"}
    index = type(known)(known.arguments, {**environment, **more}, None)
    requirements = written(project, "evil\n")
    with pytest.raises(PackageError, match="evil"):
        resolve(requirements, TARGET, index.of_project(requirements))
    assert not mark.exists()


def test_a_projects_own_interpreter_is_not_asked(tmp_path: Path, monkeypatch):
    links, mark, programs = tmp_path / "links", tmp_path / "mark", tmp_path / ".venv" / "bin"
    links.mkdir()
    programs.mkdir(parents=True)
    make_wheel(links, "alpha", {"alpha.py": ""})
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.2\n")
    for name in ("python", "python3", "python3.11"):
        (programs / name).write_text(f"#!/bin/sh\necho ran > {mark}\n")
        (programs / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    requirements = written(tmp_path, "alpha\n")
    index = folder_index(links)
    monkeypatch.setattr(resolver, "HOST_FLOORS", {})
    found = resolve(requirements, TARGET, index.of_project(requirements))
    assert [item.wheel.name for item in found] == ["alpha"]
    assert not mark.exists()


DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"https://h/own-1.0-py3-none-any.whl --hash=sha256:{DIGEST}",
         f"own @ https://h/own-1.0-py3-none-any.whl --hash=sha256:{DIGEST}"),
        (f"own @ https://h/own-1.0-py3-none-any.whl#sha256={DIGEST}",
         f"own @ https://h/own-1.0-py3-none-any.whl#sha256={DIGEST} --hash=sha256:{DIGEST}"),
    ],
)  # fmt: skip
def test_a_hash_holds_for_a_wheel_by_its_address(tmp_path, line: str, expected: str):
    (tmp_path / "requirements.txt").write_text(f"{line}\n")
    found = read_requirements(tmp_path / "requirements.txt")
    assert (found.requirements, found.hashes) == ((expected,), {"own": frozenset({DIGEST})})


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("six --config-settings=a=b", "`--config-settings`: option not supported", "leave it out"),
        ("--proxy http://h", "`--proxy`: option not supported", "HTTPS_PROXY"),
        ("---------- -------", "option not supported", "write NAME==VERSION; `pip list"),
        ("-r https://h/r.txt", "expected a file at https://h/r.txt", "download it"),
        ("x @ https://me:word@h/x y", "got 'x @ https://***@h/x y'", "NAME==VERSION"),
    ],
)
def test_lines_that_are_not_read_say_what_works(tmp_path, line: str, said: str, hint: str):
    (tmp_path / "requirements.txt").write_text(f"{line}\n")
    with pytest.raises(UsageError) as caught:
        read_requirements(tmp_path / "requirements.txt")
    assert said in caught.value.message
    assert hint in str(caught.value.hint)
