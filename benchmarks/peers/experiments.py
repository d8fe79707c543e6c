"""The experiments of one run: models, servers and loads, and the ratios aimed at."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from limits import CEILING, HTTP, LIMITS
from server import Server
from servers import (
    BATCHING,
    BINARY,
    BY_HAND,
    GENERAL,
    NATIVE,
    NO_MONITORING,
    NO_TOKENS,
    NUMPY,
    OURS,
    PANDAS,
    SERVERS,
)

Load = tuple[int, int]
"""(rows per request, clients)."""


@dataclass(frozen=True)
class Comparison:
    """The rate of a server divided by the highest of ``others``."""

    title: str
    server: str
    others: Sequence[str]
    bounds: Mapping[Load, float] = field(default_factory=dict)
    """The lowest ratio aimed at."""


@dataclass(frozen=True)
class Experiment:
    """One run of ``run.py``."""

    models: Sequence[str]
    servers: Sequence[str]
    loads: Sequence[Load]
    comparisons: Sequence[Comparison]
    rounds: int
    seconds: int

    def chosen(self, only: Sequence[str] | None) -> list[Server]:
        """Its servers, or those of them that ``only`` names; exits for a name of no server."""
        known = {server.name: server for server in (*SERVERS, *LIMITS)}
        for name in set(only or ()).difference(self.servers):
            sys.exit(f"--only: expected one of {', '.join(self.servers)}, got {name!r}")
        return [known[name] for name in self.servers if not only or name in only]


_BY_HAND = Comparison(
    "ours / FastAPI with the compiled model",
    OURS,
    (BY_HAND,),
    {(1, 16): 1.2, (1, 64): 1.2, (100, 16): 1.0},
)
_CEILING = Comparison("ours / bare ASGI", OURS, (CEILING,), {(1, 64): 0.8})
_SERVER_GAIN = Comparison("ours, native / FastAPI by hand", NATIVE, (PANDAS,), {(1, 1): 1.0})
EXPERIMENTS = {
    "all": Experiment(
        models=("linear", "boosting", "native"),
        servers=(OURS, NATIVE, PANDAS, BY_HAND, *GENERAL[1:], CEILING),
        loads=((1, 1), (1, 16), (1, 64), (100, 1), (100, 16)),
        comparisons=(
            Comparison("ours / fastest general peer", OURS, GENERAL),
            _BY_HAND,
            _CEILING,
            Comparison("gain of compiling: ours / ours, native", OURS, (NATIVE,)),
            _SERVER_GAIN,
            Comparison("ours, native / fastest general peer", NATIVE, GENERAL),
        ),
        rounds=2,
        seconds=5,
    ),
    "compiled": Experiment(
        models=("linear", "boosting"),
        servers=(OURS, BY_HAND, NO_TOKENS, NO_MONITORING, CEILING, HTTP),
        loads=((1, 16), (1, 64), (100, 16)),
        comparisons=(
            _BY_HAND,
            Comparison(
                "ours / ours without tokens and monitoring",
                OURS,
                (NO_MONITORING,),
                {(1, 16): 0.9, (1, 64): 0.9, (100, 16): 0.85},
            ),
            Comparison("ours / ours without tokens", OURS, (NO_TOKENS,)),
            Comparison("ours without tokens / without both", NO_TOKENS, (NO_MONITORING,)),
            _CEILING,
            Comparison("ours / nginx with a fixed body of the same size", OURS, (HTTP,)),
            Comparison("FastAPI with the compiled model / nginx", BY_HAND, (HTTP,)),
        ),
        rounds=5,
        seconds=4,
    ),
    "native": Experiment(
        models=("native",),
        servers=(NATIVE, PANDAS, *BATCHING),
        loads=((1, 1), (1, 16), (1, 64)),
        comparisons=(
            Comparison(
                "ours, native / best batching peer",
                NATIVE,
                BATCHING,
                {(1, 16): 3.0, (1, 64): 3.0},
            ),
            _SERVER_GAIN,
        ),
        rounds=5,
        seconds=5,
    ),
    "arrays": Experiment(
        models=("arrays",),
        servers=(NATIVE, BINARY, NUMPY),
        loads=((1, 1), (1, 16), (100, 16)),
        comparisons=(
            Comparison("ours, JSON / FastAPI with NumPy", NATIVE, (NUMPY,), {(1, 1): 1.0}),
            Comparison("ours, V2 binary / FastAPI with NumPy", BINARY, (NUMPY,), {(1, 16): 3.0}),
        ),
        rounds=5,
        seconds=5,
    ),
}
