from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from packager.environment import index
from packager.environment.index import index_options, parse_pip_config, user_index_options

LISTED = """\
:env:.cert='/env/ca.pem'
:env:.timeout='60'
global.cert='/etc/ca.pem'
global.extra-index-url='https://a/simple https://b/simple'
global.index-url='https://global/simple'
install.index-url='https://install/simple'
wheel.index-url='https://wheel/simple'
"""


@pytest.fixture
def _no_settings(monkeypatch, tmp_path: Path) -> None:
    """Nothing of the machine's own pip or uv configuration."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_", "SSL_CERT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def test_the_environment_wins_over_a_section_and_a_section_over_global():
    assert parse_pip_config(LISTED) == {
        "cert": "/env/ca.pem",
        "timeout": "60",
        "extra-index-url": "https://a/simple https://b/simple",
        "index-url": "https://install/simple",
    }


def test_the_order_of_lines_does_not_matter():
    lines = LISTED.splitlines()
    assert parse_pip_config("\n".join(reversed(lines))) == parse_pip_config(LISTED)


def test_quotes_signs_and_lines_in_values_are_kept():
    text = """global.index-url="https://me:it's=odd@host/simple"\nglobal.find-links='/a\\n/b'\n"""
    assert parse_pip_config(text) == {
        "index-url": "https://me:it's=odd@host/simple",
        "find-links": "/a\n/b",
    }


@pytest.mark.parametrize("text", ["", "\n", "no setting at all\n"])
def test_no_configuration_is_no_options(text: str):
    assert parse_pip_config(text) == {}


def test_pips_words_become_uvs():
    pip = {
        "index-url": "https://one/simple",
        "find-links": "/a\n/b",
        "trusted-host": "one two",
        "cert": "/ca.pem",
        "timeout": "60",
    }
    options = index_options(pip, {"PATH": "/bin"})
    assert options.arguments == (
        "--default-index",
        "https://one/simple",
        "--find-links",
        "/a",
        "--find-links",
        "/b",
        "--allow-insecure-host",
        "one",
        "--allow-insecure-host",
        "two",
    )
    assert options.certificates == "/ca.pem"
    assert options.environment["SSL_CERT_FILE"] == "/ca.pem"
    assert options.environment["UV_SYSTEM_CERTS"] == "true"
    assert options.environment["PATH"] == "/bin"


MANY = ({"extra-index-url": "https://more/simple"}, {"UV_NO_CONFIG": "1"})


@pytest.mark.parametrize(
    ("pip", "environment", "asked", "strategy"),
    [
        ({}, {"UV_NO_CONFIG": "1"}, None, None),
        ({}, {"UV_EXTRA_INDEX_URL": "https://more/simple", "UV_NO_CONFIG": "1"}, None, None),
        ({}, {"UV_NO_CONFIG": "1"}, "unsafe-best-match", "unsafe-best-match"),
        (*MANY, None, "unsafe-first-match"),
        (*MANY, "first-index", "first-index"),
        (MANY[0], {**MANY[1], "UV_INDEX_STRATEGY": "first-index"}, None, None),
    ],
)
def test_the_first_index_that_knows_a_package_is_the_only_one_queried(
    tmp_path: Path, pip, environment, asked, strategy
):
    (tmp_path / "requirements.txt").write_text("--extra-index-url https://third/simple\nalpha\n")
    found = index_options(pip, environment).of_project(tmp_path / "requirements.txt", asked)
    told = dict(zip(found.arguments[::2], found.arguments[1::2], strict=True))
    assert told.get("--index-strategy") == strategy


def test_what_the_users_own_uv_configuration_says_of_indexes_counts(tmp_path: Path):
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv" / "uv.toml").write_text('index-strategy = "unsafe-best-match"\n')
    (tmp_path / "requirements.txt").write_text("alpha\n")
    options = index_options(MANY[0], {"XDG_CONFIG_HOME": str(tmp_path)})
    found = options.of_project(tmp_path / "requirements.txt")
    assert "--index-strategy" not in found.arguments
    assert found.settings["index-strategy"] == "unsafe-best-match"


@pytest.mark.parametrize(
    ("option", "variable"),
    [
        ("index-url", "UV_DEFAULT_INDEX"),
        ("index-url", "UV_INDEX_URL"),
        ("find-links", "UV_FIND_LINKS"),
        ("trusted-host", "UV_INSECURE_HOST"),
    ],
)
def test_what_was_set_for_uv_itself_stays(option: str, variable: str):
    options = index_options({option: "https://pip"}, {variable: "https://uv"})
    assert options.arguments == ()
    assert options.environment[variable] == "https://uv"
    assert index_options({option: "https://pip"}, {variable: ""}).arguments != ()


@pytest.mark.parametrize(
    ("value", "told"), [("1", True), ("true", True), ("0", False), ("", False)]
)
def test_no_index_is_a_switch(value: str, told: bool):
    assert ("--no-index" in index_options({"no-index": value}, {}).arguments) is told


def test_a_certificate_of_the_environment_wins():
    options = index_options({"cert": "/pip.pem"}, {"SSL_CERT_FILE": "/env.pem"})
    assert options.certificates == "/env.pem"


def test_without_a_certificate_none_is_set():
    options = index_options({}, {})
    assert options.certificates is None
    assert "SSL_CERT_FILE" not in options.environment


def test_credentials_are_known_by_host_and_port():
    pip = {
        "index-url": "https://me:p%40ss@one.example:8443/simple",
        "extra-index-url": "https://two.example/simple https://token@three.example/simple",
        "find-links": "/a/folder@odd",
    }
    variables = {"UV_INDEX": "", "UV_FIND_LINKS": "http://u:v@four.example/"}
    assert index_options(pip, variables).credentials() == {
        "one.example:8443": ("me", "p@ss"),
        "three.example": ("token", ""),
        "four.example": ("u", "v"),
    }


def test_credentials_of_a_named_index_of_uv_are_known():
    options = index_options({}, {"UV_INDEX": "mine=https://me:secret@one/simple https://two/"})
    assert options.credentials() == {"one": ("me", "secret")}


@pytest.mark.slow
@pytest.mark.usefixtures("_no_settings")
def test_the_users_own_pip_is_queried(monkeypatch, tmp_path: Path):
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://file/simple\nfind-links = /links\n"
        "[install]\nno-index = yes\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_INDEX_URL", "https://env/simple")
    options = user_index_options()
    assert options.arguments == (
        "--default-index",
        "https://env/simple",
        "--find-links",
        "/links",
        "--no-index",
    )


@pytest.mark.slow
@pytest.mark.usefixtures("_no_settings")
def test_without_any_pip_there_are_no_options(monkeypatch):
    monkeypatch.setattr(index, "find_program", lambda _: None)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert user_index_options().arguments == ()


def test_an_index_of_the_requirements_wins_over_the_users_as_with_pip(tmp_path: Path):
    (tmp_path / "requirements.txt").write_text(
        "-i https://own/simple\n--extra-index-url https://me:pw@more/simple\nalpha\n"
    )
    mine = index_options({"index-url": "https://mine/simple"}, {})
    options = mine.of_project(tmp_path / "requirements.txt")
    assert options.arguments == (
        "--default-index", "https://own/simple", "--extra-index-url", "https://me:pw@more/simple",
    )  # fmt: skip
    assert options.credentials() == {"more": ("me", "pw")}


def test_the_choice_of_pytorch_is_an_option_of_uv():
    options = index_options({}, {})
    assert options.with_torch(None) == options
    assert options.with_torch("cpu").command()[0][-2:] == ["--torch-backend", "cpu"]
