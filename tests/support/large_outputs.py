"""Makes one model of a large library with ``[outputs]``, and prints its answers and the library's.

``python large_outputs.py CASE FOLDER``, as ``large_models.py``.
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

from modelhost.loaders.formats import PREFIX, found_format
from modelhost.model import load_model
from modelhost.output_spec import OutputSpec

RANDOM = np.random.default_rng(0)
ROWS = pd.DataFrame(RANDOM.normal(size=(120, 3)), columns=["a", "b", "c"])
SIDE = OutputSpec("side", "label", ("low", "high"))
TAGS = OutputSpec("tags", "labels", ("new", "red"))
VECTOR = OutputSpec("vector", "array")
STEPS = pd.DataFrame({"step": [3, 1, 2]})
SERIES = pd.Series(np.sin(np.arange(80.0)) + np.arange(80.0) / 10)
LEVELS = (0.1, 0.5, 0.9)
Made = tuple[Path, tuple[OutputSpec, ...], pd.DataFrame, list[Any]]
"""The model's place, its outputs, rows, and the library's own answers to them."""


def _answers(side: Any, tags: Any, vector: Any) -> list[Any]:
    return [
        {
            "side": SIDE.classes[int(np.argmax(one))],  # type: ignore[index]
            "tags": [
                tag for tag, chance in zip(TAGS.classes or (), two, strict=True) if chance >= 0.5
            ],
            "vector": [float(number) for number in three],
        }
        for one, two, three in zip(side, tags, vector, strict=True)
    ]


def _net(as_dict: bool) -> Any:
    import torch

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = torch.nn.Linear(3, 4)
            self.side, self.tags = torch.nn.Linear(4, 2), torch.nn.Linear(4, 2)

        def forward(self, rows: torch.Tensor) -> Any:
            vector = torch.tanh(self.body(rows))
            side, tags = torch.softmax(self.side(vector), 1), torch.sigmoid(self.tags(vector))
            if as_dict:
                return {"vector": vector, "tags": tags, "side": side}
            return side, tags, vector

    torch.manual_seed(0)
    return Net().eval()


def _asked(net: Any) -> list[Any]:
    import torch

    found = net(torch.from_numpy(ROWS.to_numpy(np.float32)))
    parts = (
        [found[name] for name in ("side", "tags", "vector")] if isinstance(found, dict) else found
    )
    return _answers(*(part.detach().numpy() for part in parts))


def torch_export(place: Path) -> Made:
    import torch

    net = _net(as_dict=True)
    free = ({0: torch.export.Dim("rows")},)
    program = torch.export.export(net, (torch.zeros(4, 3),), dynamic_shapes=free)
    torch.export.save(program, place / "m.pt2")
    return place / "m.pt2", (SIDE, TAGS, VECTOR), ROWS, _asked(net)


def torchscript(place: Path) -> Made:
    import torch

    net = _net(as_dict=False)
    torch.jit.trace(net, torch.zeros(2, 3)).save(str(place / "m.pt"))
    return place / "m.pt", (SIDE, TAGS, VECTOR), ROWS, _asked(net)


def onnx(place: Path) -> Made:
    import torch

    net = _net(as_dict=False)
    torch.onnx.export(
        net,
        (torch.zeros(2, 3),),
        str(place / "m.onnx"),
        output_names=["side", "tags", "vector"],
        dynamic_shapes=({0: torch.export.Dim("rows")},),
        dynamo=True,
        external_data=False,
    )
    return place / "m.onnx", (VECTOR, SIDE, TAGS), ROWS, _asked(net)


def keras(place: Path) -> Made:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    keras.utils.set_random_seed(0)
    given = keras.Input((3,))
    vector = keras.layers.Dense(4, activation="tanh", name="vector")(given)
    side = keras.layers.Dense(2, activation="softmax", name="side")(vector)
    tags = keras.layers.Dense(2, activation="sigmoid", name="tags")(vector)
    model = keras.Model(given, [tags, vector, side])
    model.save(place / "m.keras")
    tagged, vectors, sides = map(np.asarray, model.predict_on_batch(ROWS.to_numpy(np.float32)))
    return place / "m.keras", (SIDE, TAGS, VECTOR), ROWS, _answers(sides, tagged, vectors)


def keras_inputs(place: Path) -> Made:
    """A column of arrays and a number, each an input of its name."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    keras.utils.set_random_seed(0)
    pair, price = keras.Input((2,), name="pair"), keras.Input((1,), name="price")
    both = keras.layers.Concatenate()([pair, price])
    model = keras.Model([pair, price], keras.layers.Dense(4)(both))
    model.save(place / "m.keras")
    pairs = ROWS[["a", "b"]].to_numpy(np.float32)
    rows = pd.DataFrame({"price": ROWS["c"], "pair": list(pairs)})
    told = model.predict_on_batch([pairs, ROWS[["c"]].to_numpy(np.float32)])
    return place / "m.keras", (VECTOR,), rows, np.asarray(told, float).tolist()


def spacy(place: Path) -> Made:
    import spacy
    from spacy.training import Example

    spacy.util.fix_random_seed(0)
    model = spacy.blank("en")
    model.add_pipe("ner").add_label("TOWN")
    part = model.add_pipe("textcat_multilabel")
    for label in TAGS.classes or ():
        part.add_label(label)
    texts = ["a new car in Graz", "a red one from Lyon", "a new red one", "none in Graz"]
    towns = [[(13, 17, "TOWN")], [(15, 19, "TOWN")], [], [(8, 12, "TOWN")]]
    examples = [
        Example.from_dict(
            model.make_doc(text),
            {"entities": town, "cats": {tag: float(tag in text) for tag in TAGS.classes or ()}},
        )
        for text, town in zip(texts, towns, strict=True)
    ]
    optimizer = model.initialize(lambda: examples)
    for _ in range(20):
        model.update(examples, sgd=optimizer)
    model.to_disk(place / "m")
    told = [
        {
            "tags": [tag for tag in TAGS.classes or () if one.cats[tag] >= 0.5],
            "towns": [[e.start_char, e.end_char, e.label_] for e in one.ents],
        }
        for one in model.pipe(texts)
    ]
    outputs = (OutputSpec("tags", "labels"), OutputSpec("towns", "json", spans=True))
    return place / "m", outputs, pd.DataFrame({"text": texts}), told


def _transformers(place: Path, head: str, **more: Any) -> tuple[Any, Any, list[str]]:
    import torch
    import transformers as library
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = Tokenizer(models.WordLevel({"?": 0, "_": 1, "good": 2, "bad": 3}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokens = library.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="?", pad_token="_")
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = library.BertConfig(vocab_size=4, intermediate_size=8, pad_token_id=1, **sizes, **more)
    torch.manual_seed(0)
    model = getattr(library, head)(config).eval()
    model.save_pretrained(place / "m")
    tokens.save_pretrained(place / "m")
    return model, tokens, ["good", "bad good", "good good"]


def transformers_labels(place: Path) -> Made:
    names = {"id2label": {0: "new", 1: "red"}, "label2id": {"new": 0, "red": 1}}
    kind = {"problem_type": "multi_label_classification"}
    model, tokens, texts = _transformers(place, "BertForSequenceClassification", **names, **kind)
    given = tokens(texts, padding=True, return_tensors="pt")
    chances = model(**given).logits.sigmoid().detach().numpy()
    told = [
        [tag for tag, one in zip(("new", "red"), row, strict=True) if one >= 0.5] for row in chances
    ]
    return place / "m", (OutputSpec("tags", "labels"),), pd.DataFrame({"text": texts}), told


def transformers_spans(place: Path) -> Made:
    names = {"id2label": {0: "O", 1: "B-TOWN"}, "label2id": {"O": 0, "B-TOWN": 1}}
    model, tokens, texts = _transformers(place, "BertForTokenClassification", **names)
    told = []
    for text in texts:
        given = tokens(text, return_tensors="pt", return_offsets_mapping=True)
        places = given.pop("offset_mapping")[0].tolist()
        found = model(**given).logits.argmax(-1)[0].tolist()
        told.append([[*span, "TOWN"] for span, label in zip(places, found, strict=True) if label])
    return place / "m", (OutputSpec("towns", "json"),), pd.DataFrame({"text": texts}), told


def transformers_vector(place: Path) -> Made:
    model, tokens, texts = _transformers(place, "BertModel")
    told = []
    for text in texts:
        found = model(**tokens(text, return_tensors="pt")).last_hidden_state
        told.append(found[0].mean(0).detach().numpy().astype(float).tolist())
    return place / "m", (VECTOR,), pd.DataFrame({"text": texts}), told


def _pickled(place: Path, model: Any, output: OutputSpec, rows: Any, told: Any) -> Made:
    joblib.dump(model, place / "m.pkl")
    return place / "m.pkl", (output,), rows, told


def _by_level(table: Any) -> list[Any]:
    return [dict(zip(map(str, LEVELS), map(float, row), strict=True)) for row in np.asarray(table)]


def pmdarima(place: Path) -> Made:
    from pmdarima.arima import ARIMA

    promo = pd.DataFrame({"promo": np.arange(80) % 7 == 0}).astype(float)
    model = ARIMA((1, 0, 0)).fit(SERIES + 3 * promo["promo"], X=promo)
    rows = STEPS.assign(promo=[1.0, 0.0, 0.0])
    mean, bounds = model.predict(
        3, X=pd.DataFrame({"promo": [0.0, 0.0, 1.0]}), return_conf_int=True, alpha=0.2
    )
    table = np.column_stack([bounds[:, 0], mean, bounds[:, 1]])[[2, 0, 1]]
    return _pickled(
        place, model, OutputSpec("y", "quantiles", levels=LEVELS), rows, _by_level(table)
    )


def sktime(place: Path) -> Made:
    from sktime.forecasting.naive import NaiveForecaster

    model = NaiveForecaster("last").fit(SERIES)
    table = model.predict_quantiles([1, 2, 3], alpha=list(LEVELS)).to_numpy()[[2, 0, 1]]
    return _pickled(
        place, model, OutputSpec("y", "quantiles", levels=LEVELS), STEPS, _by_level(table)
    )


def surprise(place: Path) -> Made:
    import surprise as library

    table = pd.DataFrame({"u": list("xyz") * 10, "i": [1, 2, 3, 4, 5] * 6, "r": [1, 3, 5] * 10})
    table = table[(table["u"] != "x") | (table["i"] < 4)]
    model = library.SVD(random_state=0).fit(
        library.Dataset.load_from_df(table, library.Reader()).build_full_trainset()
    )
    best = sorted(range(1, 6), key=lambda item: -model.predict("new", item).est)[:2]
    free = sorted((4, 5), key=lambda item: -model.predict("x", item).est)
    rows = pd.DataFrame({"who": ["x", "new"]})
    return _pickled(place, model, OutputSpec("items", "json", top=2), rows, [free, best])


def _survival(name: str) -> tuple[Any, pd.DataFrame]:
    import lifelines

    rows = ROWS[["a", "b"]]
    table = rows.assign(T=np.exp(ROWS["c"] - ROWS["a"]), E=1)
    return getattr(lifelines, name)().fit(table, "T", "E"), rows


def cox(place: Path) -> Made:
    model, rows = _survival("CoxPHFitter")
    told = model.predict_survival_function(rows, times=[0.5, 2.0]).to_numpy().T.tolist()
    return _pickled(place, model, OutputSpec("free", "numbers", times=(0.5, 2.0)), rows, told)


def weibull(place: Path) -> Made:
    model, rows = _survival("WeibullAFTFitter")
    table = np.column_stack([model.predict_percentile(rows, p=1 - level) for level in LEVELS])
    return _pickled(
        place, model, OutputSpec("t", "quantiles", levels=LEVELS), rows, _by_level(table)
    )


def catboost(place: Path) -> Made:
    from catboost import CatBoost

    settings = {"iterations": 5, "verbose": 0, "loss_function": "MultiLogloss", "thread_count": 1}
    both = np.column_stack([ROWS["a"] > 0, ROWS["b"] > 0]).astype(int)
    model = CatBoost({**settings, "allow_writing_files": False}).fit(ROWS, both)
    chances = model.predict(ROWS, prediction_type="Probability")
    told = [
        [tag for tag, one in zip(("new", "red"), row, strict=True) if one >= 0.5] for row in chances
    ]
    return _pickled(place, model, TAGS, ROWS, told)


def close(one: Any, other: Any) -> bool:
    """Whether two answers are alike, numbers up to 1e-5."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(close, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < 1e-5 * max(1.0, abs(one))
    return bool(one == other)


def main(name: str, place: Path) -> None:
    """Make the model of the case ``name`` in the folder ``place``, and print both answers."""
    logging.disable(logging.CRITICAL)
    place.mkdir(parents=True)
    make: Callable[[Path], Made] = globals()[name]
    path, outputs, rows, own = make(place)
    found = found_format(path)
    loader = PREFIX + found.name if found else "joblib"
    model = load_model(path, "auto", loader, "outputs", outputs)
    told = json.loads(json.dumps(model.predict(rows).labels))
    own = json.loads(json.dumps(own))
    answer = {"agrees": close(told, own), "told": told[:2], "own": own[:2]}
    sys.stdout.write(f"\n{json.dumps(answer)}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
