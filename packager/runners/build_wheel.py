"""Builds a wheel with a PEP 517 backend; runs alone in a container or a confined process.

It imports the standard library only, and runs on the base's Python. ``job.json``:
``source``, ``work``, ``tools``, ``subdirectory``, ``backend``, ``backend_path``, ``provided``.
The result is the wheel, or ``requires.json`` with further requirements of the backend.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

EPOCH = 315532800
"""1980-01-01, the earliest time that a zip file can hold."""


def main() -> int:
    """Copy the source to a fixed place, and run each hook in a process of its own."""
    file, output = sys.argv[1:3]
    with open(file, encoding="utf-8") as opened:
        job = json.load(opened)
    if len(sys.argv) > 3:
        return _hook(job, sys.argv[3], output)
    os.umask(0o022)
    work = job["work"]
    for folder in (work, output):
        os.makedirs(folder, exist_ok=True)
    source = os.path.join(work, "source")
    shutil.copytree(job["source"], source, symlinks=True)
    _set_times(source)
    command = [sys.executable, "-S", "-s", os.path.abspath(__file__), os.path.abspath(file)]
    for hook in ("requires", "wheel"):
        result = os.path.join(work, hook)
        os.mkdir(result)
        folder = os.path.join(source, job["subdirectory"])
        code = subprocess.call([*command, result, hook], cwd=folder)
        if code != 0:
            return code if code > 0 else 1
        for name in os.listdir(result):
            if name.endswith((".whl", ".json")):
                shutil.copyfile(os.path.join(result, name), os.path.join(output, name))
        if os.path.exists(os.path.join(result, "requires.json")):
            return 0
    return 0


def _hook(job: dict[str, Any], name: str, result: str) -> int:
    import importlib
    import site

    here = os.getcwd()
    site.addsitedir(os.path.join(job["tools"], "lib"))
    sys.path[:] = [
        *(os.path.join(here, path) for path in job["backend_path"]),
        *(path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))),
    ]
    sys.argv[:] = ["build"]
    module, _, inner = job["backend"].partition(":")
    backend = importlib.import_module(module)
    for part in filter(None, inner.split(".")):
        backend = getattr(backend, part)
    if name == "requires":
        get = getattr(backend, "get_requires_for_build_wheel", None)
        requires: list[str] = get(None) if get else []
        absent = [one for one in requires if one not in job["provided"]]
        if absent:
            with open(os.path.join(result, "requires.json"), "w") as file:
                json.dump(absent, file)
    else:
        backend.build_wheel(result, None, None)
    sys.stdout.flush()
    return 0


def _set_times(top: str) -> None:
    for folder, folders, names in os.walk(top):
        for entry in [*folders, *names]:
            os.utime(os.path.join(folder, entry), (EPOCH, EPOCH), follow_symlinks=False)


if __name__ == "__main__":
    sys.exit(main())
