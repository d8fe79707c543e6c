"""Which path is answered how: documents made once, exchanges that predict, BentoML's own routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packager.manifest import Golden, Manifest
from serving import openapi, schema
from serving.answers import PredictForm
from serving.exchange import Exchange
from serving.schema import Response

READY = "/readyz"
METRICS = "/metrics"
HEALTH = frozenset(["/healthz", "/livez", READY])
"""Open to everybody, keys or none."""
HANDED_ON = HEALTH | {METRICS, *openapi.VIEWER}
"""BentoML answers these. Nothing else goes there: it labels its metrics with the raw path, so
that a scanner would make a series of every path it tries."""
DOCUMENTS = ("/schema", "/package", "/docs", "/docs.json")
FEEDBACK = "/feedback"
OTHER = "other"
"""What metrics call every path that isn't an exchange or ``FEEDBACK``."""
MEASURED: Mapping[str, Sequence[str]] = {
    "/predict": ("2xx", "4xx", "5xx"),
    FEEDBACK: ("2xx", "4xx", "5xx"),
    OTHER: ("2xx", "4xx"),
}
"""Route templates and classes of status codes that metrics have from the start; those of other
protocols appear with their first request, as most servers never see one."""


def exchanges(manifest: Manifest) -> Mapping[str, Exchange]:
    """Path → the protocol spoken there."""
    return {"/predict": PredictForm(manifest.tag)}


def documents(manifest: Manifest, golden: Golden | None) -> Mapping[str, Response]:
    """Path → what ``GET`` answers there."""
    return {
        "/schema": Response(200, schema.encode(schema.schema_document(manifest, golden))),
        "/package": Response(200, manifest.dump()),
        "/docs": Response(200, openapi.PAGE, "text/html; charset=utf-8"),
        "/docs.json": Response(200, schema.encode(openapi.document(manifest, golden))),
    }
