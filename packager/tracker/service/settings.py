"""Settings of the service at its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packager.tracker.core.moments import MINUTE
from packager.tracker.sources.queries import Kinds

PORT = 3080
SETTLE_SECONDS = 5 * MINUTE
"""Rules are evaluated every minute or more often, and Prometheus repeats an alert after another."""
MIN_SETTLE_SECONDS = 1.5 * MINUTE
"""On the shortest scale of the rules: Prometheus's minute is not divided."""
PROCESS_URL = f"http://127.0.0.1:{PORT}"


@dataclass(frozen=True)
class ServiceSettings:
    """Of one service."""

    public_url: str = PROCESS_URL
    """The address that people open; links in messages begin with it.

    Empty: the one that the service listens on."""
    alertmanager: str = ""
    """Address of Alertmanager, whose alerts are compared every minute; empty: none.

    Of a cluster: the addresses of all replicas, with commas between them.
    """
    alertmanager_receiver: str = ""
    """A regular expression: only alerts routed to such a receiver; empty: all alerts."""
    prometheus: str = ""
    """Address of Prometheus, which knows shares and certainties; empty: none."""
    link_prefixes: tuple[str, ...] = ()
    """Beginnings of addresses that are shown as links; others are shown as text."""
    proxy_address: str = ""
    """The address of a proxy whose ``proxy_header`` names the user; empty: none."""
    proxy_header: str = "X-Forwarded-User"
    report_token_file: Path | None = None
    """A file with a token of scope report that is accepted; None: none."""
    read_token_file: Path | None = None
    """The same of scope read: Prometheus's."""
    open_metrics: bool = False
    """Whether ``/metrics`` needs no token."""
    reconcile_seconds: float = MINUTE
    look_seconds: float = 3.0
    """Between the two looks that both have to miss an alert."""
    settle_seconds: float = SETTLE_SECONDS
    """Seconds that Alertmanager runs until Prometheus has sent it all alerts again."""
    time_scale: int = 1
    """The time scale of the rules (``deploy monitoring --time-scale``), which divides the hour of a
    next version and the times of flapping issues."""
    queries: Mapping[str, Kinds] = field(default_factory=dict)
    """Package → kind of alert → its queries (``issues/NAME.json`` of ``package deploy
    monitoring``)."""

    @property
    def secure(self) -> bool:
        """Whether cookies are for HTTPS only."""
        return self.public_url.startswith("https:")


def settle_seconds(time_scale: int) -> float:
    """``ServiceSettings.settle_seconds`` where rules run on another time scale."""
    return max(SETTLE_SECONDS / time_scale, MIN_SETTLE_SECONDS)
