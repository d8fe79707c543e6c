from __future__ import annotations

from pathlib import Path

import pytest

from packager.environment.uv_config import as_toml, merged, shared_credentials
from packager.errors import UsageError


def file(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_nearest_setting_counts_and_lists_are_joined(tmp_path: Path):
    project, home = tmp_path / "p", tmp_path / "home"
    file(project / "pyproject.toml", '[tool.uv]\nprerelease = "allow"\nextra-index-url = ["a"]\n')
    user = 'extra-index-url = ["https://mine"]\nprerelease = "if-necessary"\nindex-strategy = "x"\n'
    file(home / "uv" / "uv.toml", user)
    found = merged(project, {"XDG_CONFIG_HOME": str(home), "XDG_CONFIG_DIRS": str(tmp_path)})
    assert found == {
        "prerelease": "allow",
        "extra-index-url": [(project / "a").as_uri(), "https://mine"],
        "index-strategy": "x",
    }


def test_a_project_has_no_say_in_what_is_the_users(tmp_path: Path):
    text = 'keyring-provider = "subprocess"\ncache-dir = "x"\nallow-insecure-host = ["pypi.org"]\n'
    file(tmp_path / "p" / "uv.toml", text)
    alone = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path)}
    assert merged(tmp_path / "p", alone) == {}
    file(tmp_path / "uv" / "uv.toml", text)
    assert set(merged(tmp_path / "q", alone)) == {
        "keyring-provider",
        "cache-dir",
        "allow-insecure-host",
    }


def test_a_file_named_by_the_user_stands_for_his_others(tmp_path: Path):
    named = file(tmp_path / "mine.toml", 'index-url = "https://named"\n')
    file(tmp_path / "uv" / "uv.toml", 'index-url = "https://other"\n')
    environment = {"XDG_CONFIG_HOME": str(tmp_path), "UV_CONFIG_FILE": str(named)}
    assert merged(tmp_path / "p", environment) == {"index-url": "https://named"}
    assert merged(tmp_path / "p", {**environment, "UV_NO_CONFIG": "1"}) == {}


@pytest.mark.parametrize("text", ["a = ", "[" * 5000, "a = " + "9" * 5000])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, text: str):
    file(tmp_path / "uv.toml", text)
    with pytest.raises(UsageError, match=r"uv\.toml: expected TOML"):
        merged(tmp_path, {})


def test_a_credential_sent_to_a_projects_index_is_reported_without_its_value(tmp_path: Path):
    text = '[[tool.uv.index]]\nname = "my-own"\nurl = "https://elsewhere.test/simple"\n'
    file(tmp_path / "pyproject.toml", text)
    environment = {"UV_INDEX_MY_OWN_PASSWORD": "canary31415926"}
    assert list(shared_credentials(tmp_path, environment)) == [
        "pyproject.toml: your UV_INDEX_MY_OWN_PASSWORD is sent to its index 'my-own' at "
        "elsewhere.test"
    ]
    assert list(shared_credentials(tmp_path, {})) == []


def test_settings_are_written_as_toml():
    import tomllib

    table = {"index": [{"name": 'a"b', "url": "https://ä", "default": True}], "pip": {"x": ["y"]}}
    assert tomllib.loads(as_toml(table)) == table
