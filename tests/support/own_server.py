"""A worker's server in this process, with an application of the test."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

from serving.http import server as listener
from serving.http.fast_path import FastPathApp
from serving.http.worker_table import Workers

Scenario = Callable[[int, listener.WorkerServer], Awaitable[None]]


class Undrained:
    """Takes requests directly, and ends no connection earlier."""

    def __init__(self, direct: FastPathApp) -> None:
        self.accepts = direct.accepts
        self.direct = direct.direct

    def drain(self) -> None:
        """Do nothing."""


def serve(
    app: Any, direct: FastPathApp, scenario: Scenario, supervisor: int = os.getppid()
) -> None:
    """Run ``scenario`` with the port of such a server and the server itself.

    ``supervisor``: the process with which the server ends, by default that of this process.
    """

    async def run() -> None:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            config = uvicorn.Config(app, log_config=None)
            server = listener.WorkerServer(config, Undrained(direct), Workers(None, 0), supervisor)
            serving = asyncio.create_task(server._serve([listening]))
            while not server.started:
                await asyncio.sleep(0.01)
            await scenario(listening.getsockname()[1], server)
            server.should_exit = True
            await serving

    asyncio.run(run())
