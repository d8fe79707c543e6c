"""Measures pushes and pulls of a package: bytes and requests on the line, memory, seconds.

    python benchmarks/registry.py REF [--retrained REF] [--kills 20]

REF is an OCI folder of `package build`, `--retrained` another one of the same project, built after
its model was trained again. The registry is Debian's docker-registry on 127.0.0.1, behind a proxy
that counts bytes. `--kills` pushes are ended by kill -9, each at another share of the bytes; after
each, the registry has to have no tag, and the next push has to complete the image.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parent.parent
sys.path.insert(0, str(TOP / "tests" / "support"))
from registries import StartedRegistry, registry  # noqa: E402
from registry_stubs import CuttingProxy, cutting_proxy  # noqa: E402

PROGRAM = str(Path(sys.executable).parent / "package")
SAMPLE = 0.02
"""Seconds between two looks at what has passed, before a push is killed."""


@dataclass
class Line:
    """The registry, the proxy before it, and the environment of the command."""

    registry: StartedRegistry
    proxy: CuttingProxy
    environment: dict[str, str]

    def measured(self, *arguments: str) -> tuple[int, int, int, int, float, float]:
        """(bytes of blobs sent, bytes sent, received, requests, peak MB, seconds) of a command."""
        self.proxy.passed = self.proxy.answered = 0
        requests, begun = len(self.registry.requests()), time.monotonic()
        process = self.start(*arguments, "--json")
        _, status, used = os.wait4(process.pid, 0)
        assert process.stdout is not None
        told = process.stdout.read()
        if status != 0:
            sys.exit(f"error: package {' '.join(arguments)} failed")
        seconds = time.monotonic() - begun
        time.sleep(0.2)  # the registry writes its log after its answer
        asked = len(self.registry.requests()) - requests
        blobs = json.loads(told).get("sent", 0)
        moved = (blobs, self.proxy.passed, self.proxy.answered)
        return *moved, asked, used.ru_maxrss / 1e3, seconds

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the command."""
        kept, quiet = subprocess.PIPE, subprocess.DEVNULL
        return subprocess.Popen(
            [PROGRAM, *arguments], stdout=kept, stderr=quiet, env=self.environment
        )

    def target(self, name: str) -> str:
        """The repository ``name`` behind the proxy."""
        return f"{self.proxy.host}/{name}"


def table(line: Line, reference: str, retrained: str | None, folder: Path) -> None:
    """Print the figures of pushes and pulls."""
    push = ("push", reference)
    rows = [
        ("first push", (*push, line.target("a/model:1"))),
        ("again", (*push, line.target("a/model:1"))),
        ("another repository (mounted)", (*push, line.target("b/model:1"))),
        ("the companion", (*push, line.target("a/model:1"), "--companion")),
        ("gzip, nothing remembered", (*push, line.target("c/model:1"), "--compress", "gzip")),
        ("gzip, again", (*push, line.target("c/model:1"), "--compress", "gzip")),
    ]
    if retrained:
        rows.append(("after a retrain", ("push", retrained, line.target("a/model:2"))))
    output = ("--output", f"oci:{folder / 'pulled'}")
    rows.append(("pull", ("pull", line.target("a/model:1"), *output)))
    rows.append(("pull, gzip", ("pull", line.target("c/model:1"), *output)))
    print("| | blobs sent, MB | sent, MB | received, MB | requests | peak, MB | s |")
    print("|---|---|---|---|---|---|---|")
    for called, arguments in rows:
        *moved, asked, peak, seconds = line.measured(*arguments)
        figures = " | ".join(f"{size / 1e6:.3f}" for size in moved)
        print(f"| {called} | {figures} | {asked} | {peak:.0f} | {seconds:.1f} |", flush=True)


def kills(line: Line, reference: str, count: int) -> None:
    """Kill pushes at ``count`` points; print what the registry had and what came after."""
    shutil.rmtree(line.registry.folder / "data")
    line.measured("push", reference, line.target("size/model:1"))
    whole, wrong, sent_again = line.proxy.passed, 0, []
    for n in range(count):
        shutil.rmtree(line.registry.folder / "data")
        line.proxy.passed = 0
        name = f"kill{n}/model"
        process = line.start("push", reference, f"{line.target(name)}:1")
        while line.proxy.passed < (n + 0.5) / count * whole and process.poll() is None:
            time.sleep(SAMPLE)
        process.kill()
        process.wait()
        before, tags = line.proxy.passed, line.registry.tags(name)
        line.measured("push", reference, f"{line.target(name)}:1")
        sent_again.append((before + line.proxy.passed) / whole)
        wrong += bool(tags) or line.registry.tags(name) != ["1"]
    print(f"{count} pushes killed: {wrong} left a tag or were not completed by the next push;")
    print(f"both together sent {min(sent_again):.2f} to {max(sent_again):.2f} of one push")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference")
    parser.add_argument("--retrained")
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with registry(folder / "registry") as found, cutting_proxy(found.host) as proxy:
            environment = {**os.environ, "MODEL_PACKAGER_CACHE": str(folder / "cache")}
            environment |= found.variables(folder / "docker")
            line = Line(found, proxy, environment)
            table(line, options.reference, options.retrained, folder)
            if options.kills:
                kills(line, options.reference, options.kills)


if __name__ == "__main__":
    main()
