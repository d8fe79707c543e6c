"""Secrets of a stack are made once, in files beside the generated ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.feedback.keys import KeyRing
from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.swarm.secret_values import keep_secrets, planned_secrets, secret_paths
from packager.errors import UsageError

SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512, keys=True)
FLEET = Fleet({"shop": SHOP})


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = planned_secrets(tmp_path, FLEET)
    assert set(first) == set(secret_paths(FLEET).values())
    assert not list(tmp_path.iterdir()), "a plan writes nothing"
    keep_secrets(tmp_path, first)
    assert planned_secrets(tmp_path, FLEET) == first
    keep_secrets(tmp_path, planned_secrets(tmp_path, FLEET))
    for path, text in first.items():
        assert (tmp_path / path).read_text() == text
        assert (tmp_path / path).stat().st_mode & 0o777 == 0o600
        assert (tmp_path / path).parent.stat().st_mode & 0o777 == 0o700
    assert len(set(first.values())) == len(first)


def test_the_server_takes_the_key_of_tokens(tmp_path: Path) -> None:
    keep_secrets(tmp_path, planned_secrets(tmp_path, FLEET))
    KeyRing(tmp_path / "tokens/feedback-shop.key", "shop")


def test_prometheus_sends_a_key_that_the_servers_take(tmp_path: Path) -> None:
    made = planned_secrets(tmp_path, FLEET)
    keys = [line for line in made["keys/shop.keys"].split("\n") if line and line[0] != "#"]
    assert len(set(keys)) == 2
    assert made["prometheus/keys/shop.key"].strip() == keys[1]


def test_keys_of_one_s_own_need_one_for_prometheus(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/shop.keys").write_text("one\ntwo\n")
    with pytest.raises(UsageError, match=r"shop\.key: expected one of the keys") as told:
        planned_secrets(tmp_path, FLEET)
    assert "write one of its lines into prometheus/keys/shop.key" in str(told.value.hint)
    (tmp_path / "prometheus/keys").mkdir(parents=True)
    (tmp_path / "prometheus/keys/shop.key").write_text("two\n")
    assert planned_secrets(tmp_path, FLEET)["keys/shop.keys"] == "one\ntwo\n"


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens/feedback-shop.key").write_text("\n")
    with pytest.raises(UsageError, match=r"feedback-shop\.key: expected a secret, got an empty"):
        planned_secrets(tmp_path, FLEET)
