"""``package issues serve`` and ``image``: settings, and refusals before anything is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from packager.tracker.service import run as service


class Started:
    """A service that ends at once."""

    url = "http://127.0.0.1:3999"
    token_file = Path("admin.token")

    def login_url(self) -> str:
        return f"{self.url}/login?code=once"

    def run(self) -> None:
        """Nothing."""


@pytest.fixture
def started(monkeypatch) -> list[tuple[Any, ...]]:
    """What services were started with."""
    given: list[tuple[Any, ...]] = []

    def start(*arguments: Any) -> Started:
        given.append(arguments)
        return Started()

    monkeypatch.setattr(service, "start", start)
    return given


def test_a_service_says_where_it_is_and_how_to_log_in(run, started, tmp_path: Path) -> None:
    code, out, err = run("issues", "serve", "--state", tmp_path / "state", "--port", "3999")
    assert (code, out) == (0, "")
    assert f"issues: {Started.url}, data in {tmp_path}/state" in err
    assert f"log in: {Started.url}/login?code=once (once, within 10 minutes)" in err
    [(state, host, port, settings, *_)] = started
    assert (state, host, port) == (tmp_path / "state", "127.0.0.1", 3999)
    assert settings.public_url == ""  # that of the port it gets
    code, out, _ = run("issues", "serve", "--state", tmp_path / "state", "--json")
    assert json.loads(out) == {
        "url": Started.url,
        "login_url": f"{Started.url}/login?code=once",
        "token_file": "admin.token",
    }


def test_settings_come_from_options_and_the_file(run, started, tmp_path: Path) -> None:
    config = tmp_path / "issues.toml"
    config.write_text('link_prefixes = ["https://wiki.test/"]\n')
    run(
        "issues", "serve", "--state", tmp_path / "state", "--config", config,
        "--alertmanager", "http://127.0.0.1:9093", "--prometheus", "http://127.0.0.1:9090",
        "--public-url", "https://issues.test",
    )  # fmt: skip
    settings = started[0][3]
    assert settings.public_url == "https://issues.test"
    assert settings.alertmanager == "http://127.0.0.1:9093"
    assert settings.prometheus == "http://127.0.0.1:9090"
    assert list(settings.link_prefixes) == ["https://wiki.test/"]


@pytest.mark.parametrize("option", ["--prometheus", "--alertmanager"])
def test_an_address_that_is_none_is_refused_before_the_service_starts(
    run, started, tmp_path: Path, option: str
) -> None:
    code, _, err = run("issues", "serve", "--state", tmp_path / "state", option, "localhost")
    assert code == 2
    assert "expected an address" in err
    assert started == []


def test_an_image_needs_a_base_that_is_there(run) -> None:
    code, out, err = run("issues", "image", "--base", "none:1", "--output", "oci:image")
    assert (code, out) == (1, "")
    assert "base none:1: not in the cache, and no engine has it" in err
    assert "make one with `package base`" in err
