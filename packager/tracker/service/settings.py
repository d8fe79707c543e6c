"""What the service is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field

PORT = 3080
PROCESS_URL = f"http://127.0.0.1:{PORT}"


@dataclass(frozen=True)
class ServiceSettings:
    """Of one service."""

    public_url: str = PROCESS_URL
    """The address that people open; links in messages begin with it."""
    alertmanager: str = ""
    """Address of Alertmanager, whose alerts are compared every minute; empty: none."""
    prometheus: str = ""
    """Address of Prometheus, which knows shares and certainties; empty: none."""
    link_prefixes: tuple[str, ...] = ()
    """Beginnings of addresses that are shown as links; others are shown as text."""
    proxy_address: str = ""
    """The address of a proxy whose ``proxy_header`` names the user; empty: none."""
    proxy_header: str = "X-Forwarded-User"
    reconcile_seconds: float = 60.0
    queries: dict[str, dict[str, dict[str, object]]] = field(default_factory=dict)
    """Package → kind of alert → its queries (``issues/NAME.json`` of ``package deploy
    monitoring``)."""

    @property
    def secure(self) -> bool:
        """Whether cookies are for HTTPS only."""
        return self.public_url.startswith("https:")
