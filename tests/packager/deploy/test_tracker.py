"""The issue tracker among the services, and the token that Alertmanager sends with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from deployed_models import contents, deployed, generated, written

from packager.deploy.compose.deploy import remove_compose
from packager.deploy.prometheus.rules import AlertOptions, MonitoredModel, Objectives
from packager.deploy.tracker import READ_TOKEN, TOKEN
from packager.errors import UsageError
from packager.image.tracker_files import tracker_tag

PRICES = MonitoredModel("prices", "2.0.0-000000000000", "regression", ("__all__",), ("carat",))


def read(out: Path, path: str) -> Any:
    return yaml.safe_load((out / path).read_text())


@pytest.mark.slow
def test_alertmanager_and_the_tracker_have_one_token_of_this_folder(tmp_path: Path) -> None:
    out = written(tmp_path)
    services = read(out, "compose.yml")["services"]
    mount = f"./{TOKEN}:/run/{TOKEN}:ro"
    assert [name for name, one in services.items() if mount in one["volumes"]] == [
        "alertmanager", "issues",
    ]  # fmt: skip
    assert services["issues"]["image"] == tracker_tag()
    assert f"--report-token-file=/run/{TOKEN}" in services["issues"]["command"]
    (receiver,) = read(out, "alertmanager/alertmanager.yml")["receivers"]
    (webhook,) = receiver["webhook_configs"]
    assert webhook["url"] == "http://issues:3080/webhooks/alertmanager"
    assert webhook["http_config"]["authorization"] == {"credentials_file": f"/run/{TOKEN}"}
    secret = (out / TOKEN).read_bytes().strip()
    assert len(secret) > 40
    assert not [path for path, text in generated(out).items() if secret in text]


def test_prometheus_and_the_tracker_have_another_token_that_only_reads(tmp_path: Path) -> None:
    out = written(tmp_path)
    services = read(out, "compose.yml")["services"]
    assert f"./{READ_TOKEN}:/etc/{READ_TOKEN}:ro" in services["prometheus"]["volumes"]
    assert f"./{READ_TOKEN}:/run/{READ_TOKEN}:ro" in services["issues"]["volumes"]
    assert f"--read-token-file=/run/{READ_TOKEN}" in services["issues"]["command"]
    jobs = read(out, "prometheus/prometheus.yml")["scrape_configs"]
    [job] = [one for one in jobs if one["job_name"] == "issues"]
    # From the configuration's folder: so `promtool check config` finds it on the host, too.
    assert job["authorization"] == {"credentials_file": f"../{READ_TOKEN}"}
    assert (out / "prometheus" / job["authorization"]["credentials_file"]).is_file()
    assert (out / READ_TOKEN).read_text() != (out / TOKEN).read_text()


@pytest.mark.slow
def test_only_the_folder_s_owner_gets_at_the_token(tmp_path: Path) -> None:
    out = tmp_path / "out"
    deployed(out, parts=((), ("grafana", "tracker")))
    (out / "tokens").mkdir(mode=0o755)
    deployed(out, parts=(("tracker",), ()))
    assert (out / "tokens").stat().st_mode & 0o777 == 0o700
    assert (out / TOKEN).stat().st_mode & 0o777 == 0o644, "the users of both containers read it"
    assert sorted(path.name for path in (out / "tokens").iterdir()) == [
        "issues-metrics.token",
        "issues.token",
    ]


@pytest.mark.slow
def test_the_token_is_made_once_and_is_no_generated_file(tmp_path: Path) -> None:
    out = written(tmp_path)
    made = (out / TOKEN).read_text()
    done = deployed(out, objectives=Objectives(latency_seconds=0.5))
    assert TOKEN not in done.files
    deployed(out, PRICES, "models/prices:2")
    remove_compose("prices", out)
    assert (out / TOKEN).read_text() == made
    (out / TOKEN).write_text("a-token-of-my-own-0123456789\n")
    assert deployed(out).changed == ()
    assert (out / TOKEN).read_text() == "a-token-of-my-own-0123456789\n"
    (out / TOKEN).unlink()
    deployed(out, PRICES, "models/prices:2")
    (out / TOKEN).unlink()
    remove_compose("prices", out)
    assert (out / TOKEN).read_text() not in {made, ""}


@pytest.mark.slow
def test_without_the_tracker_nothing_of_it_is_left_and_that_is_remembered(tmp_path: Path) -> None:
    out = tmp_path / "out"
    deployed(out, parts=((), ("grafana", "tracker")))
    assert not (out / TOKEN).exists()
    deployed(out, PRICES, "models/prices:2")
    remove_compose("prices", out)
    without = contents(out)
    assert not (out / TOKEN).exists()
    assert read(out, "alertmanager/alertmanager.yml")["receivers"] == [{"name": "default"}]
    compose, config = read(out, "compose.yml"), read(out, "prometheus/prometheus.yml")
    assert "issues" not in {**compose["services"], **compose["volumes"]}
    assert "issues" not in [job["job_name"] for job in config["scrape_configs"]]
    assert not [path for path in without if "_issues" in path]
    assert b"issues.token" not in b"".join(without.values())
    deployed(out, parts=(("tracker",), ()))
    assert "issues" in read(out, "compose.yml")["services"]
    deployed(out, parts=((), ("grafana", "tracker")))
    assert generated(out) == without


@pytest.mark.slow
@pytest.mark.parametrize("place", ["tokens", TOKEN])
def test_a_place_that_is_taken_is_told_before_anything_is_written(
    place: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    deployed(out, parts=((), ("grafana", "tracker")))
    if place == TOKEN:
        (out / TOKEN).mkdir(parents=True)  # as Docker does for a file that is missing
    else:
        (out / place).write_text("mine")
    before = contents(out)
    with pytest.raises(UsageError, match=f"{place}: expected a fil|{place}: expected a folder"):
        deployed(out, parts=(("tracker",), ()))
    assert contents(out) == before


@pytest.mark.slow
def test_no_token_is_written_through_a_link_that_leaves_the_folder(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    deployed(out, parts=((), ("grafana", "tracker")))
    elsewhere.mkdir()
    (out / "tokens").symlink_to(elsewhere)
    with pytest.raises(UsageError, match="a link that leaves"):
        deployed(out, parts=(("tracker",), ()))
    assert list(elsewhere.iterdir()) == []


@pytest.mark.slow
def test_a_drill_s_tracker_is_on_its_time_scale(tmp_path: Path) -> None:
    plain = read(written(tmp_path), "compose.yml")["services"]["issues"]["command"]
    deployed(tmp_path / "out", options=AlertOptions(time_scale=60))
    quick = read(tmp_path / "out", "compose.yml")["services"]["issues"]["command"]
    assert quick == [*plain, "--time-scale=60"]
