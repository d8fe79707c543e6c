"""The tutorial, followed from its first block to its last: every command, with what it prints."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command import NO_ENGINE, PACKAGE
from real_prometheus import free_port
from service_images import COMPOSE, service_images

TOP = Path(__file__).parent.parent
TEXT = (TOP / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
NOT_RUN = ("pip install .",)
"""The environment of the tests has the command already."""
ADDRESSES = {"serve parcels-image --local": "127.0.0.1:3000", "issues serve": "127.0.0.1:3080"}
"""What the tutorial starts in the background → where it says that it listens."""


def steady(text: str) -> str:
    """Without what differs between machines: digests, sizes, times, the last digits of numbers."""
    text = re.sub(r'"token":"[\w-]+"', '"token":"TOKEN"', text)
    text = re.sub(r"\b([0-9a-f]{12}|[0-9a-f]{64})\b", "DIGEST", text)
    text = re.sub(r"\bkey [0-9a-f]{16}\b", "key KEY", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"\b\d\d:\d\d\b", "TIME", text)
    text = re.sub(r"\b\d+ (s|min)\b", "AGE", text)
    text = re.sub(r"\b\d+(?= (locked )?wheels)", "N", text)
    text = re.sub(r"[\d.]+ MB in all", "SIZE in all", text)
    text = re.sub(r"(?<=Landlock ABI )\d+", "N", text)
    text = re.sub(r"(linux/)(amd64|arm64)|(?<=Python )3\.\d+", "HERE", text)
    text = re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda one: f"{float(one[0]):.2g}", text)
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
    """Somebody who follows the tutorial in a folder of their own."""

    def __init__(self, folder: Path, *, engine: bool = False) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []
        self.places: dict[str, str] = {}
        self.surprises: list[str] = []
        """Commands that printed something else than the tutorial shows."""
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
        if variable := re.fullmatch(r"export (\w+)=(\S+)", command):
            self.variables[variable[1]] = self.here(variable[2])
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
        process = subprocess.Popen(
            [*command.split(), "--port", "0"], cwd=self.folder, env=self.variables,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.started.append(process)
        assert process.stdout is not None
        line = next((line for line in process.stdout if "http://127.0.0.1:" in line), "")
        assert line, f"{command} ended: {process.wait()}"
        threading.Thread(target=process.stdout.read, daemon=True).start()
        said = next(where for verb, where in ADDRESSES.items() if verb in command)
        self.places[said] = re.findall(r"127\.0\.0\.1:\d+", line)[0]
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


def block_with(text: str) -> str:
    """The one block that contains a text."""
    (found,) = [block for _, block in BLOCKS if text in block]
    return found


def follow(reader: Reader, block: str) -> None:
    """Run the commands of a block; each prints what the block shows."""
    for command, said in transcript(block):
        printed = reader.run(command)
        printed = printed.replace(f"{reader.folder}/", "")
        if said.strip() and not matches(steady(said), steady(printed)):
            reader.surprises.append(f"$ {command}\n{printed}")


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.server
@pytest.mark.network
def test_the_tutorial_is_what_happens(tmp_path: Path) -> None:
    with reading(tmp_path) as reader:
        _begin(reader)
        follow(reader, block_with("$ head -3"))
        follow(reader, block_with("$ package data issues parcels"))
        _correct(reader)
        follow(reader, block_with("$ package build parcels --output oci:parcels-image"))
        follow(reader, block_with("$ package inspect parcels-image"))
        reader.write("new.csv", block_with("north,700,9.5\nexpress"))
        follow(reader, block_with("$ package predict"))
        _serve(reader)
        _track(reader)
        follow(reader, block_with("$ package replay"))
        reader.change("parcels/package.toml", "C = 1.0", "C = 0.01")
        reader.change("parcels/package.toml", 'version = "1.0.0"', 'version = "1.1.0"')
        follow(reader, block_with("--output oci:parcels-next"))
        follow(reader, block_with("--data later.csv --local"))
        follow(reader, block_with("$ package sign parcels-image"))
    assert not reader.surprises, "\n".join(reader.surprises)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.network
def test_its_model_is_signed_and_deployed_with_alerts(tmp_path: Path) -> None:
    """Section 13, without Grafana, whose image comes from a registry only, on free ports."""
    if not COMPOSE.exists():
        pytest.skip("no Compose here")
    port = free_port()
    with reading(tmp_path, engine=True) as reader:
        parts = ("PROMETHEUS_PORT", "ALERTMANAGER_PORT", "TRACKER_PORT")
        reader.variables |= service_images() | {name: str(free_port()) for name in parts}
        reader.variables["COMPOSE_PROJECT_NAME"] = f"tutorial-{port}"
        reader.variables["MODEL_PACKAGER_KEY_PASSWORD"] = "a-password-of-your-own"
        options = "--replicas 2"
        reader.places = {
            options: f"{options} --port {port} --without grafana",
            "docker compose": str(COMPOSE),
            "127.0.0.1:3000": f"127.0.0.1:{port}",
        }
        _begin(reader)
        _correct(reader)
        reader.run("package key release.key")
        follow(reader, block_with("$ BASE=$(package base)"))
        try:
            follow(reader, block_with("$ package deploy compose"))
        finally:
            reader.run("docker compose -f deployed/compose.yml down --volumes --timeout 2")
    assert not reader.surprises, "\n".join(reader.surprises)


def _begin(reader: Reader) -> None:
    """Sections 1 to 3: the files that the reader writes."""
    script, recipe = (block for language, block in BLOCKS if language == "python")
    reader.write("make_data.py", script)
    subprocess.run([sys.executable, "make_data.py"], cwd=reader.folder, check=True)
    reader.write("parcels/train.py", recipe)
    reader.write("parcels/requirements.txt", block_with("scikit-learn>=1.5\n"))
    reader.write("parcels/package.toml", block_with('name = "parcels"'))


def _correct(reader: Reader) -> None:
    """Section 5: the verdicts, and the corrected file as the data."""
    follow(reader, block_with("$ package data verdicts apply"))
    reader.change("parcels/package.toml", "data/parcels.csv", "data/parcels.clean.csv")


def _serve(reader: Reader) -> None:
    """Section 8: a server, a second row in the same way, and its label."""
    follow(reader, block_with("$ package serve parcels-image"))
    (command,) = re.findall(r"^\$ (curl .*)$", block_with("$ package serve"), re.MULTILINE)
    second = command.replace('"distance": 700', '"distance": 430').replace("9.5}", "3}")
    (token,) = re.findall(r'"token":"([\w-]+)"', reader.run(second))
    reader.write("labels.csv", f"token,actual\n{token},no\n")
    follow(reader, block_with("$ package feedback"))
    reader.run("sleep 1")  # rows are counted after their answers
    follow(reader, block_with("$ package drift"))
    reader.stop()


def _track(reader: Reader) -> None:
    """Section 9: the issue tracker, which two verbs report to."""
    follow(reader, block_with("$ package issues serve"))
    follow(reader, block_with("$ package issues list"))
    reader.stop()
    del reader.variables["MODEL_ISSUES_URL"]


def test_every_block_of_the_tutorial_is_followed() -> None:
    """A block without a language that no step above names would be shown and never run."""
    source = Path(__file__).read_text(encoding="utf-8")
    named = re.findall(r'block_with\((["\'])(.*?)\1\)', source)
    texts = [text.encode().decode("unicode_escape") for _, text in named]
    for language, block in BLOCKS:
        if language == "python" or block.strip() in NOT_RUN:
            continue
        assert any(text in block for text in texts), block


def test_differences_between_machines_are_left_out_and_others_are_seen() -> None:
    assert steady("root  fdbe109a0f91  0.12345 81 wheels") == "root DIGEST 0.12 N wheels"
    assert matches("a\n…\nz", "a\nb\nc\nz")
    assert matches("a\n\n…\n\nz", "a\n\nb\n\nz")
    assert not matches("a\n…\nz", "b\nz")
    assert not matches("a", "b")
