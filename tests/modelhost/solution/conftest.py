from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from modelhost.solution.flow import Flow, load_flow
from modelhost.solution.spec import MemberSpec
from tests.support.solution_samples import FLOW, write_solution

Load = Callable[..., Flow]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Writes and loads a solution; its processes end with the test."""
    flows: list[Flow] = []

    def make(
        *members: tuple[MemberSpec, dict[str, Any]], flow: str = FLOW, classes: Any = None
    ) -> Flow:
        model = write_solution(tmp_path, members, flow)
        monkeypatch.setattr(sys, "path", [str(tmp_path / "code"), *sys.path])
        monkeypatch.delitem(sys.modules, "flow", raising=False)
        flows.append(load_flow(model, classes))
        flows[-1].members.serving = True  # as a server's process sets it
        return flows[-1]

    yield make
    for flow in flows:
        for name in flow.members:
            flow.members[name].close()
    for name in [name for name in sys.modules if name == "flow" or name.endswith("_model")]:
        del sys.modules[name]
