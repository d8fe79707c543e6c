"""What a page assumes beside the folder of all pages: a database, a forge, an earlier replay."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest
from command import NO_ENGINE, PACKAGE, Package, package
from docs_blocks import TOP
from fake_forges import TOKEN, fake_forge
from peer_environments import UV
from postgres_servers import USER, postgres_server
from real_prometheus import alertmanager

ALERTS = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
ROWS_OF_A_UNIT = 100


@dataclass(frozen=True)
class Beside:
    """Names in capitals → addresses and files, and variables of the environment."""

    places: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


Part = Callable[[Path, pytest.FixtureRequest], AbstractContextManager[Beside]]


@contextmanager
def _forges(folder: Path, _: pytest.FixtureRequest) -> Iterator[Beside]:
    with fake_forge("github") as (github, _), fake_forge("gitlab") as (gitlab, _):
        for name in ("github", "gitlab"):
            (folder / f"{name}.token").write_text(TOKEN, encoding="utf-8")
        (folder / "old.csv").write_bytes((folder / "visits.csv").read_bytes())
        yield Beside({"GITHUB": github, "GITLAB": gitlab})


@contextmanager
def _service(folder: Path, _: pytest.FixtureRequest) -> Iterator[Beside]:
    """A database, an Alertmanager, and the queries of ``deploy monitoring``."""
    done = package("deploy", "monitoring", "shop-image", "--output", "watch", cwd=folder)
    assert done.code == 0, done.err
    assert (folder / "watch" / "issues").is_dir()
    (folder / "alerts.yml").write_text(ALERTS, encoding="utf-8")
    with alertmanager(folder, folder / "alerts.yml") as alerts, postgres_server() as socket:
        database = f"postgresql:///issues?host={socket}&user={USER}"
        places = {"ALERTMANAGER": f"http://{alerts}", "POSTGRES": database}
        yield Beside(places, {"PGHOST": socket, "PGUSER": USER})


@contextmanager
def _table_in_units(folder: Path, _: pytest.FixtureRequest) -> Iterator[Beside]:
    frame = pd.read_csv(folder / "visits.csv").reset_index(names="id")
    frame.to_parquet(folder / "rows.parquet", index=False, row_group_size=ROWS_OF_A_UNIT)
    yield Beside()


@contextmanager
def _replayed(folder: Path, _: pytest.FixtureRequest) -> Iterator[Beside]:
    """A report that can be signed, and no key yet."""
    words = ("replay", "shop-image", "--local", "--json-file", "replay.json")
    done = package(*words, env=NO_ENGINE, cwd=folder)
    assert done.code == 0, done.err
    for name in ("release.key", "release.key.pub"):
        (folder / name).unlink()
    yield Beside()


@contextmanager
def _other_data(folder: Path, _: pytest.FixtureRequest) -> Iterator[Beside]:
    """A package of the same project, of which one value of the data differs."""
    table = folder / "shop" / "data" / "visits.csv"
    frame = pd.read_csv(table)
    frame.loc[frame["basket"].first_valid_index(), "basket"] += 1
    frame.to_csv(table, index=False)
    done = package(
        "build", folder / "shop", "--output", f"oci:{folder / 'other-image'}", env=NO_ENGINE
    )
    assert done.code == 0, done.err
    yield Beside()


@contextmanager
def _solution(folder: Path, request: pytest.FixtureRequest) -> Iterator[Beside]:
    solution: Package = request.getfixturevalue("local_solution")
    yield Beside({"CLAIMS": solution.reference})


def environment(folder: Path) -> dict[str, str]:
    """The variables of somebody who is in a virtual environment of their own, with pip."""
    done = subprocess.run(
        [str(UV), "venv", "--quiet", "--seed", str(folder / "own")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    path = f"{folder / 'own/bin'}:{PACKAGE.parent}:{os.environ['PATH']}"
    return {"PATH": path, "VIRTUAL_ENV": str(folder / "own")}


@contextmanager
def _pip(folder: Path, _: pytest.FixtureRequest) -> Iterator[Beside]:
    yield Beside(variables=environment(folder))


@contextmanager
def _clone(folder: Path, _: pytest.FixtureRequest) -> Iterator[Beside]:
    """A clone of this repository, with its last commit."""
    subprocess.run(["git", "clone", "--quiet", TOP, folder / "clone"], check=True)
    yield Beside(variables=environment(folder))


def _example(name: str) -> Part:
    @contextmanager
    def part(folder: Path, request: pytest.FixtureRequest) -> Iterator[Beside]:
        ignored = shutil.ignore_patterns("data", "*.lock.json", "*.build.json")
        shutil.copytree(TOP / "examples" / name, folder / name, ignore=ignored)
        places = {}
        if name == "claims":
            solution: Package = request.getfixturevalue("local_solution")
            places = {"CLAIMS": solution.reference}
        yield Beside(places, environment(folder) if name == "diamonds" else {})

    return part


EXAMPLES = ("claims", "diamonds", "digits", "frameworks")
PARTS: dict[str, Part] = {
    **{f"examples/{name}/README.md": _example(name) for name in EXAMPLES},
    "CONTRIBUTING.md": _clone,
    "docs/issues.md": _forges,
    "docs/issues-service.md": _service,
    "docs/new-data.md": _pip,
    "docs/package-diff.md": _other_data,
    "docs/replay.md": _solution,
    "docs/scoring.md": _table_in_units,
    "docs/signing.md": _replayed,
}
"""Page → what is beside the folder while its commands run."""


@contextmanager
def beside(page: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Beside]:
    """What a page needs, while the block runs."""
    if page not in PARTS:
        yield Beside()
        return
    with PARTS[page](folder, request) as parts:
        yield parts
