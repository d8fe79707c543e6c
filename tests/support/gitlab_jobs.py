"""Runs the jobs of a pipeline of GitLab CI on this machine, as its shell executor does.

Only what docs/ci.md uses: stages, ``default``, ``extends``, variables, ``before_script``, caches by
files, artifacts, and rules of one equality.
"""

from __future__ import annotations

import os
import re
import shutil
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ci_jobs import JobRun, clone, copied, machine_variables, run_script

from packager.digest import sha256_bytes

KEYWORDS = {"stages", "default", "variables"}
BASH = ("set -o pipefail",)


@dataclass
class GitLabMachine:
    """The state that GitLab and its runner keep between jobs and pipelines."""

    folder: Path
    repository: Path
    variables: Mapping[str, str]
    path: Sequence[Path] = ()
    """Folders of programs that jobs find first, as in the image that they name."""
    pipeline: int = 1

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def cache_of_lock(self, content: bytes) -> Path:
        """The folder of the cache whose key is a file with this content; empty without one."""
        return self.folder / "caches" / sha256_bytes(content)[:12]

    def job_variables(self) -> dict[str, str]:
        """The environment variables of every job."""
        given = {**machine_variables(self.home), **self.variables}
        return {**given, "PATH": os.pathsep.join([*map(str, self.path), given["PATH"]])}


def run_pipeline(machine: GitLabMachine, document: Mapping[str, Any]) -> dict[str, JobRun]:
    """Run the jobs stage by stage; no stage follows one with a job that failed."""
    ran: dict[str, JobRun] = {}
    top = machine.folder / f"pipeline-{machine.pipeline}"
    machine.pipeline += 1
    jobs = {name: job for name, job in document.items() if name not in KEYWORDS}
    for stage in document.get("stages", ["test"]):
        artifacts = [top / "artifacts" / name for name in ran]
        before = {name: _flat(document, job) for name, job in jobs.items() if name[0] != "."}
        now = {name: job for name, job in before.items() if job.get("stage", "test") == stage}
        for name, job in now.items():
            one = _Job(machine, document, name, job, top / name.replace(" ", "-"))
            if one.wanted():
                ran[name] = one.run(artifacts, top / "artifacts" / name)
        if any(one.code for one in ran.values()):
            break
    return ran


def _flat(document: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """The job with what it extends and the defaults."""
    parent = document[job["extends"]] if "extends" in job else {}
    return {**document.get("default", {}), **parent, **job}


class _Job:
    def __init__(
        self,
        machine: GitLabMachine,
        document: Mapping[str, Any],
        name: str,
        job: Mapping[str, Any],
        top: Path,
    ) -> None:
        top.mkdir(parents=True)
        self.machine, self.job, self.done = machine, job, JobRun(name, top / "build")
        declared = {**document.get("variables", {}), **job.get("variables", {})}
        given = {**machine.variables, "CI": "true", "CI_PROJECT_DIR": str(self.done.workspace)}
        self.variables = dict(given)
        for key, value in declared.items():
            self.variables[key] = string.Template(value).safe_substitute(given)

    def wanted(self) -> bool:
        for rule in self.job.get("rules", ()):
            left, right = re.fullmatch(r"\$(\w+) == \$(\w+)", rule["if"]).groups()  # type: ignore[union-attr]
            if self.variables.get(left) != self.variables.get(right):
                return False
        return True

    def run(self, earlier: Sequence[Path], kept: Path) -> JobRun:
        workspace = self.done.workspace
        clone(self.machine.repository, workspace)
        cache = self.job.get("cache")
        place = self._cache(cache["key"]) if cache else None
        if place is not None and place.is_dir():
            copied(place, workspace)
        for folder in earlier:
            if folder.is_dir():
                copied(folder, workspace)
        lines = [*BASH, *self.job.get("before_script", ()), *self.job["script"]]
        self.done.steps.append(run_script(self.done.name, lines, workspace, self._variables()))
        if place is not None and (not self.done.code or cache.get("when") == "always"):
            shutil.rmtree(place, ignore_errors=True)
            for path in cache["paths"]:
                copied(workspace / path, place / path)
        artifacts = self.job.get("artifacts", {})
        if not self.done.code or artifacts.get("when") == "always":
            for path in artifacts.get("paths", ()):
                copied(workspace / path, kept / path)
            for report in artifacts.get("reports", {}).values():
                copied(workspace / report, kept / report)
        return self.done

    def _variables(self) -> dict[str, str]:
        return {**self.machine.job_variables(), **self.variables}

    def _cache(self, key: Any) -> Path:
        """The folder of a cache; files that a key names may be absent."""
        if isinstance(key, str):
            return self.machine.folder / "caches" / key
        paths = [self.done.workspace / name for name in key["files"]]
        content = b"".join(path.read_bytes() for path in paths if path.exists())
        return self.machine.cache_of_lock(content)
