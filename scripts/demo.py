"""The main workflow, step by step, on a real data set; prints every command before running it."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from packager.engine.engine import Engine
from packager.environment.lock import FILENAME as LOCK
from packager.environment.lock import load_lock
from packager.environment.platform import default_platform
from packager.errors import PackageError
from packager.image.base.base import find_base
from packager.image.base.debian import base_name
from packager.image.base.saved import BaseImage
from packager.project.config import load_project
from packager.runners.project import fits_host

TOP = Path(__file__).resolve().parent.parent
WORK = TOP / ".demo"
PROJECT = WORK / "diamonds"
PACKAGE = Path(sys.executable).parent / "package"
ROWS = 2_000
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    started = time.monotonic()
    engine = Engine.connect()
    say("1", "data", "53,940 diamonds, from the package plotnine")
    prepare()
    say("2", "build", "lock, train, measure, assemble; " + where(engine))
    target = build(engine)
    say("3", "inspect", "what is inside")
    run(["inspect", target], keep=30)
    say("4", "serve", "predictions and metrics on 127.0.0.1")
    local = [] if engine else ["--local"]
    serve_and_measure(target, local)
    say("5", "replay", "train again from the package alone, no network, and compare")
    run(["replay", target, *local])
    finish(target, engine, time.monotonic() - started)


def where(engine: Engine | None) -> str:
    if engine is not None:
        return "into the Docker engine"
    return "no engine responds, so into an OCI folder"


def prepare() -> None:
    """Copy the example, so that nothing is written into it."""
    example = TOP / "examples" / "diamonds"
    PROJECT.mkdir(parents=True, exist_ok=True)
    for path in example.iterdir():
        if path.is_file():
            shutil.copyfile(path, PROJECT / path.name)
    forget_other_version()
    command("python prepare.py")
    subprocess.run([sys.executable, "prepare.py"], cwd=PROJECT, check=True)


def forget_other_version() -> None:
    """Remove a lock that an earlier demo left, if this version can't read it."""
    lock = PROJECT / LOCK
    try:
        load_lock(lock)
    except PackageError:
        print(f"  {lock.relative_to(TOP)} is of another version: it is made again")
        lock.unlink()


def build(engine: Engine | None) -> str:
    """Build with the example's base, or without a registry with a base of Debian packages."""
    arguments = ["build", "diamonds", *base_option(engine)]
    if engine is None:
        arguments += ["--output", "oci:diamonds-image"]
    return run(arguments, keep=1).strip()


def base_option(engine: Engine | None) -> list[str]:
    """The base to build with: the example's if it can be used here, else one of Debian packages.

    Without an engine the build and the server run with this machine's Python, so a base with
    another Python is of no use, and none is needed.
    """
    reference = load_project(PROJECT).image.base
    platform = engine.platform if engine else default_platform()
    if usable(find_base(reference, platform, engine), engine):
        return []
    name = base_name()
    if name is None:
        return []
    made = find_base(name, platform, None)
    if made is None and (engine is not None or can_make(name)):
        print(f"  {reference} is not available here; making a base from Debian packages:")
        if run(["base"], keep=1, check=engine is not None):
            made = find_base(name, platform, None)
    return ["--base", name] if usable(made, engine) else []


def usable(base: BaseImage | None, engine: Engine | None) -> bool:
    """Whether a build can use ``base``: in the engine, or on this machine."""
    return base is not None and (engine is not None or fits_host(base))


def can_make(name: str) -> bool:
    """Whether a base of Debian packages can be made and used here without an engine."""
    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return name.endswith(python) and shutil.which("mmdebstrap") is not None


def serve_and_measure(target: str, local: Sequence[str]) -> None:
    """Send real rows; show predictions and the counters that changed."""
    labelled = list(labelled_rows(ROWS))
    rows = [row for row, _ in labelled]
    with served(target, local) as url:
        before = counters(url)
        print(f"\n  POST {url}/predict  one row: {json.dumps(rows[0])}")
        answer = post(f"{url}/predict", {"rows": rows[:1]})
        print(f"  {json.dumps(answer)[:300]}")
        print(f"\n  POST {url}/predict  {len(rows)} rows in batches of 100")
        answers: list[Any] = []
        for start in range(0, len(rows), 100):
            batch = post(f"{url}/predict", {"rows": rows[start : start + 100]})
            answers += batch["predictions"]
        print(f"\n  POST {url}/feedback  the true labels, with the tokens of the predictions")
        pairs = zip(answers, labelled, strict=True)
        labels = [{"token": answer["token"], "actual": label} for answer, (_, label) in pairs]
        print(f"  {json.dumps(post(f'{url}/feedback', labels))}")
        time.sleep(1)  # workers write their counters a few times a second
        print(f"\n  GET {url}/metrics  what changed:")
        show_changes(before, counters(url))


def labelled_rows(count: int) -> Iterator[tuple[dict[str, object], str]]:
    """(row as a client sends it, label) of the first rows of the data."""
    with (PROJECT / "data" / "diamonds.csv").open(encoding="utf-8", newline="") as file:
        for row, _ in zip(csv.DictReader(file), range(count), strict=False):
            label = row.pop("cut")
            yield {name: number(text) for name, text in row.items()}, label


def number(text: str) -> object:
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d+\.\d+", text) else text


@contextmanager
def served(target: str, local: Sequence[str]) -> Iterator[str]:
    arguments = ["serve", target, "--port", "0", *local]
    command(f"package {' '.join(arguments)}")
    with (
        (WORK / "serve.log").open("w", encoding="utf-8") as log,
        started(arguments, stderr=log) as process,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            sys.exit(f"error: the server did not start\nhint: see {WORK / 'serve.log'}")
        print(f"  {url}")
        yield url


def post(url: str, document: object) -> dict[str, Any]:
    body = json.dumps(document).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return dict(json.load(answer))


def counters(url: str) -> dict[str, float]:
    """Every series of the model's own counters."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("model_"))
    return {name: float(value) for name, value in pairs if "_total{" in name}


def show_changes(before: dict[str, float], after: dict[str, float]) -> None:
    """Print up to five changed series per counter, without the labels ``model`` and ``version``."""
    shown: dict[str, int] = {}
    for series, value in sorted(after.items()):
        change = value - before.get(series, 0.0)
        name = series.split("{")[0]
        if change and shown.get(name, 0) < 5:
            shown[name] = shown.get(name, 0) + 1
            short = re.sub(r'(,?)(model|version)="[^"]*"', "", series).replace("{,", "{")
            print(f"  {short:<72} +{change:.0f}")


def run(arguments: Sequence[str], keep: int | None = None, *, check: bool = True) -> str:
    """Run ``package`` with its progress on the terminal; return its standard output.

    If it fails, exit with its code, or without ``check`` return an empty text.
    """
    command("package " + " ".join(arguments))
    with started(arguments) as process:
        output, _ = process.communicate()
    lines = output.splitlines()
    for line in lines[:keep]:
        print(f"  {line}")
    if keep is not None and len(lines) > keep:
        print(f"  … {len(lines) - keep} more lines")
    if process.returncode == 0:
        return output
    if check:
        sys.exit(process.returncode)
    return ""


@contextmanager
def started(
    arguments: Sequence[str], stderr: IO[str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process of ``package``, which is stopped at the end of the block.

    It is in a process group of its own, so that Ctrl-C reaches this program only. This program
    passes it on once, and waits until the process has removed its containers and partial files.
    """
    process = None
    try:
        with deferred_signals():  # the process may run before its constructor returns
            process = subprocess.Popen(
                [PACKAGE, *arguments],
                cwd=WORK,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                process_group=0,
            )
        yield process
    except KeyboardInterrupt:
        print("\nstopping `package`, which removes what it has started", file=sys.stderr)
        raise
    finally:
        if process and process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.communicate()


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Handle SIGINT and SIGTERM at the end of the block only."""
    arrived: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: arrived.append(number))
        for number in STOPPING_SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for number in arrived[:1]:
        signal.raise_signal(number)


def say(step: str, title: str, text: str) -> None:
    print(
        f"\n\033[1m{step}. {title}\033[0m: {text}" if os.isatty(1) else f"\n{step}. {title}: {text}"
    )


def command(text: str) -> None:
    print(f"  $ {text}")
    sys.stdout.flush()


def finish(target: str, engine: Engine | None, seconds: float) -> None:
    print(f"\ndone in {seconds:.0f} s; everything is in {WORK.relative_to(TOP)}/")
    print("try next:")
    print("  . .venv/bin/activate && cd .demo")
    local = "" if engine else " --local"
    print(f"  package predict {target} --input diamonds/data/diamonds.csv --format csv{local}")
    print("  package init my-model && package build my-model --output oci:my-image")
    if engine is None:
        print("  containers: `make demo YES=1` installs Docker Engine (root, Debian or Ubuntu)")


def stopped_by_signals(program: Callable[[], None]) -> int:
    """Run ``program``; return its exit code: 130 after Ctrl-C or SIGTERM."""
    for number in STOPPING_SIGNALS:  # a shell in the background ignores SIGINT
        signal.signal(number, signal.default_int_handler)
    try:
        program()
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(stopped_by_signals(main))
