"""Credentials in a project's folder are neither in its image nor in any output."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import FILES, TOML, RecordedProgress, write_project

from packager.cli.console import ConsoleProgress, print_error
from packager.errors import PackageError, UsageError
from packager.location import Location
from packager.project.code_files import read_code
from packager.project.config import load_project

CANARY = "canary31415926"
PLACES = {
    "requirements.txt": f"--extra-index-url https://me:{CANARY}@host/simple\npandas\n",
    "token.txt": f"--index-url https://{CANARY}@host/simple\n",
    "more/requirements.in": f"-i https://host/simple?token={CANARY}\n",
    "uv.toml": f'[[index]]\nname = "own"\nurl = "https://me:{CANARY}@host/simple"\n',
    "pip.conf": f"[global]\nindex-url = https://{CANARY}@host/simple\n",
    "pip.ini": f"[global]\nproxy = http://me:{CANARY}@proxy:3128\n",
    "pyproject.toml": f'[[tool.uv.index]]\nurl = "https://{CANARY}:x-oauth-basic@host/simple"\n',
    "poetry.toml": f'[http-basic.own]\nusername = "me"\npassword = "{CANARY}"\n',
    "Pipfile": f'[[source]]\nurl = "https://me:{CANARY}@host/simple"\n',
    "environment.yml": f"channels:\n  - https://host/t/x?sig={CANARY}\npassword: {CANARY}\n",
    "notes.json": f'{{"url": "s3://key:{CANARY}@bucket/rows"}}',
    ".env": f"PIP_INDEX_URL=https://me:{CANARY}@host\n",
    ".netrc": f"machine host login me password {CANARY}\n",
    "prod.env": f"TOKEN={CANARY}\n",
    ".pypirc": f"[pypi]\npassword = {CANARY}\n",
}


def test_no_credential_is_code_and_each_is_reported_without_itself(tmp_path: Path):
    project, heard = load_project(write_project(tmp_path, {**FILES, **PLACES})), RecordedProgress()
    found = read_code(project)
    found.warn_omitted(heard)
    assert [name for name, path in found.files.items() if CANARY in path.read_text()] == []
    assert {name for name in PLACES if not name.startswith(".")} <= set(found.secrets)
    assert len(heard.warnings) == len(found.secrets)
    assert CANARY not in "".join([*heard.warnings, *found.left_out.values()])


@pytest.mark.parametrize(
    "uri",
    [f"s3://key:{CANARY}@bucket/t", f"s3://bucket/t?secret={CANARY}", f"az://c/t?sig={CANARY}"],
)
def test_an_address_of_data_holds_no_credential(tmp_path: Path, uri: str):
    with pytest.raises(UsageError) as caught:
        Location.parse(uri)
    assert "without a credential" in caught.value.message
    toml = TOML.replace("data/visits.csv", uri)
    with pytest.raises(UsageError) as caught:
        load_project(write_project(tmp_path, {**FILES, "package.toml": toml}))
    assert CANARY not in caught.value.message + caught.value.hint


def test_an_address_of_azure_names_its_container():
    uri = "abfss://container@account/table"
    assert Location.parse(uri).uri == uri


def test_messages_leave_out_who_is_known_to_an_index(capsys):
    progress = ConsoleProgress()
    for tell in (progress.step, progress.warn, progress.output):
        tell(f"got https://me:{CANARY}@host/simple and git+ssh://me:{CANARY}@host/x")
    print_error(PackageError(f"http://{CANARY}@host: refused", f"try s3://a:{CANARY}@b"))
    told = capsys.readouterr().err
    assert CANARY not in told
    assert "https://***@host/simple" in told
