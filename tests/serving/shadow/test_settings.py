"""Settings of a shadow: what is accepted, and how a bad one is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from packager.errors import UsageError
from serving.settings import Settings
from serving.shadow.settings import ShadowSettings, read_token

pytestmark = pytest.mark.slow


def settings(**variables: str) -> ShadowSettings | None:
    named = {f"MODEL_SHADOW{name}": text for name, text in variables.items()}
    return ShadowSettings.from_environment(named)


def test_without_a_url_or_with_a_share_of_0_there_is_no_shadow() -> None:
    assert ShadowSettings.from_environment({}) is None
    assert Settings.from_environment({}).shadow is None
    assert settings(**{"": "http://a", "_SHARE": "0"}) is None


def test_defaults() -> None:
    found = settings(**{"": "http://a:3000"})
    assert found == ShadowSettings("http://a:3000/predict", 1.0, 5.0, 1_000, None, 100_000)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://a/", "http://a/predict"),
        ("https://a:1/models/b", "https://a:1/models/b/predict"),
        ("http://a/predict", "http://a/predict"),
        ("http://[::1]:3000", "http://[::1]:3000/predict"),
    ],
)
def test_the_address_is_that_of_predict(text: str, url: str) -> None:
    found = settings(**{"": text})
    assert found is not None
    assert found.url == url


@pytest.mark.parametrize(
    "text",
    [
        *("a:3000", "ftp://a", "http://", "http://u:secret@a", "http://a:99999", "http://a b"),
        *("http://a?x=1", "http://a#x", "http://ä", "http://a\r\nx: 1", "http://[::1"),
    ],
)
def test_a_bad_address_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(UsageError, match=r"^MODEL_SHADOW: expected ") as error:
        settings(**{"": text})
    assert "secret" not in f"{error.value.message} {error.value.hint}"
    assert "MODEL_SHADOW_TOKEN_FILE" in str(error.value.hint)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("_SHARE", "1.1", "MODEL_SHADOW_SHARE: expected a number from 0 to 1, got '1.1'"),
        ("_SHARE", "nan", "MODEL_SHADOW_SHARE: expected a number from 0 to 1, got 'nan'"),
        (
            "_TIMEOUT_SECONDS",
            "0",
            "MODEL_SHADOW_TIMEOUT_SECONDS: expected seconds above 0, at most 300, got '0'",
        ),
        ("_QUEUE", "0", "MODEL_SHADOW_QUEUE: expected 1 to 100000 rows, got '0'"),
        (
            "_ANSWERS_PER_DAY",
            "-1",
            "MODEL_SHADOW_ANSWERS_PER_DAY: expected 0 to 10000000 answers, got '-1'",
        ),
        (
            "_TOKEN_FILE",
            "/nowhere/key",
            "MODEL_SHADOW_TOKEN_FILE: expected a readable file, got /nowhere/key: No such file or"
            " directory",
        ),
    ],
)
def test_a_bad_bound_is_named(name: str, text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        settings(**{"": "http://a", name: text})
    assert error.value.message == message


def test_a_setting_without_a_url_is_refused() -> None:
    with pytest.raises(UsageError) as error:
        settings(_QUEUE="10")
    assert (
        error.value.message == "MODEL_SHADOW_QUEUE: expected MODEL_SHADOW to be set too, got none"
    )


@pytest.mark.parametrize("content", [b"", b"two keys", b"a\nb", "ä".encode(), b"\xff"])
def test_a_file_without_one_key_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"^MODEL_SHADOW_TOKEN_FILE: expected"):
        read_token(file)


def test_a_key_is_read_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("k3y\n")
    assert read_token(file) == "k3y"


def test_a_server_without_a_shadow_imports_none_of_its_modules() -> None:
    program = (
        "import sys, serving.app, serving.worker, serving.processes.children;"
        "print([name for name in sys.modules"
        " if 'shadow' in name and name not in ('serving.shadow', 'serving.shadow.settings')"
        " or 'answers' in name.rpartition('.')[2] and name.startswith('monitoring.feedback')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
