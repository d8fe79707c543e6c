"""Files of requirements by their names, from a project's folder to the lines of pip."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from requirement_formats import LOCKS, wanted

from packager.environment.formats.files import found_in, has_extras, is_translated, text_of
from packager.environment.requirement_files import read_options, read_requirements
from packager.errors import UsageError


def copied(name: str, folder: Path) -> Path:
    (folder / "package.toml").touch()
    for file in ("pyproject.toml", Path(name).name):
        shutil.copyfile(LOCKS / Path(name).parent / file, folder / file)
    return folder / Path(name).name


@pytest.mark.parametrize("name", ["uv/uv.lock", "poetry/poetry.lock", "uv/pyproject.toml"])
def test_every_format_becomes_requirements_of_pip(tmp_path: Path, name: str):
    found = read_requirements(copied(name, tmp_path), wanted())
    assert any(line.startswith("pandas") for line in found.requirements)
    assert ("--default-index" in found.options) == name.startswith("poetry")
    assert bool(found.hashes) == name.endswith(".lock")


def test_a_file_of_conda_may_name_a_file_of_pip_and_indexes(tmp_path: Path):
    (tmp_path / "package.toml").touch()
    (tmp_path / "more.txt").write_text("b>=2\n-c limits.txt\n")
    (tmp_path / "limits.txt").write_text("a<3\n")
    file = tmp_path / "environment.yml"
    file.write_text(
        "dependencies: [numpy, pip: [a, -r more.txt, '--extra-index-url https://h/simple']]\n"
    )
    found = read_requirements(file, wanted())
    assert found.requirements == ("numpy", "a", "b>=2")
    assert found.constraints == ("a<3",)
    assert found.options == ("--extra-index-url", "https://h/simple")
    assert read_options(file, wanted())[0] == found.options


def test_a_requirements_file_may_include_another_format(tmp_path: Path):
    copied("uv/pyproject.toml", tmp_path)
    (tmp_path / "requirements.txt").write_text("joblib\n-r pyproject.toml\n")
    found = read_requirements(tmp_path / "requirements.txt", wanted())
    assert found.requirements[:2] == ("joblib", "pandas<2.3,>=2.2")


def test_an_error_in_another_format_names_the_file_without_a_line(tmp_path: Path):
    (tmp_path / "package.toml").touch()
    file = tmp_path / "environment.yml"
    file.write_text("dependencies:\n  - pip:\n      - --no-binary x\n")
    with pytest.raises(UsageError) as caught:
        read_requirements(file, wanted())
    assert caught.value.message == "environment.yml: `--no-binary`: option not supported"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], []),
        (["requirements.txt"], ["requirements.txt"]),
        (["pyproject.toml"], ["pyproject.toml"]),
        (["uv.lock", "pyproject.toml"], ["uv.lock"]),
        (["poetry.lock", "pyproject.toml"], ["poetry.lock"]),
        (["requirements.txt", "environment.yml"], ["requirements.txt", "environment.yml"]),
        (["pylock.toml", "pylock.dev.toml"], ["pylock.dev.toml", "pylock.toml"]),
        (["requirements-dev.txt", "config.yml"], []),
        (["environment.yml"], ["environment.yml"]),
    ],
)
def test_the_files_of_a_folder_are_found(tmp_path: Path, names: list[str], found: list[str]):
    for name in names:
        text = "dependencies: []" if name.endswith("yml") else "[project]\ndependencies = []\n"
        (tmp_path / name).write_text(text)
    assert found_in(tmp_path) == found


def test_a_pyproject_with_settings_of_tools_alone_holds_no_requirements(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    assert found_in(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("uv.lock", b"version = ", "uv.lock: expected TOML, got "),
        ("poetry.lock", b"\xff\xfe", "poetry.lock: expected text in UTF-8"),
        ("pyproject.toml", b"[" * 5000, "pyproject.toml: expected TOML, got "),
        ("environment.yml", b"\xff", "environment.yml: expected text in UTF-8"),
        ("pylock.toml", b"", "pylock.toml: expected a lock of PEP 751"),
        ("poetry.lock", b"", "poetry.lock: expected lock-version 1 or 2"),
    ],
)
def test_bytes_that_are_not_the_format_are_named(tmp_path, name, content, said):
    (tmp_path / "package.toml").touch()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        read_requirements(tmp_path / name, wanted())
    assert caught.value.hint


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path):
    project, secret = tmp_path / "p", tmp_path / "secret.toml"
    project.mkdir()
    secret.write_text('[project]\ndependencies = ["secret"]\n')
    (project / "package.toml").touch()
    shutil.copyfile(LOCKS / "uv" / "uv.lock", project / "uv.lock")
    (project / "pyproject.toml").symlink_to(secret)
    with pytest.raises(UsageError, match="a link that leaves the project"):
        read_requirements(project / "uv.lock", wanted())


def test_names_say_the_format():
    assert has_extras(Path("a/pylock.gpu.toml"))
    assert not has_extras(Path("environment.yml"))
    assert is_translated(Path("x.yaml"))
    assert not is_translated(Path("requirements.txt"))


def test_a_file_of_pip_is_read_as_it_is(tmp_path: Path):
    (tmp_path / "r.txt").write_text("numpy  # why\n")
    assert text_of(tmp_path / "r.txt", tmp_path, None) == "numpy  # why\n"


def test_a_large_file_of_conda_is_refused_before_it_is_parsed(tmp_path: Path):
    (tmp_path / "environment.yml").write_text("- x\n" * 40_000)
    with pytest.raises(UsageError, match="expected at most 131,072 bytes, got 160,000"):
        read_requirements(tmp_path / "environment.yml", wanted())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["requirements.txt", "environment.yml"])
def test_an_encoding_that_the_file_itself_names_is_read(tmp_path, name, encoding):
    text = {"requirements.txt": "# größe\r\nsix\r\n", "environment.yml": "dependencies: [six]\n"}
    (tmp_path / name).write_bytes(text[name].encode(encoding))
    assert "six" in text_of(tmp_path / name, tmp_path, wanted()).splitlines()


def test_the_encoding_of_a_comment_is_read_as_pip_reads_it(tmp_path):
    content = b"# -*- coding: latin-1 -*-\n# gr\xf6\xdfe\nsix\n"
    (tmp_path / "requirements.txt").write_bytes(content)
    assert "größe" in text_of(tmp_path / "requirements.txt", tmp_path, None)
