"""ONNX graphs by what their sessions tell; onnxruntime: loaders/test_large_libraries.py."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.loaders.protobuf import GraphNode
from modelhost.objects.adapter import DeclaredAnswers
from modelhost.objects.graphs import Graph, adapt_graph
from modelhost.output_spec import OutputSpec
from modelhost.outputs import predict_outputs

ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0, 0.0]})
CLASSIFY, REGRESS = DeclaredAnswers("classification"), DeclaredAnswers("regression")


class Value(NamedTuple):
    name: str
    type: str
    shape: list[Any]


class Session:
    """A session whose graph adds the columns of its rows."""

    def __init__(self, inputs: list[Value], outputs: list[Value]) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.sizes: list[int] = []

    def get_inputs(self) -> list[Value]:
        return self.inputs

    def get_outputs(self) -> list[Value]:
        return self.outputs

    def run(self, names: list[str], fed: dict[str, Any]) -> list[Any]:
        (name,) = names
        total = sum(
            np.asarray(one, np.float64).reshape(len(one), -1).sum(1) for one in fed.values()
        )
        self.sizes.append(len(total))
        (output,) = [one for one in self.outputs if one.name == name]
        if output.type == "tensor(string)":
            return [np.array(["odd" if one % 2 else "even" for one in total], object)]
        if output.type.startswith("seq"):
            return [[{"even": 0.25, "odd": 0.75} for _ in total]]
        width = output.shape[1] if len(output.shape) == 2 else 1
        return [np.column_stack([total * place for place in range(width)] or [total])]


def graph(output: list[Value], batch: Any = None, nodes: tuple[GraphNode, ...] = ()) -> Graph:
    return Graph(Session([Value("x", "tensor(float)", [batch, 2])], output), nodes)


def test_a_label_and_a_dict_of_probabilities() -> None:
    outputs = [
        Value("l", "tensor(string)", [None]),
        Value("p", "seq(map(string,tensor(float)))", []),
    ]
    node = GraphNode("ZipMap", [], ["p"], ("even", "odd"))
    model = adapt_graph(graph(outputs, nodes=(node,)), CLASSIFY)
    assert model.classes_ == ["even", "odd"]
    assert model.predict(ROWS) == ["odd"] * 3
    assert model.predict_proba(ROWS).tolist() == [[0.25, 0.75]] * 3
    with pytest.raises(PackageError, match="does not record its classes"):
        adapt_graph(graph(outputs), CLASSIFY)


def test_the_last_operator_says_whether_scores_are_probabilities() -> None:
    outputs = [Value("y", "tensor(float)", [None, 2])]
    nodes = (
        GraphNode("Softmax", ["z"], ["s"], None),
        GraphNode("Reshape", ["s", "n"], ["y"], None),
    )
    assert adapt_graph(graph(outputs, nodes=nodes), CLASSIFY).predict_proba is not None
    plain = adapt_graph(graph(outputs, nodes=(GraphNode("Gemm", ["x"], ["y"], None),)), CLASSIFY)
    assert not hasattr(plain, "predict_proba")
    assert plain.predict(ROWS) == [1, 1, 1]


def test_a_fixed_batch_is_kept() -> None:
    made = graph([Value("y", "tensor(float)", [2, 2])], batch=2)
    adapt_graph(made, CLASSIFY).predict(ROWS)
    assert made.session.sizes == [2, 2]


def test_an_input_for_each_column() -> None:
    inputs = [Value("b", "tensor(float)", [None, 1]), Value("a", "tensor(int64)", [None])]
    session = Session(inputs, [Value("y", "tensor(float)", [None])])
    model = adapt_graph(Graph(session, ()), REGRESS)
    assert model.feature_names_in_ == ["b", "a"]
    assert np.ravel(model.predict(ROWS)).tolist() == [0, 0, 0]


def test_several_outputs_are_refused_by_name() -> None:
    outputs = [Value(name, "tensor(float)", [None, 1]) for name in ("up", "down")]
    with pytest.raises(PackageError, match="has the outputs 'up', 'down', expected one"):
        adapt_graph(graph(outputs), REGRESS)


def test_several_outputs_are_those_that_are_declared() -> None:
    told = [Value("up", "tensor(float)", [None, 1]), Value("tags", "tensor(float)", [None, 2])]

    class Both(Session):
        def run(self, names: list[str], fed: dict[str, Any]) -> list[Any]:
            (rows,) = fed.values()
            return [
                {"up": rows[:, :1], "tags": np.column_stack([rows[:, 1]] * 2)}[n] for n in names
            ]

    session = Both([Value("x", "tensor(float)", [None, 2])], told)
    nodes = (GraphNode("Sigmoid", ["z"], ["tags"], None),)
    outputs = (OutputSpec("tags", "labels", ("p", "q")), OutputSpec("up", "number"))
    model = adapt_graph(Graph(session, nodes), DeclaredAnswers("outputs", None, outputs))
    found = predict_outputs(model, ROWS, outputs)
    assert found.labels[:2] == [{"tags": [], "up": 1.0}, {"tags": ["p", "q"], "up": 2.0}]
    assert found.more is not None
    assert found.more[1] == {"probabilities": {"tags": {"p": 1.0, "q": 1.0}}}
