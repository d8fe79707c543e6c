from __future__ import annotations

import pytest

from packager.errors import UsageError
from serving.settings import Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_environment({})
    assert (settings.host, settings.port, settings.workers) == ("0.0.0.0", 3000, None)
    assert (settings.max_body_bytes, settings.max_queue) == (16 * 1024 * 1024, 64)
    assert settings.deadline_seconds == 30.0
    assert settings.try_page == "off"


def test_every_variable_is_read() -> None:
    settings = Settings.from_environment(
        {
            "MODEL_HOST": "::1",
            "MODEL_PORT": "8080",
            "MODEL_WORKERS": "3",
            "MODEL_MAX_BODY_BYTES": "10",
            "MODEL_MAX_QUEUE": "5",
            "MODEL_DEADLINE_SECONDS": "0.5",
            "MODEL_TRY_PAGE": "uncounted",
        }
    )
    assert (settings.host, settings.port, settings.workers) == ("::1", 8080, 3)
    assert (settings.max_body_bytes, settings.max_queue) == (10, 5)
    assert settings.deadline_seconds == 0.5
    assert settings.try_page == "uncounted"


def test_the_port_of_grpc_is_a_number_off_or_unset() -> None:
    ports = [Settings.from_environment({"MODEL_GRPC_PORT": text}) for text in ("9000", "off", "")]
    assert [one.grpc_port for one in ports] == [9000, "off", None]


def test_the_root_is_where_model_root_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_ROOT", "/srv/diamonds")
    assert str(Settings.from_environment({}).root.package) == "/srv/diamonds/package"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MODEL_PORT", "http", "a port from 1 to 65535"),
        ("MODEL_PORT", "70000", "a port from 1 to 65535"),
        ("MODEL_GRPC_PORT", "on", "a port from 1 to 65535, or off"),
        ("MODEL_GRPC_PORT", "0", "a port from 1 to 65535, or off"),
        ("MODEL_HOST", "localhost", "an IP address"),
        ("MODEL_WORKERS", "0", "1 to 256"),
        ("MODEL_WORKERS", "two", "1 to 256"),
        ("MODEL_MAX_BODY_BYTES", "16M", "a number of bytes"),
        ("MODEL_MAX_QUEUE", "-1", "a number of requests"),
        ("MODEL_TRY_PAGE", "yes", "off, on or uncounted"),
        ("MODEL_DEADLINE_SECONDS", "0", "positive seconds"),
        ("MODEL_DEADLINE_SECONDS", "nan", "positive seconds"),
    ],
)
def test_a_bad_value_names_its_variable(name: str, value: str, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings.from_environment({name: value})
    assert caught.value.message == f"{name}: expected {expected}, got {value!r}"
    assert "unset" in caught.value.hint
