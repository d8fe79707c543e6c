"""Replays a package in containers that differ from the one it was built in.

    python benchmarks/elsewhere.py IMAGE …    companion images in the engine (TAG-replay)

Every row is ``docker run`` of the unchanged image: another user, time zone, locale and host name; a
clock in 2041 (libfaketime); libraries configured for an older processor; and other processors,
emulated instruction by instruction (qemu's user mode: Haswell has AVX2, Nehalem has neither AVX nor
FMA). A Debian machine needs faketime, qemu-user-static and busybox-static. Added files are mounted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from estimators import AVX2, SSE

PYTHON = "/opt/venv/bin/python"
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
EMULATOR = {"qemu": "/usr/bin/qemu-x86_64-static", "sh": "/bin/busybox"}
# Children are started by sys.executable, so the emulator has to replace Python at its path.
WRAPPER = f"""#!/emulated/sh
exec /emulated/qemu -cpu "$EMULATED" -0 {PYTHON} /emulated/python "$@"
"""
OTHERS = ["--user", "12345:54321", "--hostname", "elsewhere"]
OTHERS += ["-e", "TZ=Asia/Kathmandu", "-e", "LC_ALL=C", "-e", "PYTHONHASHSEED=99"]
LATER = ["-v", f"{FAKETIME}:/faketime.so:ro", "-e", "LD_PRELOAD=/faketime.so"]
LATER += ["-e", "FAKETIME=@2041-07-01 12:00:00"]


def variable_options(variables: dict[str, str]) -> list[str]:
    """Options of ``docker run`` that set ``variables``."""
    return [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]


def emulator_mounts(folder: Path, cpu: str) -> list[str]:
    """Options of ``docker run`` that mount the emulator of ``folder`` in place of Python."""
    places = ["-v", f"{folder}:/emulated:ro", "-v", f"{folder / 'wrapper'}:{PYTHON}:ro"]
    return [*places, "-e", f"EMULATED={cpu}"]


def emulator(image: str, folder: Path) -> None:
    """Write the emulator, and the image's interpreter that it runs, to ``folder``."""
    for name, source in EMULATOR.items():
        shutil.copy(source, folder / name)
    made = subprocess.run(["docker", "create", image], check=True, capture_output=True, text=True)
    container = made.stdout.strip()
    try:
        command = ["docker", "cp", "--follow-link", f"{container}:{PYTHON}", folder / "python"]
        subprocess.run(command, check=True, capture_output=True)
    finally:
        subprocess.run(["docker", "rm", container], check=True, capture_output=True)
    (folder / "wrapper").write_text(WRAPPER)
    (folder / "wrapper").chmod(0o755)


def replay(image: str, options: list[str]) -> dict[str, Any]:
    """The report of replaying ``image`` in a container with ``options``, or its output."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        walls = ["--network", "none", "--read-only", "--cap-drop", "ALL", "-v", f"{name}:/tmp"]
        command = ["docker", "run", "--rm", *walls, *options, image, "python"]
        began = time.monotonic()
        ended = subprocess.run(
            [*command, "-m", "packager.worker", "replay"],
            capture_output=True,
            text=True,
            check=False,
        )
        report = Path(name) / "replay" / "report.json"
        seconds = round(time.monotonic() - began)
        if not report.is_file():
            lines = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
            said = lines[-1] if lines else ended.stderr.strip()[-300:]
            return {"level": f"refused: {said.removeprefix('error: ')}", "seconds": seconds}
        return {**json.loads(report.read_bytes()), "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    images = parser.parse_args().images
    with tempfile.TemporaryDirectory() as name:
        emulator(images[0], Path(name))
        Path(name).chmod(0o755)
        settings = {
            "as it is": [],
            "other user, time zone, locale, host": OTHERS,
            "a clock in 2041": LATER,
            "libraries told: AVX2": variable_options(AVX2),
            "libraries told: SSE": variable_options(SSE),
            "all of it: others, 2041, AVX2": [*OTHERS, *LATER, *variable_options(AVX2)],
            "emulated Haswell": emulator_mounts(Path(name), "Haswell"),
            "emulated Nehalem": emulator_mounts(Path(name), "Nehalem"),
        }
        print("| surroundings | image | level | differs in the model | in the environment | s |")
        print("|---" * 6 + "|")
        for title, options in settings.items():
            for image in images:
                found = replay(image, options)
                model = (found.get("comparison") or {}).get("differing", [])
                lower = found["level"] != "artifact"
                told_of = found.get("environment_differences", []) if lower else []
                cells = [
                    title,
                    image,
                    found["level"],
                    *("; ".join(p[:2]) for p in (model, told_of)),
                ]
                print(f"| {' | '.join(cells)} | {found['seconds']} |", flush=True)


if __name__ == "__main__":
    main()
