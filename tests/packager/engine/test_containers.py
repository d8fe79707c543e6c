"""Errors of an engine and its connection become one ``PackageError``; removal is idempotent."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import requests
from docker.errors import APIError, DockerException, NotFound

from packager.engine.containers import engine_address, engine_errors, ignore_missing
from packager.errors import PackageError, UsageError

ADDRESS = "unix:///run/other.sock"


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", ADDRESS)


@pytest.mark.parametrize(
    ("error", "told", "hint"),
    [
        (
            requests.ConnectionError("reset"),
            "became unavailable",
            "start it, wait until `docker info`",
        ),
        (
            requests.ConnectTimeout("late"),
            "became unavailable",
            "start it, wait until `docker info`",
        ),
        (requests.ReadTimeout("late"), "failed", "check that the engine runs"),
        (DockerException("no"), "failed", "check that the engine runs"),
        (APIError("no space left"), "failed", "check that the engine runs"),
    ],
)
def test_an_engine_that_fails_is_named_with_what_it_was_doing_and_why(
    error: Exception, told: str, hint: str
) -> None:
    with pytest.raises(PackageError) as raised, engine_errors("reading an image"):
        raise error
    message = raised.value.message
    assert message == f"the Docker engine at {ADDRESS} {told} while reading an image: {error}"
    assert raised.value.hint.startswith(hint)
    assert raised.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [PackageError("the image is damaged", "build it"), UsageError("no", "x"), ValueError()]
)
def test_an_error_that_is_not_the_engines_is_left_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, engine_errors("reading an image"):
        raise error
    assert raised.value is error


def test_a_container_that_is_gone_or_going_needs_no_removal() -> None:
    for error in (NotFound("gone"), APIError("409", explanation="removal is already in progress")):
        with ignore_missing():
            raise error


@pytest.mark.parametrize("explanation", ["driver failed to remove the filesystem", None])
def test_a_container_that_cannot_be_removed_is_an_error(explanation: str | None) -> None:
    with pytest.raises(APIError), ignore_missing():
        raise APIError("500", explanation=explanation)


@pytest.mark.parametrize(
    ("host", "context", "expected"),
    [
        ("tcp://10.0.0.1:2375", "unix:///a", "tcp://10.0.0.1:2375"),
        ("", "unix:///a", "unix:///a"),
        ("", "", "http+unix:///var/run/docker.sock"),
        ("", None, "http+unix:///var/run/docker.sock"),
    ],
)
def test_the_engine_is_that_of_the_variable_else_of_the_context_else_the_usual_one(
    monkeypatch: pytest.MonkeyPatch, host: str, context: str | None, expected: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    found = None if context is None else SimpleNamespace(Host=context)
    monkeypatch.setattr("packager.engine.containers.ContextAPI.get_current_context", lambda: found)
    assert engine_address() == expected
