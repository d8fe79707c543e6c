"""``make release``: builds sdist and wheel, checks them, tries the wheel alone, writes ``dist/``.

With ``--rehearsal`` all of it, but the changelog needs no date and the tag may exist. It uploads
and tags nothing.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import uv
from release_parts import artefacts, bill, installed, rules

from packager.digest import sha256_file

TOP = Path(__file__).resolve().parent.parent
DIST = TOP / "dist"
CHECKERS = (
    ("twine==6.2.0", ("twine", "check", "--strict")),
    (
        "check-wheel-contents==0.6.3",
        ("check-wheel-contents", "--toplevel", "modelhost,monitoring,packager,serving"),
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rehearsal", action="store_true", help="before the version is decided")
    parser.add_argument("--python", action="append", help="try this version, again for each")
    parser.add_argument("--no-demo", action="store_true", help="leave the demo out")
    chosen = parser.parse_args()
    started = time.monotonic()
    version = check_tree(rehearsal=chosen.rehearsal)
    pythons = {wanted: interpreter(wanted) for wanted in chosen.python or ("3.11", "3.13")}
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        work = Path(name)
        sdist, wheel = artefacts.built_twice(TOP, work, git("log", "-1", "--format=%ct").strip())
        say(f"{sdist.name}, {wheel.name}: two builds are equal")
        check_contents(sdist, wheel, version)
        sources = work / "sources.tar"
        git("archive", "--output", str(sources), "HEAD")
        for python, program in pythons.items():
            programs = installed.install(
                wheel, program, work / f"env-{python}", TOP / "requirements-dev.lock"
            )
            installed.check_program(programs, work / f"empty-{python}", version)
            say(f"Python {python}: installed, `package` runs")
            if not chosen.no_demo and python == next(iter(pythons)):
                began = time.monotonic()
                installed.run_demo(programs, sources, work / f"demo-{python}")
                say(f"Python {python}: the demo ran in {time.monotonic() - began:.0f} s")
        first = next(iter(pythons))
        write(sdist, wheel, work / f"env-{first}" / "bin" / "python", first)
    say(f"dist/ is complete after {time.monotonic() - started:.0f} s; next: docs/releases.md")


def check_tree(*, rehearsal: bool) -> str:
    """The version to release; exits if the tree is not one."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = str(project["version"])
    stop_for(
        [
            *rules.version_faults(version),
            *rules.changelog_faults(
                (TOP / "CHANGELOG.md").read_text(encoding="utf-8"), version, rehearsal=rehearsal
            ),
            *rules.tree_faults(
                git("status", "--porcelain"),
                git("tag", "--list").split(),
                version,
                rehearsal=rehearsal,
            ),
        ]
    )
    return version


def interpreter(version: str) -> str:
    found = installed.find_python(version)
    if found is None:
        sys.exit(
            f"error: expected Python {version} on this machine, got none\n"
            f"hint: install it, or try others: make release ARGUMENTS='--python 3.11'"
        )
    return found


def check_contents(sdist: Path, wheel: Path, version: str) -> None:
    tracked = git("ls-files", "--", *rules.ROOMS).split("\n")[:-1]
    stop_for(
        [
            *rules.wheel_faults(artefacts.names_in_wheel(wheel), tracked),
            *rules.sdist_faults(artefacts.names_in_sdist(sdist), tracked),
            *rules.metadata_faults(artefacts.metadata_of(wheel), version),
        ]
    )
    for package, command in CHECKERS:
        files = [wheel] if command[0] != "twine" else [sdist, wheel]
        done = subprocess.run(
            [uv.find_uv_bin(), "tool", "run", "--quiet", "--from", package, *command, *files],
            capture_output=True, text=True, check=False, cwd=wheel.parent,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"error: {command[0]}: {done.stdout}{done.stderr}")
    say("contents and metadata are right")


def write(sdist: Path, wheel: Path, python: Path, version: str) -> None:
    """Write ``dist/`` with checksums and bill of materials."""
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    for path in (sdist, wheel):
        shutil.copyfile(path, DIST / path.name)
    digest = sha256_file(wheel)
    content = bill.bill(bill.metadata_in(python), wheel.name, digest, version)
    (DIST / f"{wheel.name.partition('-py3')[0]}.cdx.json").write_bytes(content)
    sums = [f"{sha256_file(path)}  {path.name}\n" for path in sorted(DIST.iterdir())]
    (DIST / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=TOP, capture_output=True, text=True, check=True
    ).stdout


def stop_for(faults: list[str]) -> None:
    if faults:
        sys.exit("\n".join(f"error: {fault}" for fault in faults))


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
