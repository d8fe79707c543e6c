"""A page in Debian's Chromium, with scripts and clicks of a test (DevTools protocol)."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import aiohttp
import pytest

CHROMIUM = shutil.which("chromium")
START_SECONDS = 60.0
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")


def in_page(url: str, script: str, width: int = 1_280) -> Any:
    """The value of the expression ``script`` on the page at ``url``, awaited if it is a promise.

    The page shares nothing with another one, such as its cache, but the browser's process.
    """
    return asyncio.run(_evaluated(_browser(), url, script, width))


@cache
def _browser() -> int:
    """The port of the one browser, which is started when it is first needed."""
    folder = Path(tempfile.mkdtemp(prefix="chromium-"))
    command = [
        *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu"),
        *("--remote-debugging-port=0", "--remote-allow-origins=*", "--no-first-run"),
        *(f"--user-data-dir={folder}", "about:blank"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end() -> None:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return _port(process, folder)


def _port(process: subprocess.Popen[bytes], folder: Path) -> int:
    told, until = folder / "DevToolsActivePort", time.monotonic() + START_SECONDS
    while not told.exists() or "\n" not in told.read_text():
        assert time.monotonic() < until, "chromium did not start"
        assert process.poll() is None, "chromium ended"
        time.sleep(0.05)
    return int(told.read_text().split()[0])


async def _evaluated(port: int, url: str, script: str, width: int) -> Any:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/version") as told:
            address = (await told.json())["webSocketDebuggerUrl"]
        async with session.ws_connect(address, max_msg_size=0) as browser:
            made = await _called(browser, 1, "Target.createBrowserContext")
            try:
                opened = await _called(browser, 2, "Target.createTarget", url="about:blank", **made)
                place = f"ws://127.0.0.1:{port}/devtools/page/{opened['targetId']}"
                async with session.ws_connect(place, max_msg_size=0) as page:
                    return await _told_by(page, url, script, width)
            finally:
                await _called(browser, 3, "Target.disposeBrowserContext", **made)


async def _told_by(page: Any, url: str, script: str, width: int) -> Any:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    await _called(page, 1, "Emulation.setDeviceMetricsOverride", **size)
    await _called(page, 2, "Page.enable")
    await _called(page, 3, "Page.navigate", url=url)
    await _event(page, "Page.loadEventFired")
    asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
    found = await _called(page, 4, "Runtime.evaluate", **asked)
    assert "exceptionDetails" not in found, found["exceptionDetails"]
    return found["result"].get("value")


async def _called(page: Any, number: int, method: str, **parameters: Any) -> Any:
    await page.send_json({"id": number, "method": method, "params": parameters})
    while True:
        message = await page.receive_json(timeout=START_SECONDS)
        if message.get("id") == number:
            assert "error" not in message, message
            return message["result"]


async def _event(page: Any, name: str) -> None:
    while (await page.receive_json(timeout=START_SECONDS)).get("method") != name:
        pass


@contextmanager
def other_site() -> Iterator[str]:
    """The origin of a server with an empty page, of another port than any model's."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Shop</title>")

        def log_message(self, *_: object) -> None:
            pass

    with _served(Empty) as origin:
        yield origin


@contextmanager
def folder_site(folder: Path) -> Iterator[str]:
    """The origin of a server with the files of ``folder``."""

    class Files(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with _served(partial(Files, directory=str(folder))) as origin:
        yield origin


@contextmanager
def _served(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    site = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=site.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{site.server_address[1]}"
    finally:
        site.shutdown()
        site.server_close()
