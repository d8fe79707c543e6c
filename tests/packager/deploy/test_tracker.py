from __future__ import annotations

import stat
from pathlib import Path

from packager.deploy.compose import alertmanager, prometheus, services
from packager.deploy.fleet import Fleet
from packager.deploy.tracker import (
    INSIDE,
    TOKEN,
    keep_token,
    receiver,
    scrape_job,
    tracker_service,
)
from packager.image.tracker_files import tracker_tag


def test_the_container_may_write_only_its_state() -> None:
    found = tracker_service()
    assert found["image"] == tracker_tag()
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["ports"] == ["127.0.0.1:3080:3080"]
    writable = [one for one in found["volumes"] if not one.endswith(":ro")]
    assert writable == ["issues:/state"]
    assert f"--report-token-file={INSIDE}" in found["command"]


def test_alertmanager_sends_with_the_token_that_the_service_accepts() -> None:
    [webhook] = receiver("issues")["webhook_configs"]
    assert webhook["url"] == "http://issues:3080/webhooks/alertmanager"
    assert webhook["send_resolved"] is True
    assert webhook["http_config"] == {"authorization": {"credentials_file": INSIDE}}
    assert scrape_job()["static_configs"] == [{"targets": ["issues:3080"]}]


def test_a_fleet_without_a_tracker_names_it_nowhere() -> None:
    with_it, without = Fleet({}).with_tracker(True), Fleet({}).with_tracker(False)
    assert "issues" in services(with_it)["services"]
    assert "issues" not in services(without)["services"]
    for document in (services(without), prometheus(without), alertmanager(without)):
        assert TOKEN not in str(document)
        assert "3080" not in str(document)


def test_a_token_is_made_once_and_only_its_owner_reaches_it(tmp_path: Path) -> None:
    made = keep_token(tmp_path)
    assert made == tmp_path / TOKEN
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    secret = made.read_text()
    assert len(secret.strip()) >= 40
    assert keep_token(tmp_path) is None
    assert made.read_text() == secret
    for document in (services(Fleet({})), prometheus(Fleet({})), alertmanager(Fleet({}))):
        assert secret.strip() not in str(document)
