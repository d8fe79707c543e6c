"""The documents on the pages are taken by what reads them: TOML, YAML, and answers in JSON."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs_blocks import BLOCKS, Block, named_tests, of
from jsonschema_rs import Draft202012Validator
from serving_helpers import make_manifest

from modelhost.solution.member_urls import parse_urls
from packager.environment.project_index import index_pins
from packager.errors import PackageError
from packager.manifest.manifest import Column, Schema, Serve
from packager.manifest.outputs import Output
from packager.project.config import Project, load_project
from packager.solutions.flow_check import check_names
from packager.solutions.flow_code import FlowCode
from packager.tracker.notify.config import read_config
from packager.trust.keys import create_key
from packager.trust.policy import TrustPolicy, keys_of
from serving.openapi import answers

OTHER_READERS = {
    "docs/issues.md": "the tracker's --config",
    "docs/signing.md": "MODEL_PACKAGER_TRUST",
    "docs/labels.md": "tests/test_docs_blocks.py::test_the_commands_of_labels_md_run",
    "examples/frameworks/README.md": "tests/test_docs_settings.py"
    "::test_pytorch_is_bound_to_the_index_of_a_pyproject",
    "docs/tutorial.md": "tests/test_docs.py"
    "::test_the_files_of_the_tutorial_are_a_project_with_the_rows_that_it_names",
}
"""Page → the reader of its TOML, where that isn't ``package.toml``, or the test that runs it."""
PROJECTS = [block for block in of("toml") if block.page not in OTHER_READERS]
COMPLETE: dict[str, Any] = {
    "package": {"name": "shown", "version": "1.0.0", "task": "classification"},
    "data": {"source": "data.csv", "target": "price"},
    "recipe": {"train": "train:train"},
}
"""What a page leaves out of ``package.toml``."""
ELSEWHERE = {
    "docs/ci.md": "tests/test_ci_docs.py::test_the_files_are_valid_by_the_published_schemas",
    "docs/sagemaker.md": (
        "tests/test_package_platforms.py::test_azure_asks_the_paths_that_its_configuration_names"
    ),
    "docs/shadow.md": (
        "tests/packager/deploy/prometheus/test_shadow_rules.py"
        "::test_the_template_for_argo_reads_the_recorded_series"
    ),
    "docs/issues-service.md": "tests/test_docs_settings.py::test_prometheus_takes_the_job",
}
"""Page → the test that reads its YAML."""


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """A document with the tables that every ``package.toml`` has."""
    whole = {name: {**table, **document.get(name, {})} for name, table in COMPLETE.items()}
    whole |= {name: table for name, table in document.items() if name not in whole}
    if "outputs" in document:
        whole["package"].pop("task", None)
        if "target" not in document.get("data", {}):
            whole["data"].pop("target")
    if {"model", "member"} & document.keys():
        whole.pop("recipe")
    if "classes" not in document.get("serve", {}) and "model" in document:
        whole["package"].setdefault("task", "regression")
        if "outputs" in document:
            whole["package"].pop("task")
    return whole


def inline(value: Any) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)} = {inline(one)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


def entrypoints(value: Any) -> Iterator[str]:
    """Every ``module:name`` in a document."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from entrypoints(part)
    elif isinstance(value, str) and re.fullmatch(r"[a-z_]+:\w+", value):
        yield value


def written(folder: Path, document: dict[str, Any]) -> Path:
    """A project with this ``package.toml`` and the files that it names."""
    lines = [f"{json.dumps(key)} = {inline(value)}\n" for key, value in document.items()]
    (folder / "package.toml").write_text("".join(lines), encoding="utf-8")
    data, model = document.get("data", {}), document.get("model", {})
    requirements = document.get("requirements", {}).get("file", "requirements.txt")
    names = [data.get("source"), model.get("path"), requirements]
    names += [one["package"] for one in document.get("member", []) if one["package"][0] == "."]
    for name in filter(None, names):
        if name.startswith("delta:"):
            table = folder / name.removeprefix("delta:").partition("@")[0] / "_delta_log"
            table.mkdir(parents=True)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
    for module, function in (one.split(":") for one in sorted({*entrypoints(document)})):
        with (folder / f"{module}.py").open("a", encoding="utf-8") as file:
            file.write(f"def {function}(*values, **more): ...\n")
    return folder


def loaded(folder: Path, text: str) -> Project:
    """The project that ``text``, completed, describes."""
    return load_project(written(folder, completed(tomllib.loads(text))))


def named(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.mark.parametrize("block", PROJECTS, ids=named)
def test_package_toml_takes_the_block(block: Block, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    project = loaded(folder, block.text)
    assert project.package.name


def test_the_flow_of_solutions_asks_members_that_its_package_toml_has() -> None:
    page = "docs/solutions.md"
    [document] = [tomllib.loads(one.text) for one in of("toml") if one.page == page]
    [flow] = [one.text for one in of("python") if one.page == page]
    [urls] = [one.text for one in of("sh") if one.page == page and "MEMBER_URLS" in one.text]
    members = [one["name"] for one in document["member"]]
    code = FlowCode.parse(flow, document["package"]["flow"].partition(":")[2])
    assert code is not None
    check_names("flow.py", code, members)
    assert parse_urls(urls.strip().partition("=")[2]).keys() <= {*members}


@pytest.mark.parametrize("page", ["docs/package-toml.md", "examples/frameworks/README.md"])
def test_pytorch_is_bound_to_the_index_of_a_pyproject(page: str, tmp_path: Path) -> None:
    [text] = [one.text for one in BLOCKS if one.page == page and "[[tool.uv.index]]" in one.text]
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    pins = index_pins(tmp_path, {tmp_path / "requirements.txt": "torch==2.9.0\nnumpy\n"})
    assert pins is not None
    assert pins.sources == {"torch": {"index": "pytorch-cpu"}}
    assert [(one["name"], one["explicit"]) for one in pins.indexes] == [("pytorch-cpu", True)]


def test_a_key_that_package_toml_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"unknown key `serve\.clases`"):
        loaded(tmp_path, '[serve]\nclases = ["no", "yes"]\n')


def test_the_tracker_takes_its_settings(tmp_path: Path) -> None:
    [block] = [block for block in of("toml") if block.page == "docs/issues.md"]
    file = tmp_path / "issues.toml"
    for name in ("webhook", "mail"):
        (tmp_path / name).write_text("a secret", encoding="utf-8")
    text = block.text.replace("/run/secrets/", f"{tmp_path}/")
    file.write_text(text, encoding="utf-8")
    read = read_config(file)
    assert read.webhook is not None
    assert read.mail is not None
    assert read.proxy is not None
    assert set(tomllib.loads(block.text)) == set(type(read).model_fields)


def test_the_policy_of_a_machine_is_read(tmp_path: Path) -> None:
    [block] = [block for block in of("toml") if block.page == "docs/signing.md"]
    for name in ("release", "team"):
        create_key(tmp_path / f"{name}.key", b"")
    (tmp_path / "trust.toml").write_text(block.text, encoding="utf-8")
    policy = TrustPolicy.load(tmp_path / "trust.toml")
    assert policy.mode == "enforce"
    assert [len(keys_of(rule)) for rule in policy.rule] == [1, 2]


def test_every_page_with_yaml_has_a_reader() -> None:
    assert {block.page for block in of("yaml")} == ELSEWHERE.keys()
    assert [page for page, test in ELSEWHERE.items() if not named_tests(test)] == []


@pytest.fixture
def of_the_service() -> tuple[dict[str, Any], dict[str, Any]]:
    """Both documents of docs/issues-service.md: Alertmanager's and Prometheus's."""
    first, second = (yaml.safe_load(one.text) for one in of("yaml") if "issues-s" in one.page)
    return first, second


def _token_here(text: str, folder: Path) -> str:
    (folder / "token").write_text("a token", encoding="utf-8")
    return re.sub(r"credentials_file: \S+", f"credentials_file: {folder / 'token'}", text)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("amtool") is None, reason="there is no amtool")
def test_alertmanager_takes_the_receiver(of_the_service: tuple[Any, Any], tmp_path: Path) -> None:
    document = {"route": {"receiver": "issues"}, **of_the_service[0]}
    _checked("amtool", "check-config", document, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool")
def test_prometheus_takes_the_job(of_the_service: tuple[Any, Any], tmp_path: Path) -> None:
    _checked("promtool", "check config", of_the_service[1], tmp_path)


def _checked(program: str, words: str, document: dict[str, Any], folder: Path) -> None:
    """A program takes a document, and refuses it with a key that nobody knows."""
    file = folder / "config.yml"
    for more, code in (({}, 0), ({"unknown_key": 1}, 1)):
        text = yaml.safe_dump({**document, **more}, sort_keys=False)
        file.write_text(_token_here(text, folder), encoding="utf-8")
        done = subprocess.run(
            [program, *words.split(), file], capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr


ANSWERS = {
    "docs/outputs.md": (
        Output(name="demand", kind="quantiles", levels=(0.1, 0.5, 0.9), shape=(3,)),
    ),
    "docs/protocols.md": (
        Output(name="price", kind="quantiles", levels=(0.1, 0.9)),
        Output(name="tags", kind="labels", classes=("new", "red", "used")),
    ),
}
"""Page → the outputs of the package whose answer it shows."""


@pytest.mark.parametrize("page", ANSWERS)
def test_an_answer_in_json_is_one_of_its_outputs(page: str) -> None:
    [answer] = [json.loads(block.text) for block in of("json") if block.page == page]
    outputs = ANSWERS[page]
    serve = Serve(predictor="auto", compile="off", workers=1, strict=False, outputs=outputs)
    column = Column(name="x", kind="number", dtype="float64", nullable=False)
    schema = Schema(features=(column,), outputs=outputs)
    manifest = make_manifest(schema, serve=serve, task="outputs")
    Draft202012Validator(answers.prediction(manifest)).validate(answer["prediction"])
    shares = answers.probabilities(manifest, None)
    if shares is None or "probabilities" not in answer:
        assert "probabilities" not in answer
    else:
        Draft202012Validator(shares).validate(answer["probabilities"])
    changed = {**answer["prediction"], "other": 1}
    assert not Draft202012Validator(answers.prediction(manifest)).is_valid(changed)


def test_every_document_in_json_has_a_reader() -> None:
    stream = "tests/test_stream_docs.py::test_the_client_of_the_page_is_answered_by_a_model_host"
    assert {one.page for one in of("json")} == {*ANSWERS, "docs/model-host-stream.md"}
    assert named_tests(stream)
