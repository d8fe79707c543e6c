"""The model host on the oldest Python, NumPy, pandas and scikit-learn, asked by this program."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from compile_samples import FEATURES, TRAIN, table
from old_interpreters import TOP, oldest_interpreter, runnable_tests

from modelhost.columns import decode_columns
from modelhost.frames import FrameBuilder
from modelhost.state_table import encode_state
from packager.data.frames import infer_columns
from packager.manifest.manifest import Recipe, Schema, Serve
from packager.model.frame_columns import encode_frame
from packager.model.host_process import ForkServer, HostCommand
from packager.model.hosted import ModelHost
from packager.model.hosted_model import HostedModel
from packager.worker.compile.compile import compile_model

pytestmark = [pytest.mark.network, pytest.mark.slow]
MIN_TESTS = 1_200
SERVE = Serve(predictor="auto", compile="auto", workers=1, strict=False)
RECIPE = Recipe(train="train:train", seed=7, params={}, level="artifact", accept={})
TELLS = '''
import numpy as np
import pandas as pd

def told(value):
    """A cell as text, equal for all versions of pandas."""
    if isinstance(value, (list, np.ndarray)):
        return f"{type(value).__name__} {np.asarray(value).tolist()}"
    if pd.isna(value):
        return "null"
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    plain = getattr(value, "item", lambda: value)()
    return f"{type(plain).__name__} {plain!r}"

class Tells:
    classes_ = ["never"]

    def predict(self, frame):
        rows = zip(*(frame[name] for name in frame))
        return [" | ".join(map(told, row)) for row in rows]

def train(features, target, *, params, seed):
    return Tells()
'''
STEPS = """
from sklearn import ensemble, impute, linear_model, preprocessing
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

NUMBERS, TEXTS = ["size", "load", "count"], ["kind", "shade", "new"]
ESTIMATORS = {
    "logistic": lambda: linear_model.LogisticRegression(),
    "sgd": lambda: linear_model.SGDClassifier(loss="log", random_state=0),
    "forest": lambda: ensemble.RandomForestClassifier(9, random_state=0),
    "boosting": lambda: ensemble.GradientBoostingClassifier(n_estimators=9),
    "histograms": lambda: ensemble.HistGradientBoostingClassifier(max_iter=9),
}

def train(features, target, *, params, seed):
    numbers = make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler())
    texts = make_pipeline(
        impute.SimpleImputer(strategy="constant", fill_value="none"),
        preprocessing.OneHotEncoder(handle_unknown="ignore", sparse=False),
    )
    steps = ColumnTransformer([("n", numbers, NUMBERS), ("t", texts, TEXTS[:2])])
    return make_pipeline(steps, ESTIMATORS[params["estimator"]]()).fit(features, target)
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return oldest_interpreter()


@pytest.fixture
def command(python: Path, tmp_path: Path) -> HostCommand:
    """Starts the host there, in the folder of a project's code."""
    code = tmp_path / "code"
    code.mkdir()
    path = os.pathsep.join([str(TOP), str(code)])
    return HostCommand([str(python)], {"PYTHONPATH": path, "PATH": os.environ["PATH"]}, code)


@pytest.fixture
def host(command: HostCommand) -> Iterator[ModelHost]:
    with ModelHost(command) as started:
        yield started


def trained(
    host: ModelHost, folder: Path, rows: pd.DataFrame, target: str, **params: Any
) -> HostedModel:
    recipe = RECIPE.model_copy(update={"params": params})
    features = [name for name in rows.columns if name != target]
    host.train(recipe, rows, features, [target])
    serve = SERVE.model_copy(update={"loader": host.save(folder, "auto")})
    return host.load(folder / "model", serve, "classification")


def cells(*values: Any) -> Any:
    made = np.empty(len(values), object)
    made[:] = values
    return made


def every_column(rows: int) -> pd.DataFrame:
    """A column of each kind and dtype that data can have, with nulls where it may."""
    times = pd.to_datetime(["2024-01-31T10:00:00", None] * (rows // 2 + 1))[:rows]
    array, half = np.arange(6, dtype=np.float32).reshape(2, 3), rows // 2 + 1
    columns = {
        "float": [0.1, np.nan],
        "float32": np.array([0.1, np.nan], np.float32),
        "int8": np.array([-1, 2], np.int8),
        "uint64": np.array([2**64 - 1, 0], np.uint64),
        "bool": [True, False],
        "Int64": pd.array([2**60 + 1, None], "Int64"),
        "boolean": pd.array([True, None], "boolean"),
        "Float64": pd.array([0.1, None], "Float64"),
        "str": pd.Series(["Grüße", None], dtype="str"),
        "string": pd.Series(["a", None], dtype="string"),
        "object": pd.Series(["a", np.nan], dtype=object),
        "category": pd.Categorical(["x", None], ["z", "x"]),
        "ordered": pd.Categorical([3, 1], [3, 1], ordered=True),
        "date": cells(dt.date(2024, 2, 29), None),
        "time": cells(dt.time(23, 59, 1), None),
        "decimal": cells(Decimal("1.20"), None),
        "bytes": cells(b"\x00\xff", None),
        "list": cells([1, 2], []),
        "array": cells(array, array + 1),
    }
    parts = {name: pd.concat([pd.Series(one)] * half)[:rows] for name, one in columns.items()}
    frame = pd.DataFrame({name: part.reset_index(drop=True) for name, part in parts.items()})
    frame["seconds"] = times.astype("datetime64[s]")
    frame["zoned"] = times.tz_localize("UTC").tz_convert("Europe/Zurich")
    return frame


def plain_value(told: Any, value: Any) -> Any:
    if told(value) == "null":
        return None
    return value.item() if isinstance(value, np.generic) else value


@pytest.mark.parametrize("rows", [1, 5, 40])
def test_every_kind_of_column_arrives(
    host: ModelHost, command: HostCommand, tmp_path: Path, rows: int
) -> None:
    (command.directory / "train.py").write_text(TELLS)
    frame = every_column(rows)
    model = trained(host, tmp_path / "models", frame.assign(label="never"), "label")
    own: dict[str, Any] = {}
    exec(TELLS, own)
    expected = own["Tells"]().predict(frame)
    assert model.predict(frame).labels == expected
    specs, made = encode_frame(frame)
    columns = decode_columns(made.described, made.buffers, rows)
    rebuilt = FrameBuilder(specs).frame(columns, rows)
    assert own["Tells"]().predict(rebuilt) == expected
    for place, spec in enumerate(specs):
        if spec.categories is not None:  # values in place of codes
            columns[place] = frame[spec.name].tolist()
    plain = [[plain_value(own["told"], one) for one in part] for part in columns]
    found = model.predict_columns(plain, specs, rows).labels
    assert found == expected


@pytest.mark.parametrize("estimator", ["logistic", "sgd", "forest", "boosting", "histograms"])
def test_its_models_are_compiled_and_their_forms_answer_as_they_do(
    host: ModelHost, command: HostCommand, tmp_path: Path, estimator: str
) -> None:
    (command.directory / "train.py").write_text(STEPS)
    rows = table()[[*FEATURES, "two"]]
    model = trained(host, tmp_path / "models", rows[:TRAIN], "two", estimator=estimator)
    classes = tuple(sorted(rows["two"].unique()))
    schema = Schema(features=infer_columns(rows[FEATURES]), classes=classes)
    verdict = compile_model(model, schema, rows[TRAIN:], tmp_path / "compiled", "require")
    assert verdict.verdict == "equal", verdict.reason


def test_processes_are_forked_there_and_states_are_equal(
    host: ModelHost, command: HostCommand, tmp_path: Path
) -> None:
    (command.directory / "train.py").write_text(STEPS)
    rows = table()[[*FEATURES, "two"]]
    model = trained(host, tmp_path / "models", rows, "two", estimator="forest")
    environment = host.environment()
    assert environment["python"].startswith("3.8.")
    with ForkServer(command) as forks:
        forks.warm(host.libraries())
        start = HostCommand(command.command, command.environment, command.directory, forks=forks)
        with ModelHost(start) as forked:
            assert forked.environment() == environment
            serve = SERVE.model_copy(update={"loader": "joblib"})
            same = forked.load(tmp_path / "models" / "model", serve, "classification")
            found, expected = same.predict(rows[FEATURES]), model.predict(rows[FEATURES])
            assert found.labels == expected.labels
            assert np.array_equal(found.probabilities, expected.probabilities)
            leaves, others = encode_state(same.state()), encode_state(model.state())
            assert len(leaves) > 0
            assert [*map(bytes, leaves)] == [*map(bytes, others)]


@pytest.mark.long
def test_its_own_tests_pass_there(python: Path) -> None:
    """Those that need no other part of this program; their number says that they ran."""
    options = ("-q", "-p", "no:cacheprovider", "--confcutdir", "tests/modelhost")
    done = subprocess.run(
        [str(python), "-B", "-m", "pytest", *options, *map(str, runnable_tests())],
        cwd=TOP,
        env={**os.environ, "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    passed = int(done.stdout.rpartition(" passed")[0].split()[-1])
    assert passed >= MIN_TESTS
