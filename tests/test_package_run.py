"""A built package in use: predictions, counters, replay, with and without a container."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import docker
import pandas as pd
import pytest
from command import NO_ENGINE, Package, ask, package, series, served
from opened_files import HASHING, LAYER, opened_for, watched
from rule_project import rule_project
from visit_rows import rows_of

from packager.engine.engine import Engine
from packager.engine.hardening import MAX_PROCESSES
from packager.image.reference import open_reference

LOCAL = pytest.param("local_package", NO_ENGINE, id="process")
CONTAINER = pytest.param("engine_package", {}, id="container", marks=pytest.mark.engine)
BOTH = pytest.mark.parametrize(("name", "env"), [LOCAL, CONTAINER])


def settled(url: str, rows: int) -> dict[str, float]:
    """Every series once all ``rows`` are counted: workers write a few times a second."""
    for _ in range(200):
        counted = series(url)
        total = (v for k, v in counted.items() if _is(k, "slice_predictions_total", "__all__"))
        if sum(total) >= rows:
            break
        time.sleep(0.1)
    return counted


def without_token(answer: dict[str, Any]) -> dict[str, Any]:
    """As ``predict`` answers; the compiled form may differ in the last bits of a number."""
    assert answer.pop("token")
    return {
        **answer,
        "probabilities": pytest.approx(answer["probabilities"], abs=1e-9),
    }


def place(env: dict[str, str]) -> list[str]:
    """Where no engine responds, a package runs only where it is asked to."""
    return ["--local"] if env.get("DOCKER_HOST") else []


@pytest.mark.slow
@BOTH
def test_served_answers_equal_the_model_and_counters_equal_what_was_sent(
    name: str, env: dict[str, str], request: pytest.FixtureRequest
) -> None:
    built: Package = request.getfixturevalue(name)
    rows = rows_of(built.project, 300)
    told = package(
        "predict",
        built.reference,
        "--data",
        built.project / "data/visits.csv",
        *place(env),
        env=env,
    )
    expected = [json.loads(line) for line in told.out.splitlines()][:300]
    with served(built.reference, *place(env), env=env) as url:
        answers = []
        for start in range(0, 300, 30):
            code, answer = ask(f"{url}/predict", {"rows": rows[start : start + 30]})
            assert code == 200
            assert answer["version"] == built.built["tag"].partition(":")[2]
            answers += answer["predictions"]
        assert [without_token(answer) for answer in answers] == expected
        assert ask(f"{url}/predict", {"rows": [{**rows[0], "visits": 1.5}]})[0] == 422
        assert ask(f"{url}/package")[1]["name"] == "starter"
        counted = settled(url, 300)
    total = {"__all__": 0.0, "channel=web": 0.0, "big basket": 0.0}
    for key, value in counted.items():
        for slice_name in total:
            if key.startswith("model_slice_predictions_total") and f'"{slice_name}"' in key:
                total[slice_name] += value
    web = sum(row["channel"] == "web" for row in rows)
    big = sum((row["basket"] or 0) >= 100 for row in rows)
    assert total == {"__all__": 300, "channel=web": web, "big basket": big}
    seen = sum(v for k, v in counted.items() if _is(k, "feature_observations_total", "basket"))
    missing = sum(v for k, v in counted.items() if _is(k, "feature_anomalies_total", "missing"))
    assert (seen, missing) == (300 - missing, sum(row["basket"] is None for row in rows))


@pytest.mark.slow
@BOTH
def test_replicas_that_share_key_and_state_score_each_others_tokens_once(
    name: str, env: dict[str, str], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    built: Package = request.getfixturevalue(name)
    keys = tmp_path / "feedback.keys"
    keys.write_text("1:" + base64.b64encode(b"k" * 32).decode() + "\n")
    keys.chmod(0o600)
    log = tmp_path / "odd" / "rows.jsonl"
    log.parent.mkdir()
    if os.getuid() == 0:  # a container that root starts is not root
        os.chown(keys, 65532, -1)
        os.chown(log.parent, 65532, -1)
    settings = {
        "MODEL_FEEDBACK_KEY_FILE": str(keys),
        "MODEL_STATE_DIR": str(tmp_path / "state"),
        "MODEL_FLAGGED_LOG": str(log),
        "MODEL_WORKERS": "1",
        **env,
    }
    rows = [{**row, "channel": "fax"} for row in rows_of(built.project, 10)]
    with (
        served(built.reference, *place(env), env=settings) as one,
        served(built.reference, *place(env), env=settings) as two,
    ):
        answers = ask(f"{one}/predict", {"rows": rows})[1]["predictions"]
        labels = [{"token": one["token"], "actual": one["prediction"]} for one in answers]
        scored = [ask(f"{url}/feedback", labels)[1] for url in (two, one, two)]
    assert [one["accepted"] for one in scored] == [10, 0, 0]
    assert {each["reason"] for one in scored[1:] for each in one["rejected"]} == {"duplicate"}
    assert len(log.read_text().splitlines()) == 10
    assert (tmp_path / "state" / "feedback.sqlite3").is_file()


def _is(series_name: str, metric: str, label: str) -> bool:
    return series_name.startswith(f"model_{metric}") and f'"{label}"' in series_name


@pytest.mark.engine
def test_a_server_in_a_container_has_no_privileges_and_all_it_needs(
    engine_package: Package, engine: Engine, tmp_path: Path
) -> None:
    settings = {"MODEL_STATE_DIR": str(tmp_path / "state"), "MODEL_WORKERS": "3"}
    with served(engine_package.reference, "--memory", "1g", env=settings) as url:
        port = url.rpartition(":")[2]
        every = docker.from_env().containers.list()
        (one,) = [c for c in every if port in str(c.attrs["NetworkSettings"]["Ports"])]
        told, limits = one.attrs["Config"], one.attrs["HostConfig"]
        assert ask(f"{url}/predict", {"rows": rows_of(engine_package.project, 5)})[0] == 200
        settled(url, 5)
        read = "print(open('/proc/1/status').read())"
        status = one.exec_run(["python", "-c", read]).output.decode()
    assert told["User"] != "0:0"
    assert (limits["CapDrop"], limits["CapAdd"]) == (["ALL"], None)
    assert limits["SecurityOpt"] == ["no-new-privileges"]
    assert limits["ReadonlyRootfs"]
    assert not limits["Privileged"]
    assert limits["PidsLimit"] == MAX_PROCESSES
    assert limits["Memory"] == limits["MemorySwap"] == 1 << 30
    assert {host["HostIp"] for ports in limits["PortBindings"].values() for host in ports} == {
        "127.0.0.1"
    }
    words = dict(re.findall(r"^(Cap\w+|NoNewPrivs|Uid):\s*(\w+)", status, re.MULTILINE))
    assert words.pop("NoNewPrivs") == "1"
    assert words.pop("Uid") != "0"
    assert set(words.values()) == {"0" * 16}


def test_memory_needs_a_container(local_package: Package) -> None:
    done = package("serve", local_package.reference, "--local", "--memory", "1g", env=NO_ENGINE)
    assert done.code == 2
    assert "--memory: expected a container, got a process of this machine" in done.err


@pytest.mark.slow
@BOTH
def test_a_replay_reaches_the_claimed_level_and_writes_its_report(
    name: str, env: dict[str, str], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    built: Package = request.getfixturevalue(name)
    report = ["--json-file", tmp_path / "replay.json"]
    done = package("replay", built.reference, *report, *place(env), env=env)
    assert done.code == 0, done.err
    assert "equivalence level: artifact (claimed: artifact, at build: artifact)" in done.out
    report = json.loads((tmp_path / "replay.json").read_text())
    assert report["passed"] is True
    assert report["comparison"]["label_flips"] == 0
    assert all(check["ok"] for check in report["checks"])
    isolation = report["environment_now"]["isolation"]
    assert isolation == ("process" if env else "container")
    told = report["isolation"]
    assert told["where"] == isolation
    assert f"  isolation: {isolation} ({told['measures']})\n" in done.out


@pytest.mark.long  # tests/packager/worker/replay perturbs, tests/packager/report has the page
def test_a_replay_with_another_seed_comes_out_lower_and_the_page_says_so(
    local_package: Package, tmp_path: Path
) -> None:
    page = tmp_path / "replay.html"
    done = package(
        "replay", local_package.reference, "--perturb", "seed", "--html", page,
        "--json-file", tmp_path / "replay.json", "--local", env=NO_ENGINE,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "perturbed: seed: 8 in place of 7: detected" in done.out
    assert ".random_state: largest difference" in done.out or ".random_state: 7, now 8" in done.out
    text = page.read_text(encoding="utf-8")
    assert '<p class="kind">Replay</p><h1>starter ' in text
    assert "perturbed: seed" in text
    assert "http:" not in text  # nothing is fetched
    assert "https:" not in text


@pytest.mark.long
def test_seeds_are_tried_kept_and_taken_into_the_next_build(
    local_package: Package, tmp_path: Path
) -> None:
    project = rule_project(local_package.project, tmp_path / "starter")
    text = (project / "package.toml").read_text()
    claim = text.replace('level = "artifact"', 'level = "statistical"')
    (project / "package.toml").write_text(claim)
    build = ("build", project, "--output", f"oci:{tmp_path / 'image'}")
    refused = package(*build, env=NO_ENGINE)
    assert refused.code == 2
    assert "train --seeds 5" in refused.err
    watching = watched(project / "data" / "visits.csv", tmp_path / "watched")
    done = package("train", project, "--seeds", "5", "--json", env={**NO_ENGINE, **watching})
    assert done.code == 0, done.err
    assert opened_for(tmp_path / "watched", HASHING) == 1
    assert done.json["seeds"] == [7, 8, 9, 10, 11]
    assert len(done.json["overall"]["accuracy"]) == 5
    assert "channel=web" in done.json["slices"]
    assert (project / "package.lock").is_file()  # the build is to take what the seeds had
    watching = watched(project / "data" / "visits.csv", tmp_path / "watched")
    built = package(*build, env={**NO_ENGINE, **watching})
    assert built.code == 0, built.err
    assert opened_for(tmp_path / "watched", HASHING) == 1  # seeds, gate and manifest have it
    with open_reference(str(tmp_path / "image"), None) as found:
        assert found.manifest.seed_variance is not None
        assert found.manifest.seed_variance.seeds == (7, 8, 9, 10, 11)
    shown = package("inspect", tmp_path / "image", "--all").out
    assert "± seeds" in shown
    row = r"channel=web +\d+ +accuracy +[\d.]+ +[\d.]+ to [\d.]+ +[\d.]+ +[\d.]+$"
    assert re.search(row, shown, re.MULTILINE)
    (project / "train.py").write_text((project / "train.py").read_text() + "\n# other code\n")
    stale = package(*build, env=NO_ENGINE).err
    assert "package.seeds.json was measured on other code" in stale
    assert "measure again: package train --seeds 5" in stale


def test_predict_takes_json_and_parquet_and_gives_csv(
    local_package: Package, tmp_path: Path
) -> None:
    rows = rows_of(local_package.project, 5)
    (tmp_path / "rows.json").write_text(json.dumps({"rows": rows}))
    pd.DataFrame(rows).to_parquet(tmp_path / "rows.parquet")
    told = {
        package(
            "predict", local_package.reference, "--format", "csv",
            "--data", tmp_path / f"rows.{kind}", "--local", env=NO_ENGINE,
        ).out
        for kind in ("json", "parquet")  # test_predict.py reads all forms
    }  # fmt: skip
    assert len(told) == 1
    answers = list(csv.DictReader(io.StringIO(told.pop())))
    assert list(answers[0]) == ["prediction", "probability no", "probability yes", "flags"]
    assert len(answers) == 5


def test_predict_names_the_row_that_it_cannot_take_and_answers_none(
    local_package: Package, tmp_path: Path
) -> None:
    rows = rows_of(local_package.project, 3)
    rows[2]["visits"] = "many"
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    asked = ["predict", local_package.reference, "--data", tmp_path / "rows.json"]
    done = package(*asked, "--local", env=NO_ENGINE)
    assert (done.code, done.out) == (2, "")
    assert 'row 2, column "visits": expected an integer, got "many"' in done.err


def test_inspect_tells_people_and_programs_the_same(local_package: Package) -> None:
    told = package("inspect", local_package.reference, "--all", env=NO_ENGINE)
    fact = package("inspect", local_package.reference, "--json", env=NO_ENGINE).json
    assert fact["tag"] in told.out
    assert fact["root"] == local_package.built["root"]
    assert fact["lock"]["base"] == "none"
    assert [layer["name"] for layer in fact["layers"]][-5:] == [
        "code",
        "tree wheels",
        "server environment",
        "model",
        "package",
    ]
    for layer in fact["layers"]:
        assert layer["name"] in told.out
    assert fact["manifest"]["evaluation"]["overall"]["rows"] > 100


@pytest.fixture(scope="module")
def given(local_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter's model as one that was trained elsewhere, packaged with its data."""
    folder = tmp_path_factory.mktemp("given")
    with open_reference(local_package.reference, None) as reference:
        layer = next(x for x in reference.image().layers if x.name == "model")
        shutil.unpack_archive(layer.path, folder, "tar")
    model, data = folder / "models" / "model", local_package.project / "data" / "visits.csv"
    done = package(
        "init", folder / "project", "--from-model", model, "--data", data, "--target", "returned"
    )
    assert done.code == 0, done.err
    done = package(
        "build", folder / "project", "--output", f"oci:{folder / 'image'}", env=NO_ENGINE
    )
    assert done.code == 0, done.err
    return folder / "image"


@pytest.mark.long
def test_a_model_trained_elsewhere_answers_and_says_that_it_has_no_recipe(
    given: Path, local_package: Package, tmp_path: Path
) -> None:
    fact = package("inspect", given, "--json", env=NO_ENGINE).json
    assert fact["manifest"]["recipe"] == "none"
    data = local_package.project / "data" / "visits.csv"
    told = [
        package("predict", reference, "--data", data, "--local", env=NO_ENGINE).out
        for reference in (given, local_package.reference)
    ]
    assert told[0] == told[1]
    done = package("replay", given, "--local", "--json-file", tmp_path / "r.json", env=NO_ENGINE)
    assert done.code == 1
    assert "recipe: none" in done.err
    assert not (tmp_path / "r.json").exists()


@pytest.mark.long
def test_data_that_is_only_pointed_at_is_requested_and_verified(
    local_package: Package, tmp_path: Path
) -> None:
    project = rule_project(local_package.project, tmp_path / "project")
    toml = (project / "package.toml").read_text()
    (project / "package.toml").write_text(toml.replace("[data]", '[data]\nembed = "none"'))
    image, data = tmp_path / "image", project / "data" / "visits.csv"
    assert package("build", project, "--output", f"oci:{image}", env=NO_ENGINE).code == 0
    report = ["--local", "--json-file", tmp_path / "replay.json"]
    refused = package("replay", image, *report, env=NO_ENGINE)
    assert refused.code == 2
    assert "name the data with --data" in refused.err
    watching = watched(data, tmp_path / "watched")
    done = package("replay", image, "--data", data, *report, env={**NO_ENGINE, **watching})
    assert done.code == 0, done.err
    assert opened_for(tmp_path / "watched", HASHING) == 1
    assert opened_for(tmp_path / "watched", LAYER) == 1
    data.write_text(data.read_text().replace("yes", "no", 1))
    done = package("replay", image, "--data", data, *report, env=NO_ENGINE)
    assert done.code == 1
    assert "data files: expected" in done.out


def test_a_package_changed_after_its_build_is_refused(
    local_package: Package, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    shutil.copytree(local_package.reference, image)
    blobs = (image / "blobs" / "sha256").iterdir()
    blob = next(path for path in blobs if b'"recipe":{"accept"' in path.read_bytes())
    blob.write_bytes(blob.read_bytes().replace(b'"seed":7', b'"seed":8'))
    done = package("replay", image, "--local", env=NO_ENGINE)
    assert done.code == 1
    assert "package root: expected" in done.err
