"""The gRPC port of a worker: its connections, from the first to the last."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass, field

from serving.grpc.protocol import GrpcProtocol
from serving.grpc.service import GrpcService

WAIT_SECONDS = 0.02


@dataclass(frozen=True)
class GrpcPort:
    """A listening socket that all workers share, and this worker's connections."""

    listening: socket.socket
    service: GrpcService
    connections: set[GrpcProtocol] = field(default_factory=set)

    def protocol(self) -> GrpcProtocol:
        """The protocol of a new connection."""
        return GrpcProtocol(self.service, self.connections)

    def close_idle(self) -> None:
        """Disconnect clients that make no progress; called once a second."""
        now = time.monotonic()
        for connection in [*self.connections]:
            connection.close_idle(now)

    def drain(self) -> None:
        """Tell clients that their connections are going to end."""
        for connection in [*self.connections]:
            connection.drain()

    async def finish(self) -> None:
        """Answer the calls that have come, and close every connection."""
        while self.connections:
            for connection in [*self.connections]:
                connection.finish()
            self.close_idle()  # a call that never arrives whole must not keep the worker
            await asyncio.sleep(WAIT_SECONDS)
