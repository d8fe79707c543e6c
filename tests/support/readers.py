"""A reader of a page: runs its commands in a folder, and compares what they print."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from command import NO_ENGINE, PACKAGE

PORTS = {"issues serve": 3080, "serve": 3000}
"""Verb that listens → its port where a command names none."""


def listens_at(command: str) -> str:
    """Where a command says that it listens."""
    own = re.search(r"--port (\d+)", command)
    port = own[1] if own else next(port for verb, port in PORTS.items() if verb in command)
    return f"127.0.0.1:{port}"


def fixed(text: str) -> str:
    """What a command prints without digests, numbers, names of packages and widths of columns."""
    text = re.sub(r"\b[0-9a-f]{12,64}\b", "DIGEST", text)
    text = re.sub(r"(sha256:)?DIGEST…?", "DIGEST", text)
    text = re.sub(r"(?<![\w/.-])([\w.-]+/)*[\w-]+:[\d.]+-DIGEST", "PACKAGE", text)
    text = re.sub(r"\b(shop|next|other)-image\b", "PACKAGE", text)
    text = re.sub(r"[+-]?\d[\d,.]*(e[+-]?\d+)?", "0", text)
    # Pages share a package: those before have signed it with keys of their own.
    text = text.replace("; 0 of other keys are passed over", "")
    return "\n".join(re.sub(r"[ ─]+", " ", line).strip() for line in text.strip().splitlines())


def matches(said: str, printed: str) -> bool:
    """Whether a block shows what a command printed; ``…`` on a line stands for any lines."""
    first, *others = (part.strip("\n") for part in re.split(r"^…$", said, flags=re.MULTILINE))
    if not others:
        return first == printed
    if not printed.startswith(first) or not printed.endswith(others[-1]):
        return False
    place = len(first)
    for part in others:
        place = printed.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


def transcript(block: str) -> list[tuple[str, str]]:
    """(command, output) pairs of a console block."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]


class Reader:
    """Somebody who follows a page in a folder of their own."""

    def __init__(self, folder: Path, *, engine: bool = False) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []
        self.places: dict[str, str] = {}
        self.surprises: list[str] = []
        """Commands that printed something else than the page shows."""
        self.variables = {
            **{name: text for name, text in os.environ.items() if not name.startswith("MODEL_")},
            **({} if engine else NO_ENGINE),
            "PATH": f"{PACKAGE.parent}:{os.environ['PATH']}",
            "XDG_DATA_HOME": str(folder / "home"),
        }
        if cache := os.environ.get("MODEL_PACKAGER_CACHE"):
            self.variables["MODEL_PACKAGER_CACHE"] = cache

    def here(self, command: str) -> str:
        """A command with the ports of this machine."""
        for said, found in self.places.items():
            command = command.replace(said, found)
        return command

    def write(self, name: str, content: str) -> None:
        """Save a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        """Edit a file."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def run(self, command: str) -> str:
        """Standard output of a command as typed."""
        if command.endswith("&"):
            return self.start(command.removesuffix("&").strip())
        if exported := re.fullmatch(r"export( \w+=\S+)+", command):
            settings = (word.split("=", 1) for word in exported[0].split()[1:])
            self.variables |= {name: self.here(text) for name, text in settings}
            return ""
        if variable := re.fullmatch(r"(\w+)=\$\((.*)\)", command):
            self.variables[variable[1]] = self.run(variable[2]).strip()
            return ""
        done = subprocess.run(
            self.here(command), shell=True, executable="/bin/bash", cwd=self.folder,
            env=self.variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    def start(self, command: str) -> str:
        """The line with the address of what keeps running."""
        words = shlex.split(self.here(re.sub(r" --port \d+", "", command)))
        settings = dict(word.split("=", 1) for word in words[: words.index("package")])
        process = subprocess.Popen(
            [*words[len(settings) :], "--port", "0"], cwd=self.folder,
            env={**self.variables, **settings},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.started.append(process)
        assert process.stdout is not None
        line = next((line for line in process.stdout if "http://127.0.0.1:" in line), "")
        assert line, f"{command} ended: {process.wait()}"
        threading.Thread(target=process.stdout.read, daemon=True).start()
        self.places[listens_at(command)] = re.findall(r"127\.0\.0\.1:\d+", line)[0]
        return line

    def stop(self) -> None:
        """End what was started last, as ``kill %1`` does."""
        process = self.started.pop()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


@contextmanager
def reading(folder: Path, *, engine: bool = False) -> Iterator[Reader]:
    """A reader whose processes end with the block; ``engine``: who has one."""
    reader = Reader(folder, engine=engine)
    try:
        yield reader
    finally:
        while reader.started:
            reader.stop()
