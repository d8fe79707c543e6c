"""``make newest``: finds upper bounds of pyproject.toml that can be raised.

Makes an environment in ``.newest`` with the newest releases that install together, without upper
bounds. Runs the tests of each package that is newer than the locked version, and prints a table.
Exit 1 if a release fails that the bounds allow.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from rich.console import Console
from rich.table import Table

from packager.environment.index import user_index_options

TOP = Path(__file__).resolve().parent.parent
PLACE = TOP / ".newest"
PYTHON = PLACE / "bin" / "python"
UV = Path(sys.executable).parent / "uv"
QUICK = ("-q", "-p", "no:cacheprovider", "-m", "not engine and not network")
DATA = ("tests/packager/data",)
HTTP = ("tests/serving/http", "tests/serving/test_server.py", "tests/serving/test_proxies.py")
COMPILE = ("tests/packager/worker/compile", "tests/packager/model")
TESTS: dict[str, tuple[str, ...]] = {
    "backports-zstd": ("tests/serving/http", "tests/serving/test_compressed_exchanges.py"),
    "bentoml": ("tests/serving/processes", *HTTP),
    "cryptography": ("tests/packager/trust/test_keys.py", "tests/packager/trust/test_envelope.py"),
    "cyclonedx-python-lib": (
        "tests/packager/trust/test_sbom.py",
        "tests/packager/trust/test_sbom_components.py",
    ),
    "deltalake": ("tests/packager/tables",),
    "detect-secrets": ("tests/packager/project/test_issuer_shapes.py",),
    "docker": (
        *("tests/packager/project/test_files.py", "tests/packager/engine"),
        "tests/packager/registry/test_credentials.py",
    ),
    "hpack": ("tests/serving/http2",),
    "httptools": HTTP,
    "httpx": ("tests/packager/client",),
    "installer": ("tests/packager/image/test_wheels.py",),
    "jinja2": ("tests/packager/tracker/service/pages",),
    "msgspec": ("tests/serving/prediction",),
    "numpy": (*DATA, *COMPILE, "tests/packager/worker/processes"),
    "python-multipart": ("tests/serving/protocols",),
    "orjson": ("tests/serving/prediction", "tests/serving/http/test_json_bodies.py"),
    "packaging": ("tests/packager/environment",),
    "pandas": (*DATA, *COMPILE),
    "pathspec": ("tests/packager/project/test_ignore_rules.py",),
    "platformdirs": ("tests/packager/test_cache.py",),
    "poetry-core": ("tests/packager/environment/formats",),
    "protobuf": ("tests/serving/grpc", "tests/serving/test_grpc_server.py"),
    "psycopg": ("tests/packager/tracker/store",),
    "starlette": ("tests/packager/tracker/service",),
    "prometheus-client": (
        "tests/monitoring/exposition",
        "tests/monitoring/metrics",
        "tests/packager/replicas",
    ),
    "pyarrow": (*DATA, "tests/packager/tables"),
    "pydantic": ("tests/packager/manifest", "tests/packager/project", "tests/serving/prediction"),
    "pyelftools": ("tests/packager/image/test_shared_libraries.py",),
    "pyyaml": (
        "tests/packager/deploy",
        "tests/packager/environment/formats",
        "tests/packager/project/test_from_mlflow.py",
    ),
    "redis": ("tests/monitoring/feedback",),
    "requests": (
        *("tests/packager/client", "tests/packager/replicas"),
        "tests/packager/registry/test_session.py",
    ),
    "rich": ("tests/packager/cli", "tests/packager/report"),
    "scikit-learn": COMPILE,
    "scipy": (
        "tests/monitoring/stats/test_paired.py",
        "tests/packager/worker/replay/test_seed_variance.py",
    ),
    "threadpoolctl": ("tests/packager/worker/replay",),
    "treelite": COMPILE,
    "typer": ("tests/packager/cli",),
    "uv": ("tests/packager/environment",),
    "uvicorn": HTTP,
    "uvloop": HTTP,
    "xxhash": ("tests/packager/data/test_xxh3.py", "tests/packager/data/test_fingerprint.py"),
}
"""Package → tests of what this program uses of it, mainly of private interfaces."""


@dataclass(frozen=True)
class Bound:
    """A package with an upper bound in pyproject.toml."""

    name: str
    ceiling: Version
    locked: Version
    """The version in requirements-dev.lock, which the tests use."""

    def next(self, newest: Version) -> str:
        """The lowest bound above ``newest``, with as many parts as the present one."""
        release = [*newest.release, 0, 0][: len(self.ceiling.release)]
        return ".".join(map(str, [*release[:-1], release[-1] + 1]))

    def verdict(self, newest: Version, passed: bool | None) -> str:
        """The result in the table; ``passed`` is None if no tests were run."""
        if passed is None:
            same = (
                "the locked version" if newest == self.locked else "older than the locked version"
            )
            return same if newest <= self.locked else "not tried"
        if newest >= self.ceiling:
            moved = f"passed: move the bound to <{self.next(newest)}"
            return moved if passed else "failed: keep the bound"
        return "passed: the bound allows it" if passed else "FAILED, and the bound allows it"


def bounds(project: Mapping[str, object], lock: str) -> dict[str, Bound]:
    """Name → bound of each package of the program and of its images."""
    locked = _locked(lock)
    found: dict[str, Bound] = {}
    for requirement in requirements(project):
        name = canonicalize_name(requirement.name)
        (ceiling,) = [s.version for s in requirement.specifier if s.operator == "<"]
        found[name] = Bound(name, Version(ceiling), locked[name])
    return dict(sorted(found.items()))


def _locked(lock: str) -> dict[str, Version]:
    """Package → its version in the lock for this Python."""
    found = {}
    for line in lock.splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            requirement = Requirement(line.rstrip(" \\"))
            if requirement.marker is None or requirement.marker.evaluate():
                (pin,) = requirement.specifier
                found[canonicalize_name(requirement.name)] = Version(pin.version)
    return found


def requirements(project: Mapping[str, object]) -> list[Requirement]:
    """Requirements of the program and its images, without those of development."""
    extras = project["optional-dependencies"]
    lines = project["dependencies"]
    assert isinstance(extras, dict)
    assert isinstance(lines, list)
    more = [line for extra in extras if extra not in ("dev", "docs") for line in extras[extra]]
    return [Requirement(line) for line in (*lines, *more)]


def lifted(requirement: Requirement) -> str:
    """The requirement without its upper bound."""
    lower = [str(one) for one in requirement.specifier if one.operator != "<"]
    return f"{requirement.name}{','.join(lower)}"


def install(project: Mapping[str, object]) -> dict[str, Version]:
    """Make the environment; return the version of each package in it."""
    extras = project["optional-dependencies"]
    assert isinstance(extras, dict)
    wanted = [*map(lifted, requirements(project)), *extras["dev"], *extras["docs"]]
    PLACE.mkdir(exist_ok=True)
    (PLACE / "requirements.txt").write_text("\n".join(wanted) + "\n", encoding="utf-8")
    index = user_index_options()
    environment = {**index.environment, "UV_SYSTEM_CERTS": "1"}
    # With several indexes in pip's configuration, choose the newest of all, as pip does.
    strategy = ("--index-strategy", "unsafe-best-match") if index.strategy else ()

    def uv(*arguments: object) -> str:
        command = [str(UV), *map(str, arguments)]
        done = subprocess.run(command, cwd=TOP, env=environment, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"error: {' '.join(command[:4])} ended with {done.returncode}")
        return done.stdout

    pip = ("--python", PYTHON, "--quiet")
    where = (*index.arguments, *strategy)
    uv("venv", "--quiet", "--allow-existing", "--python", sys.executable, PLACE)
    uv("pip", "install", *pip, "--upgrade", "-r", PLACE / "requirements.txt", *where)
    uv("pip", "install", *pip, "--no-deps", "--no-build-isolation", "--editable", TOP)
    listed = json.loads(uv("pip", "list", "--python", PYTHON, "--format", "json", "--quiet"))
    return {canonicalize_name(one["name"]): Version(one["version"]) for one in listed}


def passes(tests: Sequence[str]) -> bool:
    """Whether these tests pass in that environment; their output goes to stderr."""
    print(f"$ pytest {' '.join(tests)}", file=sys.stderr, flush=True)
    path = f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    command = [str(PYTHON), "-m", "pytest", *QUICK, *tests]
    done = subprocess.run(command, cwd=TOP, env={**os.environ, "PATH": path}, stdout=sys.stderr)
    return done.returncode == 0


def main(only: Sequence[str]) -> int:
    """Test every newer package, or those of ``only`` even at the locked version."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = bounds(project, (TOP / "requirements-dev.lock").read_text(encoding="utf-8"))
    if unknown := set(only) - known.keys():
        sys.exit(f"error: expected names among {', '.join(known)}, got {', '.join(unknown)}")
    newest = install(project)
    results: dict[tuple[str, ...], bool] = {}
    table = Table("package", "locked", "bound", "newest", "result")
    bad = False
    for name, bound in known.items():
        tried = name in only or (not only and newest[name] > bound.locked)
        passed = None
        if tried:
            tests = TESTS[name]
            passed = results[tests] if tests in results else passes(tests)
            results[tests] = passed
        verdict = bound.verdict(newest[name], passed)
        bad |= passed is False and newest[name] < bound.ceiling
        table.add_row(name, str(bound.locked), f"<{bound.ceiling}", str(newest[name]), verdict)
    Console(width=100).print(table)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
