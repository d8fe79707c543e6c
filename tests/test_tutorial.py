"""The tutorial, followed from its first block to its last: every command, with what it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from readers import Reader, matches, reading, transcript
from real_prometheus import free_port
from service_images import COMPOSE, service_images

TOP = Path(__file__).parent.parent
TEXT = (TOP / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
NOT_RUN = ("pip install .",)
"""The environment of the tests has the command already."""


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
