"""Comments of the Compose file: they change nothing of what Compose reads."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from packager.deploy.compose.comments import HEADING, compose_text
from packager.deploy.compose.document import compose_document
from packager.deploy.fleet import DeployedModel, Fleet, UpdateCandidate
from packager.deploy.parts import PARTS

SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512)
UPDATED = replace(SHOP, name="prices", candidate=UpdateCandidate("2", "prices:2", 512))
FLEET = Fleet({one.name: one for one in (SHOP, UPDATED)})


@pytest.mark.parametrize("parts", [(), PARTS])
def test_the_document_is_the_same(parts: tuple[str, ...]) -> None:
    fleet = replace(FLEET, parts=frozenset(parts))
    text = compose_text(fleet)
    assert text.startswith(HEADING)
    assert yaml.safe_load(text) == compose_document(fleet)


def test_each_slot_says_how_to_change_it() -> None:
    text = compose_text(FLEET)
    assert text.count("# MODEL_MEMORY in .env") == 3
    assert text.count("    # Change with --replicas.\n    deploy:\n") == 3
