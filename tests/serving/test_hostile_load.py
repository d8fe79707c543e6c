"""A model that harms its processes one way after another, while other clients are answered."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path

import pytest
from hostile_models import hostile_package
from serving_helpers import WITHOUT_PAUSES, Server, start, wait_ready
from serving_load import Load
from watched_servers import BROKEN, ENDED, FINE, LATE, LIMITS, Watched, wait_for

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.long]
ENDS = {
    "exits": ("exit", {ENDED}),
    "kills_itself": ("signal", {ENDED}),
    "segfaults": ("signal", {ENDED}),
    "overflows_the_stack": ("signal", {ENDED}),
    "never_answers": ("hang", {LATE, FINE}),  # the answer that is dropped may be another one's
}
"""Attack → the reason that the restart is counted for, and its own answer."""
ENDS_NOTHING = {
    "sends_garbage": (ENDED,),
    "forks": (FINE,),
    "leaves_threads": (FINE,),
    "prints": (FINE,),
    "takes_a_second": (FINE,),
}
LEAKS = (BROKEN, ENDED, LATE)


def restarted(server: Server, reason: str, before: float) -> bool:
    return server.metric("model_process_restarts_total", reason=reason) > before


def test_others_are_answered_and_every_request_is_counted(tmp_path: Path) -> None:
    package = hostile_package(tmp_path / "package", workers=2, processes=2)
    server = start(package, tmp_path, program=WITHOUT_PAUSES, **LIMITS)
    try:
        wait_ready(server)
        watched = Watched(server)
        body = json.dumps({"rows": [{"attack": "fine"}] * 3}).encode()
        with Load(server.port, clients=4, body=body) as load:
            for attack, (reason, answers) in ENDS.items():
                watched.begin()
                before = server.metric("model_process_restarts_total", reason=reason)
                assert watched.predict(attack) in answers, attack
                wait_for(partial(restarted, server, reason, before))
            for attack, answers in {**ENDS_NOTHING, "leaks": LEAKS}.items():
                watched.begin()
                assert watched.predict(attack) in answers, attack
            watched.begin()
        seen = load.outcomes
        assert set(seen) <= {"200", "503", "504"}
        assert seen["200"] > 10 * (seen["503"] + seen["504"])
        server.answered[0] = time.monotonic()
        for code in "245":
            own = watched.answers[f"{code}xx"]
            clients = own + sum(count for one, count in seen.items() if one.startswith(code))
            told = {"route": "/predict", "code": f"{code}xx"}
            assert server.metric("model_request_duration_seconds_count", **told) == clients, code
        rows = watched.answers["2xx"] + 3 * seen["200"]
        assert server.metric("model_predictions_total") == rows
    finally:
        assert server.stop() == 0
