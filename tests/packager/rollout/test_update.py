"""Updates of a real deployment: Compose, HAProxy, two replicas, requests all the time."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator

import pytest
from command import Done
from deployed_models import contents
from updated_models import UpdatedModel, build_versions, updated_model

from packager.engine.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.slow]
PORT = 22_100
REQUESTS, RATE = 1_500, 30.0
"""How many at least and a second; `benchmarks/rolling_update.py` sends more."""
QUICK = ("--gate-seconds", "5", "--latency-slack", "0.1", "--accept-too-few")
"""A loaded machine gives few pairs, which have to be accepted; a bad version fails all the same."""
RAW = ("--no-gate", "--reason", "a test of the steps")


@pytest.fixture(scope="module")
def model(
    engine: Engine, base: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[UpdatedModel]:
    folder = tmp_path_factory.mktemp("update")
    tags = build_versions(folder, base)
    with updated_model(folder / "updated-model-deployed", tags, PORT) as found:
        yield found


def test_no_request_is_lost_and_labels_of_the_earlier_version_count(model: UpdatedModel) -> None:
    before, new = model.serving, model.other
    token = model.answer()["predictions"][0]["token"]
    canary = ("--canary", "0.3", "--canary-minutes", "0.1")
    counts, log, said = model.under_load(REQUESTS, RATE, new, *QUICK, *canary)
    assert counts["command_code"] == 0, said
    assert counts["requests"] >= REQUESTS
    assert counts["lost"] == 0, counts
    assert [one["id"] for one in log] == [*range(counts["requests"])]
    assert set(counts["versions"]) == {before, new.partition(":")[2]}
    assert model.serving == new.partition(":")[2]
    [service] = model.services
    assert service == "model-updated-green"
    label = [{"token": token, "actual": "yes"}]
    assert model.answer("/feedback", label)["accepted"] == 1
    assert model.answer("/feedback", label)["accepted"] == 0, "a label counts once"
    [line] = (model.folder / "updates.jsonl").read_text().splitlines()
    done = json.loads(line)
    assert (done["done"], done["version"]) == (True, model.serving)
    assert done["gate"]["checks"][1]["text"] == "all 8 answered, equal to the byte"


@pytest.mark.long
def test_a_shadow_answers_the_rows_of_requests_before_the_traffic_moves(
    model: UpdatedModel,
) -> None:
    new = model.other
    shadow = ("--shadow", "--shadow-minutes", "0.3")
    counts, _, said = model.under_load(REQUESTS, RATE, new, *QUICK, *shadow)
    assert (counts["command_code"], counts["lost"]) == (0, 0), said
    assert model.serving == new.partition(":")[2]
    done = json.loads((model.folder / "updates.jsonl").read_text().splitlines()[-1])
    assert "undecided: no label" in done["shadow"]["text"], done["shadow"]
    assert len(model.services) == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("broken", "broken where it is deployed"),
        ("wrong", "have another answer than in the build"),
        ("slow", "latency        failed"),
    ],
)
def test_a_bad_version_is_refused_and_everything_is_as_before(
    model: UpdatedModel, how: str, told: str
) -> None:
    before, serving, services = contents(model.folder), model.serving, model.services
    with model.bad(how, model.other):
        done = model.update(model.other, "--gate-seconds", "60", "--latency-slack", "0.05")
    assert done.code == 1
    assert told in done.out + done.err
    assert (contents(model.folder), model.serving, model.services) == (before, serving, services)
    assert model.answer()["version"] == serving


@pytest.mark.long
@pytest.mark.parametrize("step", ["starting", "gate: golden rows", "canary", "moving"])
def test_a_killed_update_is_told_and_taken_back(model: UpdatedModel, step: str) -> None:
    before, serving, services = contents(model.folder), model.serving, model.services
    canary = ("--canary", "0.5", "--canary-minutes", "0.1", "--accept-too-few")
    how = canary if step == "canary" else RAW if step == "moving" else ()
    model.stopped_at(step, signal.SIGKILL, model.other, *how)
    assert model.answer()["predictions"]
    again = model.update(model.other)
    assert again.code == 2
    assert "was begun and not ended" in again.err
    assert "--resume goes on, --abort takes it back" in again.err
    assert model.update("--abort").code == 0
    assert (contents(model.folder), model.serving, model.services) == (before, serving, services)
    assert model.answer()["version"] == serving


@pytest.mark.long
@pytest.mark.parametrize("step", ["starting", "moving", "stopping"])
def test_a_killed_update_is_resumed(model: UpdatedModel, step: str) -> None:
    new = model.other
    model.stopped_at(step, signal.SIGKILL, new, *RAW)
    assert model.answer()["predictions"]
    if step == "stopping":
        refused = model.update("--abort")
        assert refused.code == 2
        assert "finish the update with --resume" in refused.err
    done = model.update("--resume")
    assert done.code == 0, done.err
    assert model.serving == new.partition(":")[2]
    assert model.answer()["version"] == model.serving
    assert len(model.services) == 1
    assert not (model.folder / ".update").exists()


@pytest.mark.long
def test_an_interrupted_update_goes_back(model: UpdatedModel) -> None:
    before, serving = contents(model.folder), model.serving
    said = model.stopped_at("canary", signal.SIGINT, model.other, *RAW, "--canary", "0.5")
    assert "going back" in said
    assert "stopped" in said
    assert (contents(model.folder), model.answer()["version"]) == (before, serving)


@pytest.mark.long
def test_a_second_update_is_refused_while_one_runs(model: UpdatedModel) -> None:
    found: list[Done] = []
    second = threading.Timer(8, lambda: found.append(model.update(model.other)))
    second.start()
    canary = ("--canary", "0.5", "--canary-minutes", "0.5")
    model.stopped_at("canary", signal.SIGCONT, model.other, *RAW, *canary)
    second.join()
    [done] = found
    assert done.code == 2, done.err
    assert "was begun and not ended" in done.err or "is running here" in done.err
