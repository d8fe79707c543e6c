"""The pages about servers, followed while they run: requests, labels, proxies, a shadow."""

from __future__ import annotations

import json
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command import NO_ENGINE, Package, ask, package, series
from docs_blocks import BLOCKS
from docs_commands import commands
from otlp_receiver import receiver
from proxies import NGINX_PREFIX, proxy
from readers import Reader, fixed, matches, reading, transcript

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.server]
SECONDS = 120
ROWS = 3_000
"""As many as the page about shadows shows."""
TABULAR = """\
[package]
name = "tabular"
version = "1.0.0"
task = "classification"
[data]
source = "data.csv"
target = "right"
[recipe]
train = "train:train"
params = { limit = LIMIT }
[serve]
compile = "off"
[slices.rules]
large = "size >= 0.6"
"""
TRAIN = """
class Rule:
    def __init__(self, limit):
        self.limit = limit

    def predict(self, frame):
        return ["yes" if size > self.limit else "no" for size in frame["size"]]


def train(features, target, *, params, seed):
    return Rule(params["limit"])
"""


def block(page: str, text: str) -> str:
    """The one block of a page that contains a text."""
    [found] = [one.text for one in BLOCKS if one.page == f"docs/{page}.md" and text in one.text]
    return found


@pytest.fixture
def reader(local_package: Package, tmp_path: Path) -> Iterator[Reader]:
    """Somebody with a package called REF and rows."""
    with reading(tmp_path) as found:
        (tmp_path / "state").mkdir()
        found.places["package serve REF"] = f"package serve {local_package.reference} --local"
        visits = pd.read_csv(local_package.project / "data" / "visits.csv").dropna()
        visits.head(40).to_csv(tmp_path / "rows.csv", index=False)
        rows = visits.drop(columns="returned").head(3).to_dict("records")
        found.write("rows.json", json.dumps({"rows": rows}))
        yield found


def follow(reader: Reader, text: str) -> None:
    """Run the commands of a block; a server goes on when the others run."""
    for command in commands(text):
        typed = re.sub(r"\s+#.*$", "", command)
        serves = "package serve" in typed and not typed.endswith("&")
        reader.run(f"{typed} &" if serves else typed)


def predicted(reader: Reader, port: int = 3000) -> list[dict[str, Any]]:
    rows = json.loads((reader.folder / "rows.json").read_text())
    status, answer = ask(f"http://{reader.places[f'127.0.0.1:{port}']}/predict", rows)
    assert status == 200
    return list(answer["predictions"])


def posted(url: str, document: Any, **headers: str) -> tuple[int, Any]:
    """Status and JSON of a POST with headers."""
    body = json.dumps(document).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_serving_two_replicas_that_score_each_others_labels(reader: Reader) -> None:
    reader.run(block("monitoring", "openssl rand").strip())
    assert re.fullmatch(r"1:\S{44}\n", (reader.folder / "feedback.keys").read_text())
    follow(reader, block("serving", "package serve REF --port 3001"))
    labels = [{"token": one["token"], "actual": "yes"} for one in predicted(reader)]
    other = f"http://{reader.places['127.0.0.1:3001']}/feedback"
    assert ask(other, labels)[1]["accepted"] == len(labels)
    again = ask(other.replace("3001", "3000"), labels)[1]
    assert [one["reason"] for one in again["rejected"]] == ["duplicate"] * len(labels)


def test_serving_answers_have_the_form_of_the_page(reader: Reader) -> None:
    shown = block("serving", '"version": "1.0.0')
    reader.run("package serve REF &")
    url = f"http://{reader.places['127.0.0.1:3000']}"
    reader.places["localhost:3000"] = reader.places["127.0.0.1:3000"]
    told = json.loads(reader.run(block("serving", "gzip -c").strip()))
    assert {"version", "predictions"} <= told.keys()
    answer = re.sub(r", …", "", shown.partition("errors")[0].partition("200")[2])
    [example] = json.loads(answer)["predictions"]
    assert example.keys() <= told["predictions"][0].keys()
    status, refused = ask(f"{url}/predict", {"rows": [{"basket": "x"}]})
    assert status == 422
    example = json.loads(shown.partition("errors")[2])
    assert example["error"].keys() <= refused["error"].keys()


def test_serving_terse_errors(reader: Reader) -> None:
    shown = json.loads(block("serving", '"request_id": "9f2c-17"'))
    reader.run("MODEL_ERROR_DETAIL=terse package serve REF &")
    url = f"http://{reader.places['127.0.0.1:3000']}/predict"
    status, told = posted(url, {"rows": [{"basket": "x"}]}, **{"X-Request-Id": "9f2c-17"})
    assert (status, told) == (422, shown)


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_serving_at_a_path_of_nginx(reader: Reader) -> None:
    shown = block("serving", "proxy_pass http://127.0.0.1:3000/; }").splitlines()
    assert [line.partition("# ")[2] for line in shown] == ["strips", "passes on"]
    reader.run("MODEL_URL_PREFIX=/models/churn package serve REF &")
    for line in shown:
        _proxied(reader, line, "/models/churn/predict")


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_try_page_behind_nginx(reader: Reader) -> None:
    follow(reader, block("try-page", "MODEL_TRY_PAGE=on"))
    url = f"http://{reader.places['127.0.0.1:3000']}/try"
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:
        assert "Predict" in answer.read().decode()
    _proxied(reader, block("try-page", "proxy_set_header Host"), "/models/diamonds/try")


def _proxied(reader: Reader, location: str, path: str) -> None:
    """nginx with this location passes requests on."""
    ours = reader.here(location).replace("{", "{{").replace("}", "}}")
    text = re.sub(r"location PREFIX/.*", lambda _: ours, NGINX_PREFIX)
    assert ours in text
    with proxy("nginx", 0, reader.folder, text) as port:
        url = f"http://127.0.0.1:{port}{path}"
        body = (reader.folder / "rows.json").read_bytes() if path.endswith("predict") else None
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=SECONDS) as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/predict", timeout=SECONDS)


def test_monitoring_labels_over_http_and_from_a_file(reader: Reader) -> None:
    reader.run("package serve REF &")
    url = f"http://{reader.places['127.0.0.1:3000']}/feedback"
    first, second, third = predicted(reader)
    request, _, answer = block("monitoring", '"actual": "Premium"').partition("\n")
    sent = json.loads(request.partition("/feedback")[2].replace(", …]", "]"))
    sent[0] |= {"token": first["token"], "actual": "yes"}
    assert ask(url, sent) == (200, {"accepted": 1, "skipped": 0, "rejected": []})
    told = ask(url, [sent[0], {"token": second["token"], "actual": "no"}])
    shown = (int(answer.split()[0]), json.loads(answer.partition(" ")[2]))
    assert told == shown
    reader.write("labels.csv", f"token,actual\n{third['token']},no\n")
    assert "1" in reader.run(block("monitoring", "package feedback").strip())
    assert ask(url, [{"token": third["token"], "actual": "no"}])[1]["accepted"] == 0


def test_monitoring_counters_are_pushed(reader: Reader) -> None:
    shown = block("monitoring", "MODEL_METRICS_PUSH=")
    settings = dict(re.sub(r"\s+#.*", "", line).split("=", 1) for line in shown.splitlines())
    comments = dict(re.findall(r"^(\w+)=.*# (\w+: .*)$", shown, re.MULTILINE))
    reader.write("push", comments["MODEL_METRICS_PUSH_HEADERS_FILE"].replace("…", "a-token"))
    settings["MODEL_METRICS_PUSH_HEADERS_FILE"] = str(reader.folder / "push")
    assert settings["MODEL_METRICS_PUSH_SECONDS"] == "30"
    with receiver() as collector:
        path = settings["MODEL_METRICS_PUSH"].partition(":4318")[2]
        assert collector.url.endswith(path)
        settings["MODEL_METRICS_PUSH"] = collector.url
        line = " ".join(f"{name}={text}" for name, text in settings.items())
        reader.run(f"{line} package serve REF &")
        collector.until(lambda it: bool(it.pushed), SECONDS)
        pushed = collector.pushed[0]
    assert pushed.headers["authorization"] == "Bearer a-token"
    assert pushed.resource["service.name"] == "starter"


def tabular(folder: Path, limit: float) -> str:
    """A package whose classifier says yes beyond a limit; right is yes beyond 0.5."""
    project = folder / f"limit-{limit}"
    project.mkdir()
    draw = np.random.default_rng(1)
    size = draw.random(800).round(6)
    right = np.where((size > 0.5) ^ (draw.random(800) < 0.1), "yes", "no")
    pd.DataFrame({"size": size, "right": right}).to_csv(project / "data.csv", index=False)
    (project / "package.toml").write_text(TABULAR.replace("LIMIT", str(limit)))
    (project / "train.py").write_text(TRAIN)
    (project / "requirements.txt").write_text("pandas\n")
    done = package("build", project, "--output", f"oci:{project}-image", env=NO_ENGINE)
    assert done.code == 0, done.err
    return f"{project}-image"


def test_shadow_two_servers_and_the_verdict(tmp_path: Path) -> None:
    with reading(tmp_path) as reader:
        reader.places["serve NEW"] = f"serve {tabular(tmp_path, 0.5)} --local"
        reader.places["serve CURRENT"] = f"serve {tabular(tmp_path, 0.7)} --local"
        text = block("shadow", "package serve NEW --port 3001")
        follow(reader, "\n".join(text.splitlines()[:2]))
        champion = f"http://{reader.places['127.0.0.1:3000']}"
        _labelled(champion)
        [(command, said)] = transcript(block("shadow", "verdict: CHALLENGER BETTER"))
        assert text.splitlines()[2] == command
        printed = reader.run(command)
    assert matches(fixed(said), fixed(printed)), printed


def _labelled(champion: str) -> None:
    """Send rows, wait until the challenger has answered all, and send their labels."""
    draw = np.random.default_rng(2)
    sizes = draw.random(ROWS).round(6)
    tokens = []
    for start in range(0, ROWS, 250):
        rows = [{"size": float(size)} for size in sizes[start : start + 250]]
        status, answer = ask(f"{champion}/predict", {"rows": rows})
        assert status == 200
        tokens += [one["token"] for one in answer["predictions"]]
        _until_compared(champion, len(tokens))
    right = np.where((sizes > 0.5) ^ (draw.random(ROWS) < 0.1), "yes", "no")
    labels = [
        {"token": token, "actual": actual} for token, actual in zip(tokens, right, strict=True)
    ]
    status, answer = ask(f"{champion}/feedback", labels)
    assert answer["accepted"] == ROWS


def _until_compared(champion: str, rows: int) -> None:
    until = time.monotonic() + SECONDS
    while True:
        counted = series(champion)
        compared = sum(
            value
            for name, value in counted.items()
            if name.startswith("model_shadow_rows_total") and re.search("same|other", name)
        )
        if compared >= rows:
            return
        assert time.monotonic() < until, compared
        time.sleep(0.2)
