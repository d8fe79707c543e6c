"""Equal documents are made YAML once: most of the time of a generated folder goes into it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import yaml

made: dict[str, str] = {}
"""Document and options as literals, in their order → YAML."""


def _dumped(document: Any, **options: Any) -> str:
    key = repr((document, options))
    if key not in made:
        made[key] = yaml.dump(document, **options)
    return made[key]


@pytest.fixture(autouse=True)
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packager.deploy.yaml.yaml", SimpleNamespace(dump=_dumped))
