"""The pipelines of docs/ci.md run for real: every line of every job, up to a verified push.

GitHub's and GitLab's own runners can't be had here; ``github_jobs`` and ``gitlab_jobs`` do what
those do between the lines: clones, conditions, caches and artifacts.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from ci_jobs import JobRun, environment, git, run_script, seed_cache, trust_registry
from ci_page import IGNORED, JOBS, PAGE, RELEASE
from command import NO_ENGINE, package
from github_jobs import GitHubMachine, run_workflow
from gitlab_jobs import GitLabMachine, run_pipeline
from old_interpreters import installed_python
from registries import PASSWORD, USER, StartedRegistry, docker_config, login, registry

from packager.engine.engine import Engine
from packager.image.base.base import find_base
from packager.image.reference import open_reference

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.network, pytest.mark.engine]

TOP = Path(__file__).parent.parent
BUILD = "import sys; from hatchling import build; print(build.build_wheel(sys.argv[1]))"
KEY_PASSWORD = "of-the-key-5d1f6b"  # in no file of a library
ACCOUNT = (USER, PASSWORD)
DOCUMENTED = dict(
    re.findall(r"^\| `package (\w+)` \|[^|]*\|([^|]*)\|$", PAGE, re.MULTILINE),
)
"""The last column of the table of exit codes."""


@dataclass
class Prepared:
    """What the page tells to prepare: a repository, a program, a key and a registry."""

    folder: Path
    repository: Path
    program: Path
    key: Path
    registry: StartedRegistry

    @property
    def commit(self) -> str:
        return git(self.repository, "rev-parse", "HEAD")

    def user(self) -> dict[str, str]:
        """Variables of a user of the registry."""
        return self.registry.variables(self.folder / "user")


@pytest.fixture(scope="module")
def prepared(
    tmp_path_factory: pytest.TempPathFactory, base: str, engine: Engine
) -> Iterator[Prepared]:
    saved = find_base(base, engine.platform, engine)
    assert saved is not None
    saved.in_engine()  # jobs have caches of their own, and take the base from the engine
    folder = tmp_path_factory.mktemp("ci")
    command = [sys.executable, "-c", BUILD, str(folder)]
    made = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
    project, key = folder / "shop", folder / "release.key"
    assert package("init", project).code == 0
    with (project / "package.toml").open("a") as file:
        file.write(f'\n[image]\nbase = "{base}"\n')
    rows = (project / "data" / "visits.csv").read_text().splitlines(keepends=True)
    (project / "new").mkdir()
    (project / "new" / "rows.csv").write_text("".join([rows[0], *rows[1::2]]))
    done = package("key", key, env={"MODEL_PACKAGER_KEY_PASSWORD": KEY_PASSWORD})
    assert done.code == 0, done.err
    shutil.copy(f"{key}.pub", project)
    for name, lines in IGNORED.items():
        (project / name).write_text(lines)
    git(project, "init", "--quiet", "--initial-branch", "main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "start")
    with registry(folder / "registry", secure=True, login=True) as running:
        yield Prepared(folder, project, folder / made.stdout.split()[-1], key, running)


def documented_fields(verb: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", DOCUMENTED[verb]))


def passed(ran: Mapping[str, JobRun]) -> None:
    for job in ran.values():
        assert job.code == 0, job.told()


def has_code_alone(folder: Path) -> None:
    """The image has no output of a job and no row of data in ``/code``."""
    with open_reference(str(folder), None) as reference:
        names = {entry.path for entry in reference.manifest.code}
    assert "train.py" in names
    assert not [name for name in names if name.endswith((".json", ".csv", ".xml"))]


def is_released(prepared: Prepared, outputs: Path, tmp_path: Path, repository: str) -> None:
    """The files of the jobs are what the page says, and what was pushed verifies from outside."""
    read = {name: json.loads((outputs / f"{name}.json").read_bytes()) for name in (
        "build", "replay", "verified", "sbom.cdx",
    )}  # fmt: skip
    for verb, name in (("build", "build"), ("replay", "replay"), ("verify", "verified")):
        assert documented_fields(verb) <= read[name].keys(), verb
    assert read["build"]["annotations"]["org.opencontainers.image.revision"] == prepared.commit
    assert (read["replay"]["passed"], read["verified"]["verified"]) == (True, True)
    assert read["sbom.cdx"]["bomFormat"] == "CycloneDX"
    assert json.loads((outputs / "tested" / "report.json").read_bytes())["verdict"] != "failed"
    assert (outputs / "tested" / "junit.xml").exists()
    reference = (outputs / "pushed").read_text().strip()
    host, _, digest = reference.partition("@")
    assert host == f"{prepared.registry.host}/{repository}"
    tag = read["build"]["tag"].rpartition(":")[2]
    assert {tag, f"{digest.replace(':', '-')}.sig"} <= {*prepared.registry.tags(repository)}
    assert prepared.registry.tags(f"{repository}-replay") == []  # the training data stay

    raw = subprocess.run(
        ["skopeo", "inspect", "--creds", f"{USER}:{PASSWORD}", "--cert-dir",
         str(prepared.registry.ca.parent), f"docker://{host}:{tag}"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert json.loads(raw.stdout)["Digest"] == digest
    required = ("--require", "provenance,sbom,replay")
    key = ("--key", f"{prepared.key}.pub")
    done = package("verify", reference, *key, *required, env=prepared.user())
    assert done.code == 0, done.err
    assert package("key", tmp_path / "o", env={"MODEL_PACKAGER_KEY_PASSWORD": ""}).code == 0
    refused = package("verify", reference, "--key", tmp_path / "o.pub", env=prepared.user())
    assert refused.code == 1


def keeps_no_secret(prepared: Prepared, *folders: Path) -> None:
    """No file that a job leaves, cache and artifact included, has a secret."""
    lines = prepared.key.read_text().splitlines()
    secrets = (KEY_PASSWORD, lines[1], login(*ACCOUNT)["auth"])
    texts = [text.encode() for text in secrets]
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                assert not any(text in content for text in texts), path


def github(prepared: Prepared) -> GitHubMachine:
    host = prepared.registry.host
    machine = GitHubMachine(
        prepared.folder / "github",
        prepared.repository,
        {"PROGRAM": str(prepared.program), "REGISTRY": f"{host}/of-github"},
        {
            "SIGNING_KEY": prepared.key.read_text(),
            "MODEL_PACKAGER_KEY_PASSWORD": KEY_PASSWORD,
            "REGISTRY_USER": USER,
            "REGISTRY_PASSWORD": PASSWORD,
        },
    )
    trust_registry(machine.home, host, prepared.registry.ca)
    earlier = machine.folder / "caches" / "earlier"
    seed_cache(earlier / ".cache" / "model-packager")
    machine.caches["package-of-an-earlier-run"] = earlier
    return machine


def gitlab(prepared: Prepared, name: str, **variables: str) -> GitLabMachine:
    host = prepared.registry.host
    machine = GitLabMachine(
        prepared.folder / name,
        prepared.repository,
        {
            "PROGRAM": str(prepared.program),
            "CI_REGISTRY": host,
            "CI_REGISTRY_IMAGE": f"{host}/{name}",
            "CI_REGISTRY_USER": USER,
            "CI_REGISTRY_PASSWORD": PASSWORD,
            "SIGNING_KEY": str(prepared.key),
            "MODEL_PACKAGER_KEY_PASSWORD": KEY_PASSWORD,
            "CI_COMMIT_BRANCH": "main",
            "CI_DEFAULT_BRANCH": "main",
            **variables,
        },
    )
    trust_registry(machine.home, host, prepared.registry.ca)
    for folder in (machine.cache_of_lock(b""), machine.home):
        seed_cache(folder / ".cache" / "model-packager")
    return machine


@contextmanager
def worse_data(repository: Path) -> Iterator[None]:
    """A branch on which the labels of the new data are swapped, so that the model fails on them."""
    rows = repository / "new" / "rows.csv"
    swapped = {"yes": "no", "no": "yes"}
    text = re.sub(r"\b(yes|no)$", lambda one: swapped[one[0]], rows.read_text(), flags=re.MULTILINE)
    git(repository, "checkout", "--quiet", "-b", "worse")
    rows.write_text(text)
    git(repository, "commit", "--quiet", "--all", "--message", "worse data")
    try:
        yield
    finally:
        git(repository, "checkout", "--quiet", "main")
        git(repository, "branch", "--quiet", "-D", "worse")


def test_the_workflow_of_github_releases_a_package(prepared: Prepared, tmp_path: Path) -> None:
    machine = github(prepared)
    ran = run_workflow(machine, JOBS["github"])
    passed(ran)
    assert [*ran] == ["build", "release"]
    outputs = tmp_path / "outputs"
    for name in ("reports", "released"):
        shutil.copytree(machine.artifacts[name], outputs, dirs_exist_ok=True)
    has_code_alone(machine.artifacts["packaged"])
    is_released(prepared, outputs, tmp_path, "of-github/model")
    assert "new data" in (machine.folder / "run-1/build/summary.md").read_text()
    keeps_no_secret(prepared, machine.folder / "caches", machine.folder / "run-1/artifacts")

    # Of a change whose new data the model fails the job ends there, and nothing is released.
    with worse_data(prepared.repository):
        machine.event, machine.ref = "pull_request", "refs/pull/1/merge"
        failed = run_workflow(machine, JOBS["github"])
    assert [*failed] == ["build"]
    steps = failed["build"].steps
    assert [step.code for step in steps] == [0, 0, 1], failed["build"].told()
    assert "cached" in steps[1].output  # from the cache of the first run
    kept = machine.artifacts["reports"]
    assert json.loads((kept / "tested" / "report.json").read_bytes())["verdict"] == "failed"
    assert "packaged" not in machine.artifacts


def python_of(base: str, engine: Engine) -> Path:
    """An interpreter of this machine of the base's full version, or the test is skipped."""
    told = "import platform; print(platform.python_version())"
    wanted = engine.output(base, ["python3", "-c", told]).strip()
    short = wanted.rpartition(".")[0]
    for python in (installed_python(short), Path(f"/usr/bin/python{short}")):
        if python is not None and python.exists():
            done = subprocess.run([python, "-c", told], capture_output=True, text=True, check=True)
            if done.stdout.strip() == wanted:
                return python
    pytest.skip(f"needs Python {wanted}, as {base} has it")


@pytest.fixture(scope="module")
def without_engine(prepared: Prepared, base: str, engine: Engine) -> Iterator[GitLabMachine]:
    """A runner without an engine, whose Python is that of the base in a registry."""
    if shutil.which("skopeo") is None:
        pytest.skip("needs skopeo")
    python = python_of(base, engine)
    with registry(prepared.folder / "bases") as bases:
        name = f"{bases.host}/library/python:3-slim"
        copy = ("skopeo", "copy", "--quiet", "--dest-tls-verify=false")
        subprocess.run([*copy, f"docker-daemon:{base}", f"docker://{name}"], check=True)
        machine = gitlab(prepared, "of-gitlab", BASE=name, **NO_ENGINE)
        programs = environment(prepared.folder / "python", python, str(prepared.program))
        machine.path = [programs / "bin"]
        yield machine


def test_the_pipeline_of_gitlab_releases_a_package_without_an_engine(
    prepared: Prepared, without_engine: GitLabMachine, tmp_path: Path
) -> None:
    machine = without_engine
    ran = run_pipeline(machine, JOBS["gitlab"])
    passed(ran)
    assert [*ran] == ["build", "test", "replay", "audit", "release"]
    outputs = tmp_path / "outputs"
    for name in ran:
        shutil.copytree(machine.folder / "pipeline-1/artifacts" / name, outputs, dirs_exist_ok=True)
    has_code_alone(outputs / "packaged")
    is_released(prepared, outputs, tmp_path, "of-gitlab/model")
    keeps_no_secret(prepared, machine.folder / "caches", machine.folder / "pipeline-1/artifacts")


def test_the_script_releases_a_package_without_an_engine(
    prepared: Prepared, without_engine: GitLabMachine, tmp_path: Path
) -> None:
    """With the cache of the pipeline before, if it ran."""
    machine, project, outputs = without_engine, tmp_path / "shop", tmp_path / "outputs"
    git(tmp_path, "clone", "--quiet", str(prepared.repository), str(project))
    outputs.mkdir()
    docker_config(machine.home / ".docker", {"auths": {prepared.registry.host: login(*ACCOUNT)}})
    caches = machine.folder.glob("caches/*/.cache/model-packager")
    variables = {
        **machine.job_variables(),
        "MODEL_PACKAGER_CACHE": str(next(caches, tmp_path / "cache")),
        "ON": "--local",
    }
    target = f"{prepared.registry.host}/by-script/model"
    (tmp_path / "release").write_text(RELEASE)
    release = shlex.join(
        ["sh", *map(str, (tmp_path / "release", project, project / "new", target, prepared.key))]
    )
    install = f"pip install --quiet {prepared.program}"
    step = run_script("release", [install, release], outputs, variables)
    assert step.code == 0, step.output
    is_released(prepared, outputs, tmp_path, "by-script/model")
    of_none = release.replace(str(project / "new"), "absent")
    wrong = run_script("release", [of_none], outputs, variables)
    assert (wrong.code, "absent" in wrong.output) == (2, True), wrong.output


def test_the_pipeline_of_gitlab_releases_a_package_by_an_engine(
    prepared: Prepared, tmp_path: Path
) -> None:
    machine = gitlab(prepared, "by-engine")
    ran = run_pipeline(machine, JOBS["gitlab with docker"])
    passed(ran)
    assert [*ran] == ["package", "release"]
    outputs = tmp_path / "outputs"
    for name in ran:
        shutil.copytree(machine.folder / "pipeline-1/artifacts" / name, outputs, dirs_exist_ok=True)
    has_code_alone(outputs / "packaged")
    is_released(prepared, outputs, tmp_path, "by-engine/model")

    with worse_data(prepared.repository):
        machine.variables = {**machine.variables, "CI_COMMIT_BRANCH": "worse"}
        failed = run_pipeline(machine, JOBS["gitlab with docker"])
    assert {name: job.code for name, job in failed.items()} == {"package": 1}
    kept = machine.folder / "pipeline-2/artifacts/package/tested"
    assert json.loads((kept / "report.json").read_bytes())["verdict"] == "failed"
    assert (kept / "junit.xml").exists()
