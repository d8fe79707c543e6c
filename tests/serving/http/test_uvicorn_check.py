"""A version of uvicorn without the required internals is refused with its name."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from packager.errors import PackageError
from serving.http import uvicorn_check
from serving.http.server import GuardedProtocol
from serving.http.uvicorn_check import check_uvicorn


def test_the_installed_version_answers_as_expected() -> None:
    check_uvicorn()
    check_uvicorn()


def refused() -> PackageError:
    with pytest.raises(PackageError) as caught:
        check_uvicorn()
    found = version("uvicorn")
    assert caught.value.message.startswith(f"uvicorn {found}: expected its HTTP protocol to give")
    assert f"`uvicorn<{found}` into requirements.txt" in caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    "name", ["cycle", "pipeline", "flow", "parser", "headers", "url", "expect_100_continue"]
)
def test_a_protocol_without_an_attribute_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(_self: object) -> None:
        raise AttributeError(f"no {name}")

    # What uvicorn sets is kept nowhere, and what we read is not there.
    monkeypatch.setattr(
        HttpToolsProtocol, name, property(absent, lambda _self, _value: None), raising=False
    )
    # In a callback of the parser, the error becomes an answer 400.
    assert refused().message.endswith((f"no {name}", "got 400"))


@pytest.mark.parametrize("name", ["_unset_keepalive_if_required", "send_400_response"])
def test_a_method_that_the_protocol_has_no_more_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(HttpToolsProtocol, name)
    assert name in refused().message


def test_a_method_of_the_server_under_another_name_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(uvicorn.Server, "on_tick")
    assert "got AttributeError: no uvicorn.Server.on_tick" in refused().message


def test_other_answers_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_ever(self: Any, _data: bytes) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\n\r\n9")

    monkeypatch.setattr(GuardedProtocol, "data_received", as_ever)
    assert refused().message.endswith("got 200 9, 200 9, 200 9, 200 9, 200 9")


def test_no_module_of_that_name_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    async def without() -> str:
        raise ImportError("cannot import name 'HttpToolsProtocol'")

    monkeypatch.setattr(uvicorn_check, "_answers", without)
    assert "got ImportError: cannot import name 'HttpToolsProtocol'" in refused().message
