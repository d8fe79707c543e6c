"""LitServe with batching: requests that wait are predicted together, without waiting for more."""

import os
from typing import Any

import joblib
import litserve
import pandas as pd


class Model(litserve.LitAPI):
    def setup(self, device: str) -> None:  # noqa: ARG002 (LitServe passes it)
        self.model = joblib.load(os.environ["PEER_MODEL"])
        self.classes = self.model.classes_.tolist()

    def decode_request(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        return request["rows"]

    def batch(self, inputs: list[list[dict[str, Any]]]) -> tuple[list[int], pd.DataFrame]:
        rows = [row for request in inputs for row in request]
        return [len(request) for request in inputs], pd.DataFrame(rows)

    def predict(self, x: tuple[list[int], pd.DataFrame]) -> list[list[dict[str, Any]]]:
        sizes, frame = x
        answers = self._answers(frame)
        return [[next(answers) for _ in range(size)] for size in sizes]

    def _answers(self, frame: pd.DataFrame) -> Any:
        chances = self.model.predict_proba(frame)
        labels = [self.classes[place] for place in chances.argmax(axis=1)]
        for label, row in zip(labels, chances.tolist(), strict=True):
            chance = dict(zip(self.classes, row, strict=True))
            yield {"prediction": label, "probabilities": chance}

    def unbatch(self, output: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
        return output

    def encode_response(self, output: list[dict[str, Any]]) -> dict[str, Any]:
        return {"predictions": output}


if __name__ == "__main__":
    # Requests that already wait are taken together; a timeout of 0 waits for no others.
    api = Model(max_batch_size=64, batch_timeout=0.0)
    server = litserve.LitServer(
        api, accelerator="cpu", workers_per_device=int(os.environ["PEER_WORKERS"]), timeout=60
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PEER_PORT"]),
        generate_client_file=False,
        log_level="warning",
    )
