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
COUNTED = ("/schema", "/package")
"""Documents whose requests are measured under their own route; the rest is ``other``."""
OTHER = "other"


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


def measured(manifest: Manifest) -> Mapping[str, Sequence[str]]:
    """Route templates as metrics name them, and the classes of status codes they answer with."""
    predicting = {e.route: ("2xx", "4xx", "5xx") for e in exchanges(manifest).values()}
    return {**predicting, **dict.fromkeys((*COUNTED, OTHER), ("2xx", "4xx", "5xx"))}
