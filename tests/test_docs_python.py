"""The blocks of Python on the pages, run by what calls them: the model host, a server, Dask."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command import Package
from docs_blocks import Block, named_tests, of
from solution_samples import CODE, member_spec, write_solution

from modelhost.columns import ColumnSpec
from modelhost.embedding import call_embedding
from modelhost.model import LoadedModel, load_model
from modelhost.own_metrics import call_metrics
from modelhost.predictions import Predictions
from modelhost.recipe import call_recipe
from modelhost.solution.spec import SOLUTION, member_folder

HERE = "tests/test_docs_python.py::"
RUN = {
    "docs/behavioural-cases.md": (
        "tests/test_docs_cases.py::test_a_build_asks_the_function_of_the_page"
    ),
    "docs/clients.md": "tests/serving/test_docs_clients.py::test_python",
    "docs/compiled.md": HERE + "test_the_models_of_texts_fit",
    "docs/data.md": "tests/test_docs_blocks.py::test_the_commands_of_data_md_run",
    "docs/label-queue.md": HERE + "test_an_estimate_of_labels_from_a_queue",
    "docs/mlflow.md": (
        "tests/test_package_mlflow.py"
        "::test_mlflow_answers_from_an_exported_package_as_the_server_does"
    ),
    "docs/model-formats.md": (
        "tests/modelhost/loaders/test_large_libraries.py::test_a_model_is_loaded_and_has_one_state"
    ),
    "docs/model-host-stream.md": (
        "tests/test_stream_docs.py::test_the_client_of_the_page_is_answered_by_a_model_host"
    ),
    "docs/monitoring.md": HERE + "test_the_model_host_calls_the_embedding",
    "docs/outputs.md": HERE + "test_the_model_host_calls_the_metrics",
    "docs/package-toml.md": HERE + "test_recipes_train",
    "docs/protocols.md": (
        "tests/serving/test_docs_clients.py::test_the_client_predicts_and_sends_labels"
    ),
    "docs/python.md": "tests/test_python_docs.py::test_the_examples_run",
    "docs/scoring.md": HERE + "test_dask_scores_a_table",
    "docs/solutions.md": HERE + "test_a_flow_asks_its_members",
    "docs/tutorial.md": "tests/test_tutorial.py::test_the_tutorial_is_what_happens",
}
"""Page → the test that runs its Python."""


def the(page: str, text: str = "") -> str:
    """The one block of Python of a page that contains a text."""
    [block] = [one for one in of("python") if one.page == f"docs/{page}.md" and text in one.text]
    return block.text


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """An empty module called ``shown``, for the functions of a page."""
    module = types.ModuleType("shown")
    monkeypatch.setitem(sys.modules, "shown", module)
    return module


def test_every_page_with_python_is_run() -> None:
    assert {block.page for block in of("python")} == RUN.keys()
    assert [page for page, test in RUN.items() if not named_tests(test)] == []


def test_an_estimate_of_labels_from_a_queue(capsys: pytest.CaptureFixture[str]) -> None:
    draw = np.random.default_rng(0)
    expected_loss = draw.uniform(0.05, 0.5, 400)
    values = {
        "wrong": (draw.random(400) < expected_loss).astype(float),
        "probability": np.full(400, 0.5),
        "expected_loss": expected_loss,
        "mean_over_all_rows": float(expected_loss.mean()),
    }
    exec(the("label-queue"), values)
    low, accuracy, high = map(float, capsys.readouterr().out.split())
    assert low < accuracy < high
    assert low < 1 - values["wrong"].mean() < high


def test_the_model_host_calls_the_embedding(shown: types.ModuleType) -> None:
    class Network:
        def layers_up_to_the_last(self, features: pd.DataFrame) -> Any:
            return features.to_numpy(float)[:, None, :] * 2

    exec(the("monitoring"), shown.__dict__)
    model = types.SimpleNamespace(native=Network(), text_step=None)
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    embeddings = call_embedding("shown:embed", frame, model, ())  # type: ignore[arg-type]
    assert embeddings.tolist() == [[2, 6], [4, 8]]


def test_the_model_host_calls_the_metrics(shown: types.ModuleType) -> None:
    exec(the("outputs"), shown.__dict__)
    answers = Predictions([3.0, 5.0, 4.0], None)
    measured = call_metrics("shown:metrics", None, pd.Series([4.0, 5.0, 1.0]), answers)
    assert measured == {"late": [1.0, 0.0, 0.0], "worst": 3.0}


def test_the_models_of_texts_fit() -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    named: tuple[Any, ...] = (
        *(make_column_transformer, make_pipeline),
        *(LogisticRegression, StandardScaler, TfidfVectorizer),
    )
    features = pd.DataFrame({"text": ["good", "bad", "good one"], "length": [4.0, 3.0, 8.0]})
    values = {one.__name__: one for one in named}
    exec(the("compiled"), {**values, "features": features, "target": [1, 0, 1]})


def test_recipes_train(shown: types.ModuleType) -> None:
    from sklearn.linear_model import LogisticRegression

    shown.__dict__["LogisticRegression"] = LogisticRegression
    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "weight": [1.0, 1.0, 2.0, 2.0]})
    exec(the("package-toml", "weight"), shown.__dict__)
    model, _ = call_recipe("shown:train", {}, 7, frame.copy(), pd.Series([0, 0, 1, 1]))
    assert [*model.feature_names_in_] == ["a"]
    exec(the("package-toml", "return the model"), shown.__dict__)
    assert call_recipe("shown:train", {}, 7, frame, pd.Series([0, 0, 1, 1])) == (None, shown)


@pytest.fixture
def flow_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoadedModel]:
    """The solution of docs/solutions.md, with members of a line each."""
    described = (ColumnSpec("description", "string", "object"),)
    mood = {"features": described, "classes": ["calm", "angry"], "task": "classification"}
    segment = {"classes": ["car", "home"], "task": "classification"}
    members = [
        (member_spec("text", **mood), {"classes": ["calm", "angry"]}),
        (member_spec("segmenter", **segment), {"classes": ["car", "home"]}),
        (member_spec("car"), {"scale": -10}),
        (member_spec("home"), {"scale": 100}),
    ]
    model = write_solution(tmp_path, members, the("solutions"))
    reads = CODE.replace('frame["x"]', 'frame["description"].str.len() - 4')
    (member_folder(model, "text") / "code" / "text_model.py").write_text(reads)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    monkeypatch.delitem(sys.modules, "flow", raising=False)
    loaded = load_model(model, "auto", SOLUTION, "regression")
    yield loaded
    for name in ("text", "segmenter", "car", "home"):
        loaded.native.members[name].close()


@pytest.mark.slow
def test_a_flow_asks_its_members(flow_of_the_page: LoadedModel) -> None:
    rows = pd.DataFrame({"x": [-1.0, 2.0, -3.0], "description": ["four", "four", "four"]})
    costs = flow_of_the_page.predict(rows).labels
    assert np.asarray(costs).tolist() == pytest.approx([10 * 1.15, 200 * 1.15, 30 * 1.15])


def scoring(local_package: Package) -> tuple[str, str]:
    """The recipes of docs/scoring.md for Dask and for Spark, each with its imports."""
    block = the("scoring").replace('"oci:diamonds"', repr(f"oci:{local_package.reference}"))
    imports, dask, spark = block.replace("# Spark", "# Dask").split("# Dask")
    return imports + dask, imports + spark


@pytest.mark.long
@pytest.mark.server
@pytest.mark.slow
def test_dask_scores_a_table(local_package: Package) -> None:
    dask = pytest.importorskip("dask.dataframe")
    frame = pd.read_csv(local_package.project / "data" / "visits.csv").head(200)
    values: dict[str, Any] = {"frame": dask.from_pandas(frame, npartitions=2)}
    exec(scoring(local_package)[0], values)
    scores = values["scores"].compute(scheduler="synchronous")
    assert len(scores) == 200
    assert {"prediction", "version"} <= {*scores.columns}


@pytest.mark.long
@pytest.mark.server
@pytest.mark.slow
def test_batches_as_spark_hands_them_over_are_scored(local_package: Package) -> None:
    """``mapInArrow`` calls the function with an iterator of record batches of one partition."""
    import pyarrow as pa

    frame = pd.read_csv(local_package.project / "data" / "visits.csv").head(200)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    values: dict[str, Any] = {}
    exec(scoring(local_package)[1].split("scores =")[0], values)
    parts = [*values["batches"](iter(table.to_batches(max_chunksize=70)))]
    assert sum(part.num_rows for part in parts) == 200


def test_a_block_is_found_by_its_text() -> None:
    assert isinstance(of("python")[0], Block)
    with pytest.raises(ValueError, match="not enough values"):
        the("outputs", "no such text")
