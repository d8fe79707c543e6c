"""Formats of requests and answers of the servers of the comparison."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from server import Answer, Raw, Rows


def rows(given: Rows) -> dict[str, Any]:
    """A list of objects, one for each row."""
    return {"rows": given}


def split(given: Rows) -> dict[str, Any]:
    """MLflow's names of columns and rows of values."""
    columns = list(given[0])
    data = [[row[name] for name in columns] for row in given]
    return {"dataframe_split": {"columns": columns, "data": data}}


def tensors(given: Rows) -> dict[str, Any]:
    """Open Inference Protocol V2 with a tensor per column, read as a DataFrame."""
    inputs = []
    for name, value in given[0].items():
        kind = {float: "FP64", int: "INT64"}.get(type(value), "BYTES")
        tensor: dict[str, Any] = {"name": name, "shape": [len(given), 1], "datatype": kind}
        tensor["data"] = [row[name] for row in given]
        if kind == "BYTES":
            tensor["parameters"] = {"content_type": "str"}
        inputs.append(tensor)
    wanted = [{"name": "predict_proba"}]
    return {"parameters": {"content_type": "pd"}, "inputs": inputs, "outputs": wanted}


def raw_arrays(given: Rows) -> Raw:
    """Open Inference Protocol V2 with one raw tensor of float32, answered in JSON."""
    (name,) = given[0]
    block = np.array([row[name] for row in given], np.float32)
    tensor = {"name": name, "shape": list(block.shape), "datatype": "FP32"}
    tensor["parameters"] = {"binary_data_size": block.nbytes}
    wanted = [{"name": "probabilities"}, {"name": "prediction"}]
    text = json.dumps({"inputs": [tensor], "outputs": wanted}).encode()
    return Raw(text + block.tobytes(), len(text))


def labelled(answers: list[dict[str, Any]], classes: list[Any]) -> Answer:
    """A list of objects with the label and the probabilities by class."""
    chances = [answer["probabilities"] for answer in answers]
    by_row = [[row[name] for name in map(str, classes)] for row in chances]
    return [answer["prediction"] for answer in answers], by_row


def predictions(content: Any, classes: list[Any]) -> Answer:
    """``labelled`` under the name ``predictions``."""
    return labelled(content["predictions"], classes)


def chances(content: Any, _: list[Any]) -> Answer:
    """Rows of probabilities under the name ``predictions``."""
    return [], content["predictions"]


def tensor(content: Any, classes: list[Any]) -> Answer:
    """Probabilities of all rows in one flat tensor."""
    values, width = content["outputs"][0]["data"], len(classes)
    return [], [values[start : start + width] for start in range(0, len(values), width)]
