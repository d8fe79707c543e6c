"""All generated pages."""

from __future__ import annotations

from reference_parts.alerts import alerts_page
from reference_parts.http import http_page
from reference_parts.metrics import metrics_page
from reference_parts.verbs import verb_pages


def generated() -> dict[str, str]:
    """File name below docs/reference/ → its text."""
    return {
        **verb_pages(),
        "http.md": http_page(),
        "metrics.md": metrics_page(),
        "alerts.md": alerts_page(),
    }
