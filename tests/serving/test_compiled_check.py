"""Compiled check: a wrong compiled form is detected while serving, a correct one isn't."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from host_samples import LOCK
from long_cases import long
from serving_helpers import Package, Server, lay_out, start, wait_ready

from packager.errors import UsageError
from packager.manifest.base import FileEntry
from packager.manifest.platform import Platform
from packager.model.proof_rows import FILE as PROOF
from packager.model.proof_rows import ProofRows
from serving.settings import Settings

ROW = {"carat": 0.5, "color": "E", "tables": 55}


def compiled(package: Package, root: Path, *, wrong: bool) -> Package:
    """Model and form of ``package``, whose intercept is another one where it is ``wrong``."""
    lay_out(root)
    for part in ("models", "package/compiled"):
        shutil.copytree(package.root / part, root / part, dirs_exist_ok=True)
    if wrong:
        form = root / "package" / "compiled" / "form.json"
        document = json.loads(form.read_text())
        document["head"]["intercept"][0] += 1e-3
        form.write_text(json.dumps(document))
    return replace(package, root=root)


def ask_until_checked(server: Server) -> None:
    until = time.monotonic() + 60
    checks = "model_compiled_checks_total"
    while server.metric(checks) - server.metric(checks, outcome="dropped") < 1:
        assert time.monotonic() < until, server.log.read_text()
        assert server.predict([ROW]).status == 200


@pytest.mark.server
@pytest.mark.parametrize("wrong", [False, True])
def test_a_wrong_compiled_form_is_counted_and_a_right_one_is_not(
    package: Package, tmp_path: Path, wrong: bool
) -> None:
    found = compiled(package, tmp_path / "root", wrong=wrong)
    server = start(found, tmp_path, MODEL_COMPILED_CHECK_RATIO="1", MODEL_WORKERS="1")
    try:
        wait_ready(server)
        checks = "model_compiled_checks_total"
        assert server.metric(checks, outcome="mismatch") == 0
        assert b'outcome="mismatch"' in server.get("/metrics").body
        ask_until_checked(server)
        assert (server.metric(checks, outcome="mismatch") > 0) == wrong
    finally:
        assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


@pytest.mark.server
@pytest.mark.parametrize("wrong", [True, *long(False)])
def test_on_a_platform_that_no_build_ran_the_form_is_compared_before_it_is_used(
    package: Package, tmp_path: Path, wrong: bool
) -> None:
    found = compiled(package, tmp_path / "root", wrong=wrong)
    place = found.root / "package"
    (place / "lock.json").write_bytes(LOCK.dump())
    (place / PROOF).write_bytes(ProofRows(rows=(ROW, {**ROW, "carat": 2.5})).dump())
    own = (FileEntry.of(place / "lock.json", "lock.json"),)
    record = Platform(files=own, trees={}, settings={}, proved_on=None)
    manifest = found.manifest.model_copy(update={"platforms": {"linux/arm64": record}})
    server = start(replace(found, manifest=manifest), tmp_path, MODEL_WORKERS="1")
    differs = b"the compiled form differs from the model on linux/arm64: the model answers\n"
    equal = b"the compiled form was proved on linux/arm64 at the start\n"
    try:
        wait_ready(server)
        until = time.monotonic() + 60
        while b"not proved yet" in (told := server.get("/readyz").body):
            assert time.monotonic() < until, server.log.read_text()
            time.sleep(0.05)
        assert told == (differs if wrong else equal)
        before = server.metric("model_rows_total", form="compiled")
        assert server.predict([ROW]).status == 200
        assert (server.metric("model_rows_total", form="compiled") > before) is not wrong
        for name in ("start", "differs", "nothing"):
            state = "differs" if wrong else "start"
            assert server.metric("model_proof_info", proved_on=name) == (name == state)
    finally:
        assert server.stop() == 0
    log = server.log.read_text()
    assert "Traceback" not in log
    assert ("differs from the model on linux/arm64" if wrong else "equal on 2 rows") in log


def test_a_share_is_from_0_to_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODEL_ROOT", str(tmp_path))
    assert Settings.from_environment({}).compiled_check_ratio == 0
    with pytest.raises(
        UsageError, match="MODEL_COMPILED_CHECK_RATIO: expected a number from 0 to 1"
    ):
        Settings.from_environment({"MODEL_COMPILED_CHECK_RATIO": "1.5"})
