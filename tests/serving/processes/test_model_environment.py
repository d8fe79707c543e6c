"""The variables and folders of a model process."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.model.paths import Root
from serving.processes.model_environment import THREADS, model_environment, model_folders

ROOT = Root(Path("/"))
SECRETS = {
    "MODEL_API_KEYS_FILE": "/run/keys",
    "MODEL_FEEDBACK_KEY_FD": "9",
    "MODEL_FEEDBACK_KEY_FILE": "/run/feedback",
    "MODEL_FEEDBACK_STORE": "redis://user:password@host",
    "PROMETHEUS_MULTIPROC_DIR": "/tmp/x",
    "BENTOML_HOME": "/tmp/y",
    "AIP_HTTP_PORT": "8080",
}


def test_no_setting_of_the_server_is_passed_on_and_the_projects_own_are(tmp_path: Path) -> None:
    given = {**SECRETS, "MODEL_ROOT": "/", "SHOP_MODE": "fast", "PATH": "/bin"}
    made = model_environment(ROOT, given, tmp_path, 1, network=False)
    assert SECRETS.keys() & made.keys() == set()
    assert (made["MODEL_ROOT"], made["SHOP_MODE"], made["PATH"][-5:]) == ("/", "fast", ":/bin")
    assert made["TMPDIR"] == made["HOME"] == str(tmp_path)
    assert made["MODELHOST_NETWORK"] == "off"
    assert model_environment(ROOT, {}, tmp_path, 1, network=True)["MODELHOST_NETWORK"] == "on"


@pytest.mark.parametrize(
    ("cpus", "processes", "share"), [(8, 1, "8"), (8, 3, "2"), (2, 2, "1"), (2, 99, "1")]
)
def test_processes_share_the_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cpus: int, processes: int, share: str
) -> None:
    monkeypatch.setattr("serving.processes.model_environment.available_cpus", lambda: cpus)
    made = model_environment(ROOT, {}, tmp_path, processes, network=False)
    assert {made[name] for name in (*THREADS, "LOKY_MAX_CPU_COUNT")} == {share}


def test_the_users_own_numbers_of_threads_stay(tmp_path: Path) -> None:
    own = {"OMP_NUM_THREADS": "3"}
    made = model_environment(ROOT, own, tmp_path, 99, network=False)
    assert {name: made[name] for name in THREADS if name in made} == own  # the others follow it
    assert made["LOKY_MAX_CPU_COUNT"] == "1"
    own = {"MKL_NUM_THREADS": "5", "LOKY_MAX_CPU_COUNT": "4"}
    made = model_environment(ROOT, own, tmp_path, 99, network=False)
    assert {name: made[name] for name in own} == own
    assert made["OMP_NUM_THREADS"] == "1"


def test_the_root_itself_is_no_folder_to_read() -> None:
    folders = model_folders(ROOT)
    assert Path("/code") in folders
    assert Path("/") not in folders
