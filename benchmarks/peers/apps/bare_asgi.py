"""A bare ASGI callable with a logistic regression compiled by hand: no validation, no metrics."""

import json
import math
import os
from pathlib import Path
from typing import Any

import orjson

model = json.loads(Path(os.environ["PEER_WEIGHTS"]).read_text())
numbers = [tuple(number) for number in model["numbers"]]
texts = [tuple(text) for text in model["texts"]]
bias, classes = model["bias"], model["classes"]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                return
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    answers = []
    for row in orjson.loads(body)["rows"]:
        total = bias
        for name, mean, scale, weight in numbers:
            total += (row[name] - mean) / scale * weight
        for name, table in texts:
            total += table[row[name]]
        chance = 1 / (1 + math.exp(-total))
        answers.append(
            {
                "prediction": classes[chance > 0.5],
                "probabilities": {classes[0]: 1 - chance, classes[1]: chance},
            }
        )
    answer = orjson.dumps({"predictions": answers})
    length = str(len(answer)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
