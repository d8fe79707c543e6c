"""The push process of a server: forked like a worker, it takes no time from one."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from modelhost.parent_process import end_with_parent
from monitoring.exposition.library_check import check_library
from monitoring.exposition.render import Rendering
from monitoring.exposition.worker_files import repair_all
from monitoring.metrics.pushes import PushCounts
from monitoring.metrics.registry import REGISTRY, Series, use_worker_files
from monitoring.otlp.export_request import Resource
from packager.manifest.manifest import Manifest
from serving.http import logs
from serving.processes.child import Child
from serving.push.pusher import LAST_SECONDS, MetricsPusher
from serving.push.settings import PushSettings

NICENESS = 10
"""Requests have priority."""
END_SECONDS = LAST_SECONDS + 1.0


@dataclass(frozen=True)
class PushProcess:
    """Pushes what all processes of a server have counted; ``run`` is called in its own process."""

    push: PushSettings
    resource: Resource
    started: int
    """When the server's counters began, nanoseconds since 1970."""
    metrics: Path
    """The folder of counter files."""
    supervisor: int
    """The id of the process that starts it, with which it ends."""

    def run(self) -> int:
        """Push until SIGTERM, and then a last time."""
        end_with_parent(self.supervisor)
        os.nice(NICENESS)
        logs.to_json()
        # Its counters continue those of the process before it.
        use_worker_files("push")
        asyncio.run(self._push())
        return 0

    async def _push(self) -> None:
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        series = Series(self.resource.name, self.resource.version, REGISTRY)
        rendering = Rendering(str(self.metrics), own=check_library())

        def text() -> str:
            repair_all()
            return (rendering.cached() or rendering.rebuild()).decode()

        pusher = MetricsPusher(self.push, self.resource, self.started, text, PushCounts(series))
        await pusher.run(ended)


def push_child(push: PushSettings, manifest: Manifest, metrics: Path) -> Child:
    """The process that pushes; another that takes its place has the same instance id."""
    resource = Resource(manifest.name, manifest.tag, str(uuid.uuid4()))
    process = PushProcess(push, resource, time.time_ns(), metrics, os.getpid())
    return Child(name="push process", run=process.run, end_seconds=END_SECONDS)
