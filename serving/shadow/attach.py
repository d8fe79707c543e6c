"""Connects a worker with the shadow: what it samples, and which labels it pairs."""

from __future__ import annotations

from functools import partial

from monitoring.metrics.shadow import ShadowPairMetrics, ShadowRowMetrics
from serving.prediction.predictor import Predictor
from serving.settings import Settings
from serving.shadow.pairing import ShadowPairing
from serving.shadow.process import open_answers
from serving.shadow.sender import ShadowSender
from serving.shadow.settings import ShadowSettings


def attach_shadow(
    settings: Settings, shadow: ShadowSettings, predictor: Predictor, address: str
) -> ShadowSender:
    """The sender to the shadow process at ``address``; labels are paired from now on.

    Call it once, in the worker's event loop, before the first request.
    """
    metrics, feedback = predictor.metrics, predictor.feedback
    if feedback is not None and not metrics.outputs and shadow.answers_per_day:
        pairs = ShadowPairMetrics(metrics.series, metrics.slice_names, metrics.classes)
        opened = partial(open_answers, settings.feedback, shadow, predictor.manifest.name)
        feedback.pair(ShadowPairing(opened, pairs))
    return ShadowSender(address, shadow.share, ShadowRowMetrics(metrics.series))
