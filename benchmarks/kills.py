"""kill -9 at random moments of a build, then a normal build: is the result right?

`.venv/bin/python benchmarks/kills.py [TIMES]`, without an engine, in a cache of its own. Prints how
far each killed build came and whether anything stood under a final name that should not.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from packager.cache import cache_directory

PACKAGE = Path(sys.executable).parent / "package"


def main(times: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "DOCKER_HOST": "tcp://127.0.0.1:1"}
        subprocess.run([PACKAGE, "init", folder / "p"], check=True, capture_output=True)
        build = [PACKAGE, "build", folder / "p", "--output", f"oci:{folder / 'image'}", "--json"]
        right, seconds = finished(build, environment)
        shutil.rmtree(folder / "image")
        environment["MODEL_PACKAGER_CACHE"] = str(folder / "cache")
        shutil.copytree(cache_directory("wheels"), folder / "cache" / "wheels")
        draw = random.Random(7)
        for number in range(times):
            moment = draw.uniform(0.3, 2 * seconds)
            step = killed(build, environment, moment)
            whole = (folder / "image" / "oci-layout").exists()
            print(f"{number:3}  killed after {moment:5.1f} s  {step:<60} image: {whole}")
            if whole:
                shutil.rmtree(folder / "image")
        found, _ = finished(build, environment)
        left = sorted(path.name for path in (folder / "cache" / "work").iterdir())
        print(f"then a normal build: {'right' if found == right else 'WRONG'}; left over: {left}")
        if found != right or left:
            sys.exit(1)


def finished(build: list[object], environment: dict[str, str]) -> tuple[str, float]:
    """Config digest of a build that is left alone, and its seconds."""
    started = time.monotonic()
    done = subprocess.run(build, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["config_digest"], time.monotonic() - started


def killed(build: list[object], environment: dict[str, str], moment: float) -> str:
    """Kill a build and all it started; the last thing it said."""
    process = subprocess.Popen(
        build, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    said = process.communicate()[1].strip().splitlines()
    return said[-1].strip() if said else "(nothing yet)"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
