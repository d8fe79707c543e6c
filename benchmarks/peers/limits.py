"""The limits of a machine: nginx with a fixed answer, and a bare application that only predicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import formats
from environments import environment
from models import Model
from running import BrokenError, predict, running
from server import NotServedError, Run, Server, Started
from servers import COMPILED, OURS, SERVERS, uvicorn

NGINX = "/usr/sbin/nginx"
# A word of nginx's configuration may have 4,095 bytes, so long answers consist of blocks.
BLOCK = 1024
# Requests are distinguished by their length: that of one row has at most four digits.
CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log stderr error;
worker_processes {workers};
user root;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  default_type application/json;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  map $uri $block {{ default "{block}"; }}
  map $content_length $answer {{
    default "{one}";
    "~^[0-9]{{5,}}$" "{many}";
  }}
  server {{
    listen 127.0.0.1:{port} reuseport;
    location / {{ return 200 $answer; }}
  }}
}}
"""


def _bare(run: Run) -> Started:
    if run.model.name != "linear" or len(run.model.classes) != 2:
        raise NotServedError("compiled by hand for logistic regression with two classes only")
    weights = run.folder / "weights.json"
    weights.write_text(json.dumps(_weights(run.model.estimator)))
    command = uvicorn(environment("fastapi", COMPILED), "bare_asgi:app", run)
    return Started(command, {"PEER_WEIGHTS": str(weights)})


def _weights(model: Any) -> dict[str, Any]:
    """Means, scales and weights by feature of a scaler and one-hot before a regression."""
    encoder, classifier = model[0], model[1]
    scaler, onehot = encoder.named_transformers_["n"], encoder.named_transformers_["t"]
    weights = classifier.coef_[0].tolist()
    number_names, text_names = encoder.transformers_[0][2], encoder.transformers_[1][2]
    numbers = list(
        zip(number_names, scaler.mean_.tolist(), scaler.scale_.tolist(), weights, strict=False)
    )
    place, texts = len(number_names), []
    for name, categories in zip(text_names, onehot.categories_, strict=True):
        texts.append((name, dict(zip(categories.tolist(), weights[place:], strict=False))))
        place += len(categories)
    bias, classes = float(classifier.intercept_[0]), model.classes_.tolist()
    return {"numbers": numbers, "texts": texts, "bias": bias, "classes": classes}


def _nginx(run: Run) -> Started:
    if not Path(NGINX).exists():
        raise NotServedError(f"{NGINX} is not installed")
    _check_lengths(run.model)
    one, many = (_filled(size) for size in _answer_sizes(run))
    configuration = run.folder / "nginx.conf"
    settings = {"folder": run.folder, "port": run.port, "workers": run.workers}
    text = CONFIGURATION.format(**settings, block="x" * BLOCK, one=one, many=many)
    configuration.write_text(text)
    return Started([NGINX, "-c", str(configuration), "-p", str(run.folder)])


def _filled(size: int) -> str:
    return "${block}" * (size // BLOCK) + "x" * (size % BLOCK)


def _answer_sizes(run: Run) -> list[int]:
    """Bytes of this project's answers to the first request of one row, and of many."""
    (ours,) = (server for server in SERVERS if server.name == OURS)
    with running(ours, run):
        contents = [predict(ours, run.port, run.model.requests[rows][0]) for rows in (1, 100)]
    if None in contents:
        raise BrokenError("the server whose answers are measured answers with an error")
    return [len(content) for content in contents if content is not None]


def _check_lengths(model: Model) -> None:
    """Raise ``NotServedError`` unless nginx can tell the requests of ``model`` apart."""
    lengths = {
        rows: [len(json.dumps(formats.rows(request))) for request in requests]
        for rows, requests in model.requests.items()
    }
    if max(lengths[1]) >= 10_000 or min(lengths[100]) < 10_000:
        raise NotServedError("its requests are not told apart by their length")


CEILING, HTTP = "bare ASGI", "nginx, fixed body"
LIMITS = (
    Server(CEILING, _bare, formats.rows, formats.predictions, ready=""),
    Server(HTTP, _nginx, formats.rows, None, ready=""),
)
