"""Replicas that do not become ready: what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from packager.deploy.fleet import DeployedModel, Fleet
from packager.errors import PackageError
from packager.progress import NullProgress
from packager.rollout.compose_command import ComposeCommand
from packager.rollout.slots import Slots

SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512, replicas=2)


class Ended(ComposeCommand):
    """Compose that knows one container."""

    def containers(self, service: str) -> list[dict[str, Any]]:
        return [{"State": self.program[0], "ExitCode": 3}]

    def log(self, service: str, lines: int = 60) -> str:
        return self.program[1]


@pytest.mark.parametrize(
    ("state", "got"),
    [
        ("exited", "one that ended with code 3"),
        ("restarting", "one that ends and is started again"),
    ],
)
@pytest.mark.parametrize(("log", "end"), [("", "empty"), ("no model\n", "no model")])
def test_a_replica_that_ended_is_named_with_the_end_of_its_log(
    state: str, got: str, log: str, end: str
) -> None:
    fleet = Fleet({"shop": SHOP})
    slots = Slots(Path(), fleet, SHOP, Ended(Path(), (state, log)), NullProgress())
    with pytest.raises(PackageError) as refused:
        slots._check_replicas("model-shop-green")
    assert refused.value.message == f"model-shop-green: expected 2 ready replicas, got {got}"
    assert refused.value.hint == f"the end of its log: {end}"
