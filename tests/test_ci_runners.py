"""What stands for the runners of GitHub and GitLab in the tests of docs/ci.md."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ci_jobs import git
from github_jobs import GitHubMachine, run_workflow
from gitlab_jobs import GitLabMachine, run_pipeline

WORKFLOW = """
env: {NAME: "${{ vars.NAME }}"}
jobs:
  build:
    steps:
      - uses: actions/checkout@v4
      - uses: actions/cache@v4
        with:
          path: .cache
          key: k-${{ hashFiles('lock') }}-${{ github.run_id }}
          restore-keys: k-
      - run: |
          mkdir -p .cache made/empty
          cat .cache/count >> made/before || true
          echo "$NAME" >> .cache/count
          touch made/.hidden
      - run: test "$NAME" != wrong
      - run: touch made/last
      - uses: actions/upload-artifact@v4
        if: ${{ !cancelled() }}
        with: {name: made, path: made}
  release:
    if: ${{ github.event_name == 'push' && github.ref == 'refs/heads/main' }}
    needs: build
    steps:
      - uses: actions/download-artifact@v4
        with: {name: made, path: got}
      - env: {SECRET: "${{ secrets.S }}"}
        run: test -e got/last && test ! -e got/.hidden && test ! -e lock && echo "$SECRET"
"""
PIPELINE = """
stages: [one, two]
default:
  before_script: [export BEFORE=1]
variables: {PLACE: $CI_PROJECT_DIR/.cache}
.kept:
  cache: {key: {files: [lock]}, when: always, paths: [.cache]}
build:
  extends: .kept
  stage: one
  script:
    - mkdir -p "$PLACE" && echo "$BEFORE" >> "$PLACE/count" && cp "$PLACE/count" made
    - test "$NAME" != wrong
    - touch last
  artifacts: {when: always, paths: [made, last]}
release:
  stage: two
  rules: [{if: $BRANCH == $MAIN}]
  script: [test -e last && false | true || echo ended]
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "lock").write_text("1")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")
    return folder


def test_github(repository: Path, tmp_path: Path) -> None:
    machine = GitHubMachine(tmp_path / "m", repository, {"NAME": "a"}, {"S": "hush"})
    (tmp_path / "m/run-1/release/work").mkdir(parents=True)  # without a checkout
    ran = run_workflow(machine, yaml.safe_load(WORKFLOW))
    assert {name: job.code for name, job in ran.items()} == {"build": 0, "release": 0}
    assert ran["release"].steps[0].output == "hush\n"
    machine.variables, machine.event = {"NAME": "wrong"}, "pull_request"
    again = run_workflow(machine, yaml.safe_load(WORKFLOW))
    assert [*again] == ["build"]
    assert [step.code for step in again["build"].steps] == [0, 1]
    kept = {path.name: path for path in machine.artifacts["made"].iterdir()}
    assert kept.keys() == {"before"}
    assert kept["before"].read_text() == "a\n"  # from the cache


def test_gitlab(repository: Path, tmp_path: Path) -> None:
    machine = GitLabMachine(tmp_path / "m", repository, {"NAME": "a", "BRANCH": "x", "MAIN": "x"})
    ran = run_pipeline(machine, yaml.safe_load(PIPELINE))
    assert {name: job.code for name, job in ran.items()} == {"build": 0, "release": 0}
    assert ran["release"].steps[0].output == "ended\n"  # pipefail
    machine.variables = {**machine.variables, "NAME": "wrong"}
    again = run_pipeline(machine, yaml.safe_load(PIPELINE))
    assert {name: job.code for name, job in again.items()} == {"build": 1}
    made = tmp_path / "m/pipeline-2/artifacts/build"
    assert [path.name for path in made.iterdir()] == ["made"]
    assert (made / "made").read_text() == "1\n1\n"  # from the cache
    machine.variables = {**machine.variables, "NAME": "a", "BRANCH": "other"}
    assert [*run_pipeline(machine, yaml.safe_load(PIPELINE))] == ["build"]
