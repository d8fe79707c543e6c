"""The commands of the pages, run one after the other in a folder with packages and data."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import joblib
import lightgbm
import numpy as np
import pandas as pd
import pytest
import requests
import warm_processes
from command import NO_ENGINE, PACKAGE, Done, Package, ask, package, served
from docs_blocks import BLOCKS, Block, has_commands
from docs_commands import (
    OF_PAGES,
    as_here,
    commands,
    is_background,
    reason_absent,
    with_names,
)
from docs_parts import beside
from readers import fixed, matches, transcript
from real_prometheus import prometheus
from registries import registry
from running_trackers import running_tracker

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.server]
SECONDS = 1800
SHARED = ("home", "registry", "watching")
"""Folders of what runs beside all pages."""
EXIT_CODES = (0, 1)
"""1: a negative answer, such as drift; stderr says ``error:`` where a command failed."""


@dataclass(frozen=True)
class World:
    """A folder as the pages assume one."""

    folder: Path
    variables: dict[str, str]
    places: dict[str, str]

    def of_page(self, page: str, folder: Path) -> World:
        """A copy of the folder for a page, without what the pages before it wrote."""
        for path in self.folder.iterdir():
            if path.name in SHARED:
                continue
            if path.is_dir():
                image = path.name.endswith("-image")
                shutil.copytree(
                    path, folder / path.name, copy_function=os.link if image else shutil.copy2
                )
            else:
                shutil.copy2(path, folder / path.name)
        return replace(
            self,
            folder=folder / OF_PAGES[page].folder,
            variables={**self.variables},
            places={**self.places},
        )

    def run(self, command: str) -> Done:
        """Run a command of a page as typed; in a forked process, if it needs no shell."""
        words = shlex.split(command)
        if words[0] == "package" and not set("|<>;&$`") & set(command):
            return package(*words[1:], env=self.variables, cwd=self.folder)
        done = subprocess.run(
            command, shell=True, executable="/bin/bash", cwd=self.folder, env=self.variables,
            capture_output=True, text=True, check=False, timeout=SECONDS, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, command: str) -> str:
        """Start what serves, and stop it; the line with its address."""
        words = shlex.split(re.sub(r" --port \d+", "", command))
        settings = dict(one.split("=", 1) for one in words[: words.index("package")])
        process = warm_processes.package(
            [*words[words.index("package") + 1 :], "--port", "0"],
            {**self.variables, **settings},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder,
        )  # fmt: skip
        assert process.stdout is not None
        clock = threading.Timer(SECONDS, process.kill)
        clock.start()
        try:
            seen = []
            for line in process.stdout:
                seen.append(line)
                if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                    # A tracker asks for a login.
                    assert requests.get(address[0], timeout=SECONDS).status_code in (200, 401)
                    return line
            raise AssertionError(f"{command} ended:\n{''.join(seen)}")
        finally:
            clock.cancel()
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            process.wait(timeout=60)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, local_package: Package) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("pages")
    _write(folder, local_package)
    env = {**NO_ENGINE, "MODEL_STATE_DIR": "", "MODEL_PACKAGER_KEY_PASSWORD": "a-password"}
    with (
        served(local_package.reference, "--local", env=NO_ENGINE) as server,
        served(local_package.reference, "--local", env=NO_ENGINE) as replica,
        running_tracker(folder / "home" / "tracker") as tracker,
        registry(folder / "registry") as registered,
    ):
        _label(folder, server)
        jobs = {"starter": [server.removeprefix("http://")]}
        watching = folder / "watching"
        watching.mkdir()
        with prometheus(watching, jobs) as watched:
            watched.until("model_package_info")
            variables = {
                **{key: text for key, text in os.environ.items() if not key.startswith("MODEL_")},
                **{key: text for key, text in env.items() if text},
                "PATH": f"{PACKAGE.parent}:{os.environ['PATH']}",
                "XDG_DATA_HOME": str(folder / "home"),
                "MODEL_ISSUES_URL": tracker.url,
                "MODEL_ISSUES_TOKEN_FILE": str(tracker.token_file),
                "REGISTRY": "registry.example/team",
            }
            if cache := os.environ.get("MODEL_PACKAGER_CACHE"):
                variables["MODEL_PACKAGER_CACHE"] = cache
            places = {
                "SERVER": server,
                "REPLICA": replica,
                "TRACKER": tracker.url,
                "PROMETHEUS": watched.url,
                "LOCAL_REGISTRY": registered.host,
                "ROW_HASH": _suspicious(folder, variables),
            }
            for words in (("key", "release.key"), ("sign", "shop-image", "--key", "release.key")):
                signed = package(*words, env=variables, cwd=folder)
                assert signed.code == 0, signed.err
            yield World(folder, variables, places)


def _write(folder: Path, local: Package) -> None:
    """Two packages, their projects, and tables."""
    shutil.copytree(local.reference, folder / "shop-image", copy_function=os.link)
    for name in ("shop", "shop-next"):
        shutil.copytree(local.project, folder / name, ignore=shutil.ignore_patterns(".git"))
    settings = folder / "shop-next" / "package.toml"
    settings.write_text(settings.read_text().replace("max_iter = 50", "max_iter = 20"))
    made = package(
        *("build", folder / "shop-next", "--output", f"oci:{folder / 'next-image'}"), env=NO_ENGINE
    )
    assert made.code == 0, made.err
    visits = pd.read_csv(local.project / "data" / "visits.csv")
    visits.to_csv(folder / "visits.csv", index=False)
    new = visits.sample(300, random_state=1).reset_index(names="id")
    new.to_csv(folder / "new.csv", index=False)
    new.drop(columns="returned").to_csv(folder / "unlabelled.csv", index=False)
    new[["id", "returned"]].to_csv(folder / "late.csv", index=False)
    (folder / "arrived").mkdir()
    shutil.copy(folder / "new.csv", folder / "arrived" / "new.csv")
    (folder / "new.keys").write_text(f"1:{'QUFB' * 11}\n")
    (folder / "state").mkdir()
    columns = visits[["basket", "member"]].to_numpy(np.float64)
    trained = lightgbm.train(
        {"verbosity": -1, "num_threads": 1}, lightgbm.Dataset(columns, visits["visits"]), 3
    )
    trained.save_model(folder / "model.txt")
    visits[["basket", "member", "visits"]].to_csv(folder / "measures.csv", index=False)
    joblib.dump({"weights": columns[:3]}, folder / "model.joblib")
    for number in (1, 2, 3):
        visits.head(150 * number).to_csv(folder / "part.csv", index=False)
        words = ("data", "add", "part.csv", "--table", "diamonds", "-m", f"part {number}")
        assert package(*words, cwd=folder).code == 0


def _label(folder: Path, server: str) -> None:
    """Labels of predictions of the server, in ``labels.csv``."""
    rows = pd.read_csv(folder / "unlabelled.csv").drop(columns="id").head(3)
    status, answer = ask(
        f"{server}/predict", {"rows": rows.replace({np.nan: None}).to_dict("records")}
    )
    assert status == 200, answer
    lines = [f"{one['token']},no" for one in answer["predictions"]]
    (folder / "labels.csv").write_text("\n".join(["token,actual", *lines]) + "\n")


def _suspicious(folder: Path, variables: dict[str, str]) -> str:
    """The hash of the first row that the data check lists."""
    for verb in ("check", "issues"):
        done = package("data", verb, "shop", "--json", env=variables, cwd=folder)
        assert done.code in EXIT_CODES, done.err
    return re.findall(r"\b[0-9a-f]{16}\b", done.out)[0]


def test_every_page_is_known_here() -> None:
    pages = {block.page for block in BLOCKS if has_commands(block)}
    assert OF_PAGES.keys() <= pages, OF_PAGES.keys() - pages


@pytest.mark.parametrize("page", OF_PAGES)
def test_the_commands_of_a_page_run(
    world: World, page: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    world, wrong = world.of_page(page, tmp_path), []
    with beside(page, tmp_path, request) as parts:
        world.variables.update(parts.variables)
        world.places.update(parts.places)
        for block in BLOCKS:
            if block.page == page and has_commands(block):
                wrong += [f"{page}:{block.line}: {fault}" for fault in faults(world, page, block)]
    assert not wrong, "\n".join(wrong)


def faults(world: World, page: str, block: Block) -> Iterator[str]:
    """The commands of a block that fail, or print something else than it shows."""
    shown = dict(transcript(block.text.replace("\\\n", " ")))
    for written in commands(block.text):
        if reason_absent(page, written) or not written.strip():
            continue
        command = as_here(page, written, world.places)
        if is_background(command):
            world.start(command)
            continue
        if variables := re.fullmatch(r"export (.*)", command):
            world.variables.update(one.split("=") for one in variables[1].split())
            continue
        done = world.run(command)
        if done.code not in EXIT_CODES or re.search(r"^error:", done.err, re.MULTILINE):
            yield f"{command}\n{done.code} {done.err[-900:]}"
        said = fixed(with_names(page, shown.get(written, ""), world.places))
        if said and not matches(said, fixed(done.out.replace(f"{world.folder}/", ""))):
            yield f"{command} printed\n{done.out}"
