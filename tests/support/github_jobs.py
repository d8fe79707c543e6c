"""Runs the jobs of a workflow of GitHub Actions on this machine, as its runners do.

Only what docs/ci.md uses: expressions of names, ``==``, ``&&`` and ``hashFiles``; the actions
checkout, setup-python, cache, upload-artifact and download-artifact. Anything else is an error.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ci_jobs import (
    LINKED_BYTES,
    JobRun,
    clone,
    copied,
    environment,
    machine_variables,
    run_script,
)
from old_interpreters import installed_python

from packager.digest import sha256_file

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass
class GitHubMachine:
    """The state that GitHub keeps between jobs and runs."""

    folder: Path
    repository: Path
    variables: Mapping[str, str]
    """``vars``"""
    secrets: Mapping[str, str]
    event: str = "push"
    ref: str = "refs/heads/main"
    run: int = 1
    caches: dict[str, Path] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"


def run_workflow(machine: GitHubMachine, workflow: Mapping[str, Any]) -> dict[str, JobRun]:
    """Run every job in order; those whose condition or needed job fails don't run."""
    ran: dict[str, JobRun] = {}
    machine.artifacts.clear()
    for name, job in workflow["jobs"].items():
        needed = [job["needs"]] if "needs" in job else []
        one = _Job(machine, name, {**workflow.get("env", {}), **job.get("env", {})})
        condition = one.text(job.get("if", "true"))
        if condition == "true" and all(other in ran and not ran[other].code for other in needed):
            ran[name] = one.run(job["steps"])
    machine.run += 1
    return ran


class _Job:
    def __init__(self, machine: GitHubMachine, name: str, env: Mapping[str, str]) -> None:
        self.machine = machine
        top = machine.folder / f"run-{machine.run}" / name
        self.temporary = top / "temp"
        self.temporary.mkdir(parents=True)
        self.done = JobRun(name, top / "work")
        self.summary = top / "summary.md"
        self.to_save: list[tuple[str, str]] = []
        self.variables = {
            **machine_variables(machine.home),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_WORKSPACE": str(self.done.workspace),
            "RUNNER_TEMP": str(self.temporary),
        }
        self.variables |= {key: self.text(value) for key, value in env.items()}

    def run(self, steps: list[dict[str, Any]]) -> JobRun:
        for step in steps:
            condition = self.text(step.get("if", "${{ success() }}"))
            if condition == "true":
                self.step(step)
        if not self.done.code:
            for key, paths in self.to_save:
                kept = self.machine.folder / "caches" / str(len(self.machine.caches))
                for path in paths.split():
                    copied(self.done.workspace / path, kept / path)
                self.machine.caches.setdefault(key, kept)
        return self.done

    def step(self, step: dict[str, Any]) -> None:
        given = {key: self.text(str(value)) for key, value in step.get("with", {}).items()}
        if "run" in step:
            variables = self.variables | {k: self.text(v) for k, v in step.get("env", {}).items()}
            script = self.text(step["run"])
            name = step.get("name", script.strip())
            self.done.steps.append(
                run_script(name, script.splitlines(), self.done.workspace, variables)
            )
            return
        action = step["uses"].partition("@")[0].removeprefix("actions/").replace("-", "_")
        getattr(self, action)(**{key.replace("-", "_"): value for key, value in given.items()})

    def text(self, text: str) -> str:
        """``text`` with the values of its expressions."""
        return EXPRESSION.sub(lambda found: self.value(found[1]), text)

    def value(self, expression: str) -> str:
        if "&&" in expression:
            parts = [self.value(part.strip()) for part in expression.split("&&")]
            return "true" if set(parts) == {"true"} else "false"
        if "==" in expression:
            left, right = (part.strip() for part in expression.split("=="))
            return "true" if self.value(left) == right.strip("'") else "false"
        if named := re.fullmatch(r"hashFiles\('(.*)'\)", expression):
            path = self.done.workspace / named[1]
            return sha256_file(path) if path.exists() else ""
        known = {
            "success()": "true" if not self.done.code else "false",
            "!cancelled()": "true",
            "github.workspace": str(self.done.workspace),
            "github.event_name": self.machine.event,
            "github.ref": self.machine.ref,
            "github.run_id": str(self.machine.run),
            **{f"vars.{key}": value for key, value in self.machine.variables.items()},
            **{f"secrets.{key}": value for key, value in self.machine.secrets.items()},
        }
        return known[expression]

    def checkout(self) -> None:
        clone(self.machine.repository, self.done.workspace)

    def setup_python(self, python_version: str) -> None:
        """An environment of that Python, or of the tests' if this machine hasn't got it."""
        python = installed_python(python_version) or Path(sys.executable)
        made = environment(
            self.machine.folder / "python", python, self.machine.variables["PROGRAM"]
        )
        self.variables["PATH"] = f"{made}/bin{os.pathsep}{self.variables['PATH']}"

    def cache(self, path: str, key: str, restore_keys: str) -> None:
        names = [*reversed(self.machine.caches)]
        for wanted in (key, *restore_keys.split()):
            found = next((name for name in names if name.startswith(wanted)), None)
            if found is not None:
                copied(self.machine.caches[found], self.done.workspace)
                break
        self.to_save.append((key, path))

    def upload_artifact(
        self, name: str, path: str, if_no_files_found: str = "warn", retention_days: str = ""
    ) -> None:
        """Files lose their modes and folders without files, as in the archive of the action.

        Of one folder its content is kept, of several paths their names below the folder that all
        are in. Hidden files are left out.
        """
        paths = path.split()
        top = self.done.workspace / paths[0] if len(paths) == 1 else self.done.workspace
        files = [
            file
            for one in paths
            for file in self._files(self.done.workspace / one)
            if not any(part.startswith(".") for part in file.relative_to(top).parts)
        ]
        assert files or if_no_files_found in ("warn", "ignore")
        kept = self.machine.folder / f"run-{self.machine.run}" / "artifacts" / name
        for file in files:
            target = kept / (file.relative_to(top) if file != top else file.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            copied(file, target)
            if file.stat().st_size < LINKED_BYTES:  # others are links
                target.chmod(0o644)
        if files:
            self.machine.artifacts[name] = kept

    def download_artifact(self, name: str, path: str = ".") -> None:
        copied(self.machine.artifacts[name], self.done.workspace / path)

    @staticmethod
    def _files(path: Path) -> list[Path]:
        return [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
