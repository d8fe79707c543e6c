from __future__ import annotations

import json
from pathlib import Path

import pytest
from registries import docker_config, login

from packager.errors import PackageError, UsageError
from packager.registry.credentials import Login, find_login

HELPER = """#!/bin/sh
read host
case "$host" in
    r.example) echo '{"Username": "ada", "Secret": "s3"}' ;;
    t.example) echo '{"Username": "<token>", "Secret": "identity"}' ;;
    broken.example) echo 'the keyring is locked'; exit 1 ;;
    *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
"""


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential helper called ``x``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "docker-credential-x"
    program.write_text(HELPER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.fixture
def config(user: Path):
    """Writes Docker's config."""
    return lambda **content: docker_config(user / ".docker", content)


def test_without_a_file_there_is_no_login() -> None:
    assert find_login("r.example", "m") is None


def test_a_password_of_docker(config) -> None:
    config(auths={"r.example": login("ada", "s3:cret")})
    assert find_login("r.example", "m") == Login("ada", "s3:cret")
    assert find_login("other.example", "m") is None


def test_an_address_as_key_as_docker_wrote_it_before(config) -> None:
    config(auths={"https://r.example/v1/": login("ada", "s3")})
    assert find_login("r.example", "m") == Login("ada", "s3")


def test_an_identity_token(config) -> None:
    config(auths={"r.example": {"identitytoken": "long"}})
    assert find_login("r.example", "m") == Login(identity_token="long")


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_a_credential_helper(config, helper, key: str) -> None:
    config(**{key: "x" if key == "credsStore" else {"r.example": "x", "t.example": "x"}})
    assert find_login("r.example", "m") == Login("ada", "s3")
    assert find_login("t.example", "m") == Login(identity_token="identity")
    assert find_login("none.example", "m") is None


def test_a_helper_that_is_absent_or_fails_is_named(config, helper) -> None:
    config(credHelpers={"r.example": "absent", "broken.example": "x"})
    with pytest.raises(PackageError) as refused:
        find_login("r.example", "m")
    assert "docker-credential-absent, which " in refused.value.message
    assert "install the helper" in str(refused.value.hint)
    with pytest.raises(PackageError, match=r"docker-credential-x.*the keyring is locked"):
        find_login("broken.example", "m")


def test_podmans_file_is_read_after_dockers(config, user: Path, monkeypatch) -> None:
    config(auths={"r.example": login("ada", "docker")})
    run = user / "run" / "containers"
    run.mkdir(parents=True)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(user / "run"))
    logins = {"r.example": login("ada", "podman"), "p.example": login("bob", "podman")}
    (run / "auth.json").write_text(json.dumps({"auths": logins}))
    assert find_login("r.example", "m") == Login("ada", "docker")
    assert find_login("p.example", "m") == Login("bob", "podman")


def test_podmans_file_in_the_home(user: Path) -> None:
    folder = user / ".config" / "containers"
    folder.mkdir(parents=True)
    (folder / "auth.json").write_text(json.dumps({"auths": {"r.example": login("ada", "s3")}}))
    assert find_login("r.example", "m") == Login("ada", "s3")


def test_a_file_named_by_a_variable_comes_first(config, user: Path, monkeypatch) -> None:
    config(auths={"r.example": login("ada", "docker")})
    path = user / "auth.json"
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(path))
    with pytest.raises(UsageError, match="REGISTRY_AUTH_FILE: expected a file, got"):
        find_login("r.example", "m")
    entries = {"r.example/team": login("team", "b"), "r.example": login("all", "a")}
    path.write_text(json.dumps({"auths": entries}))
    assert find_login("r.example", "team/m") == Login("team", "b")
    assert find_login("r.example", "other/m") == Login("all", "a")


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"auths": {"r.example": {"auth": "!"}}}', '{"auths": 3}']
)
def test_a_damaged_file_is_no_absent_login(user: Path, content: str) -> None:
    (user / ".docker" / "config.json").write_text(content)
    with pytest.raises(PackageError) as refused:
        find_login("r.example", "m")
    assert "config.json: expected the logins of docker or podman" in refused.value.message


def test_a_login_does_not_show_its_password() -> None:
    assert "s3" not in repr(Login("ada", "s3", "s3"))
