"""The shadow process of a server: forked like a worker, it takes no time from one."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from modelhost.parent_process import end_with_parent
from monitoring.feedback.answer_store import AnswerStore
from monitoring.feedback.redis_answers import RedisAnswerStore
from monitoring.feedback.sqlite_answers import SqliteAnswerStore
from monitoring.metrics.registry import REGISTRY, Series, use_worker_files
from monitoring.metrics.shadow import ChallengerVersions, ShadowRowMetrics
from packager.manifest.manifest import Manifest
from serving.feedback.settings import FeedbackSettings
from serving.feedback.stored_answers import StoredAnswers
from serving.http import logs
from serving.processes.child import Child
from serving.processes.private_socket import PrivateSocket
from serving.protocols.predict import PredictProtocol
from serving.protocols.protocol import ProtocolAdapter
from serving.protocols.registry import protocol_adapters
from serving.settings import Settings
from serving.shadow.challenger import ChallengerAddress
from serving.shadow.forwarder import ShadowCounters, ShadowForwarder
from serving.shadow.settings import ShadowSettings

FILE = "shadow.sqlite3"
NICENESS = 10
"""Requests have priority."""


@dataclass(frozen=True)
class ShadowProcess:
    """Forwards what the workers of a server sample; ``run`` is called in its own process."""

    settings: Settings
    shadow: ShadowSettings
    manifest: Manifest
    listening: socket.socket
    supervisor: int
    """The id of the process that starts it, with which it ends."""

    def run(self) -> int:
        """Forward rows until the server ends."""
        end_with_parent(self.supervisor)
        os.nice(NICENESS)
        logs.to_json()
        # Its counters continue those of the process before it.
        use_worker_files("shadow")
        asyncio.run(self._forward())
        return 0

    async def _forward(self) -> None:
        series = Series(self.manifest.name, self.manifest.tag, REGISTRY)
        counters = ShadowCounters(ShadowRowMetrics(series), ChallengerVersions(series))
        forwarder = ShadowForwarder(
            self.manifest,
            _adapters(self.settings, self.manifest),
            ChallengerAddress.of(self.shadow),
            self.shadow.queue,
            counters,
            self._answers(),
        )
        await asyncio.start_unix_server(forwarder.receive, sock=self.listening)
        await forwarder.run()

    def _answers(self) -> StoredAnswers | None:
        feedback = self.settings.feedback
        labelled = feedback.on and self.manifest.task != "outputs"
        if not labelled or not self.shadow.answers_per_day:
            return None
        opened = partial(open_answers, feedback, self.shadow, self.manifest.name)
        return StoredAnswers(opened, feedback.days, "answers of the challenger")


def open_answers(feedback: FeedbackSettings, shadow: ShadowSettings, model: str) -> AnswerStore:
    """The store of answers, beside that of scored tokens; raises ``TokenStoreError``."""
    if feedback.store:
        return RedisAnswerStore(
            feedback.store, f"model-shadow:{model}", feedback.days, shadow.answers_per_day
        )
    assert feedback.state_dir is not None  # the supervisor has made one
    return SqliteAnswerStore(feedback.state_dir / FILE, shadow.answers_per_day)


def shadow_child(
    settings: Settings, shadow: ShadowSettings, manifest: Manifest, own: PrivateSocket
) -> Child:
    """The process that accepts from ``own``."""
    process = ShadowProcess(settings, shadow, manifest, own.listening, os.getpid())
    return Child(name="shadow process", run=process.run, descriptors=[own.listening.fileno()])


def _adapters(settings: Settings, manifest: Manifest) -> Mapping[str, ProtocolAdapter]:
    """Path → protocol, for the paths that a worker may name."""
    budget = settings.budget
    adapters = {
        "/predict": PredictProtocol(manifest.tag, budget),
        **protocol_adapters(manifest, budget),
    }
    if settings.predict_route:
        adapters[settings.predict_route] = adapters["/invocations"]
    if manifest.serve.grpc:
        from serving.grpc.infer import GrpcInfer

        adapters[GrpcInfer.route] = GrpcInfer(manifest, budget)
    return adapters
