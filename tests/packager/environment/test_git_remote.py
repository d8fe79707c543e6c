"""The user's settings for a remote repository, and what is said if it can't be had."""

from __future__ import annotations

import subprocess

import pytest

from packager.environment.git_remote import git_message, remote_environment, unreachable
from packager.environment.sources import SourceRequirement, parse_source


def source(text: str) -> SourceRequirement:
    found = parse_source(text)
    assert found is not None
    return found


@pytest.fixture
def _own(monkeypatch) -> None:
    for name in ("GIT_SSL_CAINFO", "GIT_SSH_COMMAND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("OTHER_TOKEN", "secret")


@pytest.mark.usefixtures("_own")
def test_the_users_own_ssh_and_certificates_are_used(monkeypatch):
    plain = source("x @ git+https://h/x")
    assert "GIT_SSH_COMMAND" not in remote_environment(plain, None)  # core.sshCommand holds
    assert remote_environment(plain, "/ca.pem")["GIT_SSL_CAINFO"] == "/ca.pem"
    monkeypatch.setenv("GIT_SSL_CAINFO", "/git.pem")
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -i /key")
    found = remote_environment(plain, "/ca.pem")
    assert (found["GIT_SSL_CAINFO"], found["GIT_SSH_COMMAND"]) == ("/git.pem", "ssh -i /key")
    assert (found["SSH_ASKPASS"], found["SSH_ASKPASS_REQUIRE"]) == ("true", "force")
    assert not {"OTHER_TOKEN", "GIT_CONFIG_COUNT", "P_WORD"} & found.keys()


@pytest.mark.usefixtures("_own")
def test_credentials_of_the_address_are_passed_for_its_host_only():
    found = remote_environment(source("x @ git+https://me:a%40b@h:1/x"), None)
    assert (found["P_USER"], found["P_WORD"]) == ("me", "a@b")
    assert found["GIT_CONFIG_KEY_1"] == "credential.https://h:1.helper"


@pytest.mark.parametrize(
    ("stderr", "shown"),
    [
        ("Host key verification failed.\nfatal: Could not read from remote repository.\n\nPlease "
         "make sure you have the correct access rights", "Host key verification failed."),
        ("me@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
         "me@h: Permission denied (publickey)."),
        ("ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote "
         "repository.", "ssh: connect to host h port 22: Connection refused"),
        ("fatal: unable to access 'https://me:word@h/x/': no", "fatal: unable to access "
         "'https://***@h/x/': no"),
        ("warning: x\nelse", "else"),
    ],
)  # fmt: skip
def test_the_cause_is_told_and_no_credential(stderr: str, shown: str):
    assert git_message(subprocess.CompletedProcess([], 128, b"", stderr.encode())) == shown


@pytest.mark.parametrize(
    ("text", "why", "hint"),
    [
        (
            "git+ssh://git@h:22/x",
            "Host key verification failed.",
            "connect once with `ssh -p 22 git@h`",
        ),
        (
            "git+ssh://git@h/x",
            "git@h: Permission denied (publickey).",
            "`git ls-remote ssh://git@h/x`",
        ),
        ("git+ssh://git@h/x", "error: cannot run ssh: No such file or directory", "install ssh"),
        (
            "git+https://h/x",
            "fatal: server certificate verification failed. CAfile: x",
            "GIT_SSL_CAINFO",
        ),
        ("git+https://h/x", "fatal: Authentication failed for 'https://h/x'", "~/.netrc"),
        ("git+https://h/x", "fatal: could not read Username for 'https://h'", "credential helper"),
        (
            "git+https://h/x",
            "fatal: repository 'https://h/x/' not found",
            "this machine reaches it",
        ),
    ],
)
def test_the_hint_fits_the_cause(text: str, why: str, hint: str):
    error = unreachable(source(text), "called", why)
    assert error.message == f"called: can't be fetched: {why}"
    assert hint in str(error.hint)
