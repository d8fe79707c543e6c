"""Environment variables that ``package serve`` passes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.manifest.manifest import Serve
from packager.run.serve_settings import Mount, ServeSettings


def test_settings_are_handed_on_but_not_what_the_command_decides() -> None:
    environment = {"MODEL_WORKERS": "3", "MODEL_FEEDBACK": "", "MODEL_PORT": "1", "HOME": "/x"}
    found = ServeSettings.from_environment(environment)
    assert found.variables() == {"MODEL_WORKERS": "3"}
    assert found.in_container() == ({"MODEL_WORKERS": "3"}, [])


def test_a_container_is_shown_keys_to_read_and_state_to_write(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("1:secret")
    state, log = tmp_path / "deep" / "state", tmp_path / "odd.jsonl"
    found = ServeSettings.from_environment(
        {
            "MODEL_FEEDBACK_KEY_FILE": str(keys),
            "MODEL_STATE_DIR": str(state),
            "MODEL_FLAGGED_LOG": str(log),
        }
    )
    assert state.is_dir()
    variables, mounts = found.in_container()
    assert mounts == [
        Mount(keys, variables["MODEL_FEEDBACK_KEY_FILE"], False),
        Mount(state, variables["MODEL_STATE_DIR"], True),
        Mount(tmp_path, "/settings/model_flagged_log", True),
    ]
    assert variables["MODEL_FLAGGED_LOG"] == "/settings/model_flagged_log/odd.jsonl"
    assert "secret" not in str(variables)


@pytest.mark.parametrize(
    ("name", "path", "said"),
    [
        ("MODEL_FEEDBACK_KEY_FILE", "none", "MODEL_FEEDBACK_KEY_FILE: expected a file, got"),
        ("MODEL_API_KEYS_FILE", ".", "MODEL_API_KEYS_FILE: expected a file, got"),
        ("MODEL_STATE_DIR", "file", "MODEL_STATE_DIR: expected a folder, got"),
        ("MODEL_FLAGGED_LOG", "none/log", "expected a file in a folder that exists"),
    ],
)
def test_what_is_not_there_is_said_before_anything_starts(
    tmp_path: Path, name: str, path: str, said: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=said):
        ServeSettings.from_environment({name: str(tmp_path / path)})


@pytest.mark.skipif(os.getuid() != 0, reason="only root's files are nobody else's")
def test_root_starts_no_container_as_root_and_the_error_names_the_unreadable_path(
    tmp_path: Path,
) -> None:
    keys, state = tmp_path / "keys", tmp_path / "state"
    keys.write_text("secret")
    found = ServeSettings.from_environment(
        {"MODEL_API_KEYS_FILE": str(keys), "MODEL_STATE_DIR": str(state)}
    )
    keys.chmod(0o600)
    with pytest.raises(UsageError, match="user 65532, not as root: expected") as told:
        found.share_with_container()
    assert told.value.hint == f"chown -R 65532 {keys}"
    os.chown(keys, 65532, -1)
    found.share_with_container()
    assert (state.stat().st_uid, state.stat().st_gid) == (65532, 0)
    os.chown(state, 0, 0)
    (state / "feedback.sqlite3").touch()
    with pytest.raises(UsageError, match="that this user can write"):
        found.share_with_container()


def test_grpc_gets_the_port_after_that_of_http_or_a_free_one() -> None:
    serve = Serve(predictor="auto", compile="off", workers=1, strict=False, grpc=True)
    plain = ServeSettings.from_environment({})
    assert plain.with_grpc(serve, 3000).grpc_port == 3001
    free = plain.with_grpc(serve, 0).grpc_port
    assert free is not None
    assert free > 1024
    assert plain.with_grpc(serve.model_copy(update={"grpc": False}), 3000).grpc_port is None
    for text, port in (("9000", 9000), ("off", None)):
        told = ServeSettings.from_environment({"MODEL_GRPC_PORT": text})
        assert told.with_grpc(serve, 3000).grpc_port == port
    wrong = ServeSettings.from_environment({"MODEL_GRPC_PORT": "on"})
    with pytest.raises(UsageError, match="MODEL_GRPC_PORT: expected a port from 1 to 65535, or"):
        wrong.with_grpc(serve, 3000).grpc_port  # noqa: B018
