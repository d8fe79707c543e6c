"""Makes one model, loads it by the model host, and prints what it found, as JSON.

``python large_models.py CASE FOLDER``, in an environment with the case's library and without the
environment of the tests.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from modelhost.errors import PackageError
from modelhost.loaders.formats import PREFIX, found_format
from modelhost.model import load_model
from modelhost.state import state, state_digest

RANDOM = np.random.default_rng(0)
ROWS = pd.DataFrame(RANDOM.normal(size=(120, 3)), columns=["a", "b", "c"])
LABELS = (ROWS["a"] + ROWS["b"] > 0).astype(int)
TEXTS = pd.DataFrame({"text": ["good", "bad", "good good"]})
STEPS = pd.DataFrame({"step": [3, 1, 2]})
WORDS = pd.DataFrame(np.arange(60).reshape(20, 3) % 9, columns=["a", "b", "c"])
"""Indices of an embedding."""
SERIES = pd.Series(np.sin(np.arange(80.0)) + np.arange(80.0) / 10)
Made = tuple[Path, str, pd.DataFrame, Any]
"""The model's place, its task, rows, and the library's own answers to them."""


def catboost(place: Path) -> Made:
    from catboost import CatBoostClassifier

    model = CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False, thread_count=1)
    model.fit(ROWS, LABELS).save_model(str(place / "m.cbm"))
    return place / "m.cbm", "classification", ROWS, model.predict_proba(ROWS)


def catboost_pickle(place: Path) -> Made:
    from catboost import CatBoost

    settings = {"iterations": 5, "verbose": 0, "loss_function": "Logloss", "thread_count": 1}
    model = CatBoost({**settings, "allow_writing_files": False}).fit(ROWS, LABELS)
    joblib.dump(model, place / "m.pkl")
    told = model.predict(ROWS, prediction_type="Probability")
    return place / "m.pkl", "classification", ROWS, told


def onnx_zipmap(place: Path, zipmap: bool = True) -> Made:
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(ROWS, np.where(LABELS, "yes", "no"))
    rows = ROWS.to_numpy(np.float32)
    graph = to_onnx(model, rows[:1], options={"zipmap": zipmap})
    (place / "m.onnx").write_bytes(graph.SerializeToString())
    return place / "m.onnx", "classification", ROWS, model.predict_proba(ROWS)


def onnx_tensor(place: Path) -> Made:
    return onnx_zipmap(place, zipmap=False)


def skops(place: Path) -> Made:
    import skops.io
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(ROWS, LABELS)
    skops.io.dump(model, place / "m.skops")
    return place / "m.skops", "classification", ROWS, model.predict_proba(ROWS)


def _net(*last: Any) -> Any:
    import torch

    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), *last).eval()


def _asked(net: Any) -> Any:
    import torch

    return net(torch.from_numpy(ROWS.to_numpy(np.float32))).detach().numpy()


def torchscript(place: Path) -> Made:
    import torch

    net = _net(torch.nn.Linear(4, 2), torch.nn.Softmax(dim=1))
    torch.jit.script(net).save(str(place / "m.pt"))
    return place / "m.pt", "classification", ROWS, _asked(net)


def torchscript_number(place: Path) -> Made:
    import torch

    net = _net(torch.nn.Linear(4, 1))
    torch.jit.trace(net, torch.zeros(2, 3)).save(str(place / "m.pt"))
    return place / "m.pt", "regression", ROWS, _asked(net)[:, 0]


def torch_export(place: Path) -> Made:
    import torch

    net = _net(torch.nn.Linear(4, 2), torch.nn.Softmax(dim=1))
    free = ({0: torch.export.Dim("rows")},)
    program = torch.export.export(net, (torch.zeros(4, 3),), dynamic_shapes=free)
    torch.export.save(program, place / "m.pt2")
    return place / "m.pt2", "classification", ROWS, _asked(net)


def torch_export_fixed(place: Path) -> Made:
    import torch

    net = _net(torch.nn.Linear(4, 1))
    torch.export.save(torch.export.export(net, (torch.zeros(7, 3),)), place / "m.pt2")
    return place / "m.pt2", "regression", ROWS, _asked(net)[:, 0]


def torch_module(place: Path) -> Made:
    import torch

    net = _net(torch.nn.Linear(4, 1), torch.nn.Sigmoid())
    joblib.dump(net, place / "m.pkl")
    told = _asked(net)[:, 0]
    return place / "m.pkl", "classification", ROWS, np.column_stack([1 - told, told])


def _word_net() -> tuple[Any, Any, Any]:
    """A module that looks words up, its input, and its own answers."""
    import torch

    parts = (torch.nn.Embedding(9, 4), torch.nn.Flatten(), torch.nn.Linear(12, 1))
    net, words = torch.nn.Sequential(*parts).eval(), torch.from_numpy(WORDS.to_numpy(np.int64))
    return net, words, net(words).detach().numpy()[:, 0]


def torchscript_words(place: Path) -> Made:
    import torch

    net, _, told = _word_net()
    torch.jit.script(net).save(str(place / "m.pt"))
    return place / "m.pt", "regression", WORDS, told


def torch_export_words(place: Path) -> Made:
    import torch

    net, words, told = _word_net()
    free = ({0: torch.export.Dim("rows")},)
    torch.export.save(torch.export.export(net, (words,), dynamic_shapes=free), place / "m.pt2")
    return place / "m.pt2", "regression", WORDS, told


def torch_module_words(place: Path) -> Made:
    net, _, told = _word_net()
    joblib.dump(net, place / "m.pkl")
    return place / "m.pkl", "regression", WORDS, told


def keras_words(place: Path) -> Made:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Embedding(9, 4), keras.layers.Flatten(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((3,), dtype="int64"), *layers])
    model.save(place / "m.keras")
    told = np.asarray(model.predict_on_batch(WORDS.to_numpy(np.int64)))[:, 0]
    return place / "m.keras", "regression", WORDS, told


def keras(place: Path) -> Made:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(4, activation="relu"), keras.layers.Dense(2, activation="softmax")]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.save(place / "m.keras")
    return place / "m.keras", "classification", ROWS, model.predict_on_batch(ROWS.to_numpy())


def prophet(place: Path, pickled: bool = False) -> Made:
    from prophet import Prophet
    from prophet.serialize import model_to_json

    days = pd.date_range("2024-01-01", periods=80)
    model = Prophet().fit(pd.DataFrame({"ds": days, "y": SERIES}), seed=1)
    rows = pd.DataFrame({"ds": ["2024-05-03", "2024-05-01"]})
    told = model.predict(rows.assign(ds=pd.to_datetime(rows["ds"])))["yhat"].tolist()[::-1]
    if pickled:
        joblib.dump(model, place / "m.pkl")
        return place / "m.pkl", "regression", rows, told
    (place / "m.json").write_text(model_to_json(model))
    return place / "m.json", "regression", rows, told


def prophet_pickle(place: Path) -> Made:
    return prophet(place, pickled=True)


def spacy(place: Path) -> Made:
    import spacy
    from spacy.training import Example

    spacy.util.fix_random_seed(0)
    model = spacy.blank("en")
    part = model.add_pipe("textcat")
    for label in ("neg", "pos"):
        part.add_label(label)
    told = [("good", {"pos": 1.0, "neg": 0.0}), ("bad", {"pos": 0.0, "neg": 1.0})]
    examples = [Example.from_dict(model.make_doc(text), {"cats": cats}) for text, cats in told]
    model.initialize(lambda: examples)
    model.update(examples)
    model.to_disk(place / "m")
    own = [[model(text).cats[label] for label in ("neg", "pos")] for text in TEXTS["text"]]
    return place / "m", "classification", TEXTS, own


def transformers(place: Path) -> Made:
    import torch
    import transformers as library
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = Tokenizer(models.WordLevel({"?": 0, "_": 1, "good": 2, "bad": 3}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokens = library.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="?", pad_token="_")
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    names = {"id2label": {0: "neg", 1: "pos"}, "label2id": {"neg": 0, "pos": 1}}
    config = library.BertConfig(vocab_size=4, intermediate_size=8, pad_token_id=1, **sizes, **names)
    torch.manual_seed(0)
    model = library.BertForSequenceClassification(config).eval()
    model.save_pretrained(place / "m")
    tokens.save_pretrained(place / "m")
    given = tokens(list(TEXTS["text"]), padding=True, return_tensors="pt")
    told = model(**given).logits.softmax(dim=1).detach().numpy()
    return place / "m", "classification", TEXTS, told


def _pickled(place: Path, model: Any, rows: pd.DataFrame, told: Any) -> Made:
    joblib.dump(model, place / "m.pkl")
    return place / "m.pkl", "regression", rows, np.asarray(told, np.float64).ravel()


def pmdarima(place: Path) -> Made:
    from pmdarima.arima import ARIMA

    model = ARIMA((1, 0, 0)).fit(SERIES)
    return _pickled(place, model, STEPS, np.asarray(model.predict(3))[[2, 0, 1]])


def sktime(place: Path) -> Made:
    from sktime.forecasting.naive import NaiveForecaster

    model = NaiveForecaster("drift").fit(SERIES)
    return _pickled(place, model, STEPS, model.predict([3, 1, 2]).to_numpy()[[2, 0, 1]])


def surprise(place: Path) -> Made:
    import surprise as library

    rows = pd.DataFrame({"u": list("xyz") * 10, "i": [1, 2, 3, 4, 5] * 6, "r": [1, 3, 5] * 10})
    table = library.Dataset.load_from_df(rows, library.Reader()).build_full_trainset()
    model = library.SVD(random_state=0).fit(table)
    told = [
        model.predict(user, item).est for user, item in rows[["u", "i"]].itertuples(index=False)
    ]
    return _pickled(place, model, rows[["u", "i"]], told)


def cox(place: Path, name: str = "CoxPHFitter") -> Made:
    import lifelines

    rows = ROWS[["a", "b"]]
    table = rows.assign(T=np.exp(ROWS["c"] - ROWS["a"]), E=1)
    model = getattr(lifelines, name)().fit(table, "T", "E")
    call = getattr(model, "predict_partial_hazard", model.predict_median)
    return _pickled(place, model, rows, call(rows))


def aft(place: Path) -> Made:
    return cox(place, "WeibullAFTFitter")


def kaplan(place: Path) -> Made:
    from lifelines import KaplanMeierFitter

    model = KaplanMeierFitter().fit(np.exp(ROWS["c"]), LABELS)
    rows = pd.DataFrame({"time": [2.0, 0.5]})
    return _pickled(place, model, rows, model.survival_function_at_times(rows["time"]))


def main(name: str, place: Path) -> None:
    """Make the model of the case ``name`` in the folder ``place``, and print what is found."""
    logging.disable(logging.CRITICAL)
    place.mkdir(parents=True)
    if name.startswith("torch"):
        import torch

        torch.manual_seed(0)
    make: Callable[[Path], Made] = globals()[name]
    path, task, rows, own = make(place)
    found = found_format(path)
    unnamed = name.startswith("torch") and task == "classification"
    classes = ("no", "yes") if unnamed else None
    loader = PREFIX + found.name if found else "joblib"
    model = load_model(path, "auto", loader, task, classes=classes)  # type: ignore[arg-type]
    told = model.predict(rows)
    given = told.labels if told.probabilities is None else told.probabilities
    answer = {
        "format": found and found.name,
        "answers": [told.labels, np.asarray(given).tolist()],
        "agrees": bool(np.allclose(np.asarray(given, float), own, atol=1e-5)),
        "state": state_digest(state(model.native if model.state is None else model.state)),
        "cut": _cut(path, found.name, task) if found and path.is_file() else None,
    }
    sys.stdout.write(f"\n{json.dumps(answer)}\n")


def _cut(path: Path, name: str, task: str) -> str:
    """The message about the file without its last third."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    try:
        found_format(path, path.name)
        load_model(path, "auto", PREFIX + name, task)  # type: ignore[arg-type]
    except PackageError as error:
        return error.message
    return "it was read"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
