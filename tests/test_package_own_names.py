"""A solution whose members and flow have modules named as this program's own packages."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from command import NO_ENGINE, Package, ask, package, served
from solution_projects import FLOW, LENGTH, LENGTH_RECIPE, MOOD, write_solution_projects

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.long]
OWN = """
import packager
from monitoring.watch import NAME

assert (NAME, packager.NAME) == ("own", "own")
"""


def renamed(folder: Path) -> Path:
    """The projects of ``folder``; both members have a module ``serving``, and so has the flow."""
    solution = write_solution_projects(folder)
    for name, text in {LENGTH: LENGTH_RECIPE, MOOD: None, solution.name: FLOW}.items():
        project = folder / name
        toml = project / "package.toml"
        (old,) = project.glob("*.py")
        text = text or old.read_text()
        future, _, rest = text.partition('"""\n')
        (project / "serving.py").write_text(f'{future}"""\n{OWN}{rest}')
        toml.write_text(toml.read_text().replace(f'"{old.stem}:', '"serving:'))
        old.unlink()
        (project / "packager.py").write_text('NAME = "own"\n')
        (project / "monitoring").mkdir()
        (project / "monitoring" / "__init__.py").touch()
        (project / "monitoring" / "watch.py").write_text('NAME = "own"\n')
    return solution


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder = tmp_path_factory.mktemp("named")
    solution, image = renamed(folder), folder / "image"
    done = package("build", solution, "--output", f"oci:{image}", "--json", env=NO_ENGINE)
    assert done.code == 0, done.err
    return Package(str(image), solution, json.loads(done.out))


def test_it_serves(named: Package) -> None:
    rows = pd.read_csv(named.project / "data" / "rows.csv").head(3)
    with served(named.reference, "--local", env=NO_ENGINE) as url:
        status, answer = ask(f"{url}/predict", {"rows": rows.to_dict("records")})
    assert (status, len(answer["predictions"])) == (200, 3)


def test_it_replays(named: Package, tmp_path: Path) -> None:
    done = package("replay", named.reference, "--local", env=NO_ENGINE, cwd=tmp_path)
    assert done.code == 0, done.err
    assert "replay: passed" in done.out


def test_it_is_tested_and_scores(named: Package, tmp_path: Path) -> None:
    data = named.project / "data" / "rows.csv"
    where = ("--data", data, "--local")
    done = package("test", named.reference, *where, "--output", tmp_path / "tested", env=NO_ENGINE)
    assert done.code == 0, done.err + done.out
    done = package("score", named.reference, *where, "--output", tmp_path / "scores", env=NO_ENGINE)
    assert done.code == 0, done.err
    assert f"{len(pd.read_csv(data))} rows in 1 parts" in done.err + done.out


def test_one_member_alone_is_a_package_too(named: Package, tmp_path: Path) -> None:
    image = tmp_path / "image"
    member = named.project.parent / MOOD
    done = package("build", member, "--output", f"oci:{image}", env=NO_ENGINE)
    assert done.code == 0, done.err
    done = package(
        "predict", image, "--data", member / "data" / "rows.csv", "--local", env=NO_ENGINE
    )
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 600
