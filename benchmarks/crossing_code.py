"""The code of both sides of a call of a member, in one process: without a switch or a model.

It reads, writes, sends and receives a row of ``solutions.py`` as the two processes do, with warm
caches. So trees can be compared on a busy machine: run it for both in turns, as root with
``chrt -f 1``, which goes before all other work.

``.venv/bin/python benchmarks/crossing_code.py [CALLS]`` prints microseconds by step; 20,000 calls.
"""

from __future__ import annotations

import os
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

from solutions import COLUMNS, solution, values

from modelhost.frames import FrameBuilder, keep_text_plain
from modelhost.predictions import Predictions
from modelhost.session import HostSession
from modelhost.short_wait import processors
from modelhost.solution.exchange import Exchange
from modelhost.solution.members import Member
from modelhost.solution.short_form import REQUEST, read_request
from modelhost.wire import Receiver, send

STEPS = ("until it is sent", "receiving", "answering", "from the answer on")


class NoModel:
    """Takes no time: in place of a loaded model and of the builder of its frames."""

    def predict(self, _frame: Any, _specs: Any) -> Predictions:
        """One row's answer."""
        return Predictions([0.5], None)

    def frame(self, _columns: Any, _rows: int) -> None:
        """Nothing."""


def measured(member: Member, calls: int) -> dict[str, list[float]]:
    """Step → microseconds of each call; ``all`` is their sum."""
    ours, theirs = socket.socketpair()
    wake, stop = os.pipe()
    host, none = HostSession(), NoModel()
    cast(Any, member.runner)._exchange = Exchange(ours, os.fdopen(wake, "rb"))
    cast(Any, host)._models, cast(Any, host)._inputs = [none], {0: ([], none)}
    incoming = Receiver(theirs, {REQUEST: read_request}, processors(os.environ))
    frame = FrameBuilder(COLUMNS).frame(values(1), 1)
    found: dict[str, list[float]] = {name: [] for name in (*STEPS, "all")}
    for _ in range(calls):
        times = [time.perf_counter()]
        submitted = member.submit(frame)
        times.append(time.perf_counter())
        request = incoming.receive()
        times.append(time.perf_counter())
        assert request is not None
        send(theirs, host.answer(request))
        times.append(time.perf_counter())
        submitted.result()
        times.append(time.perf_counter())
        for name, began, ended in zip(
            (*STEPS, "all"), [*times[:-1], times[0]], [*times[1:], times[-1]], strict=True
        ):
            found[name].append(1e6 * (ended - began))
    os.close(stop)
    return found


def main() -> None:
    """Print each step."""
    keep_text_plain()
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder:
        flow = solution(Path(folder))
        for name, costs in measured(flow.members["own"], calls).items():
            tenth, middle = statistics.quantiles(costs, n=10)[0], statistics.median(costs)
            print(f"{name:<20} 1 in 10 {tenth:5.1f} µs, median {middle:5.1f}")
        flow.members["own"].close()


if __name__ == "__main__":
    main()
