"""A model's task, labels and requirements from its file, without loading it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import NamedTuple

from modelhost.loaders.folder_content import description, task_of_config
from modelhost.loaders.formats import Format
from packager.manifest.base import Task
from packager.project.output_sections import ModelOutput
from packager.project.scaffold import task_of

DISTRIBUTIONS = {
    b"sklearn": "scikit-learn",
    b"xgboost": "xgboost-cpu",
    b"lightgbm": "lightgbm",
    b"catboost": "catboost",
    b"statsmodels": "statsmodels",
    b"prophet": "prophet",
    b"pmdarima": "pmdarima",
    b"sktime": "sktime",
    b"surprise": "scikit-surprise",
    b"lifelines": "lifelines",
    b"torch": "torch",
    b"pandas": "pandas",
    b"cloudpickle": "cloudpickle",
}
"""Module in a pickle → distribution on an index."""
MAX_READ = 64 << 20
"""Bytes of a model's file in which its task is looked for."""
_LABELS = {
    "lightgbm": rb"\nobjective=(binary|multiclass|cross_entropy)",
    "xgboost_json": rb"binary:logistic|multi:soft|reg:logistic",
    "xgboost_ubj": rb"binary:logistic|multi:soft|reg:logistic",
    "catboost": rb"class_to_label|Logloss|MultiClass|CrossEntropy",
    "onnx": rb"Classifier|ZipMap|Softmax|Sigmoid",
}
"""Format → what the file of a model of labels holds."""
_PREDICTORS = re.compile(rb"Classifier|Regress|SVC|SVR|NB\b|Ridge|Lasso|ElasticNet")
_DETECTORS = re.compile(rb"IsolationForest|OneClassSVM|EllipticEnvelope|LocalOutlierFactor")
_CLUSTERERS = re.compile(rb"KMeans|Birch|MeanShift|AffinityPropagation|GaussianMixture")
"""Class names in a pickle."""
_VERSION = {"xgboost_json": rb'"version"\s*:\s*\[(\d+)\s*,\s*(\d+)\s*,\s*(\d+)'}
OWN_LABELS = ("catboost", "skops", "spacy", "transformers")
"""Formats that record the labels, not only their number."""


class Facts(NamedTuple):
    """The facts that were found; requirements are lines of a requirements file."""

    task: Task | None
    """None if the file doesn't tell."""
    requirements: list[str]
    labelled: bool = True
    """Whether it records its labels."""
    numbered: bool = True
    """Whether it records their number."""
    output: ModelOutput | None = None
    """Its answer, if that is neither one label nor one number."""


def facts_of_pickle(content: bytes) -> Facts:
    """From the beginning of a pickle: its modules, and scikit-learn's version, which it has."""
    lines = {name for module, name in DISTRIBUTIONS.items() if module in content}
    version = re.search(rb"_sklearn_version[^0-9]{1,8}(\d+\.\d+\.\d+)", content)
    if version:
        lines = lines - {"scikit-learn"} | {f"scikit-learn=={version.group(1).decode()}"}
    if not lines & {"scikit-learn", "cloudpickle"} and not version:
        lines.add("joblib")  # what reads a pickle; scikit-learn requires it
    return Facts(task_of(content), sorted(lines | {"pandas"}), output=_output_of_pickle(content))


def facts_of_format(model: Path, model_format: Format) -> Facts:
    """From the content of a file or folder in a format of the model host."""
    content = _content(model, model_format)
    lines = [*model_format.requires]
    version = (
        re.search(_VERSION[model_format.name], content[-4096:])
        if model_format.name in _VERSION
        else None
    )
    if version:
        lines[0] += f">={b'.'.join(version.groups()).decode()}"
    output = _output(model, model_format)
    return Facts(
        None if output else _task(model, model_format, content),
        sorted({*lines, "pandas"}),
        labelled=model_format.name in OWN_LABELS,
        numbered=not model_format.name.startswith("torch"),
        output=output,
    )


def _output_of_pickle(content: bytes) -> ModelOutput | None:
    """Of a clusterer or a detector of anomalies without an estimator of labels or numbers."""
    if re.search(_PREDICTORS, content):
        return None
    if re.search(_DETECTORS, content):
        return ModelOutput("anomaly", "score")
    return ModelOutput("cluster", "label", targeted=False) if _CLUSTERERS.search(content) else None


def _output(model: Path, model_format: Format) -> ModelOutput | None:
    """Of a folder of spaCy or transformers."""
    spans = ModelOutput("spans", "json", spans=True)
    vector = ModelOutput("vector", "array", targeted=False)
    if model_format.name == "spacy":
        parts = description(model / "meta.json")["pipeline"]
        known = {"textcat": None, "textcat_multilabel": ModelOutput("labels", "labels")}
        return next(
            (out for part, out in (known | {"ner": spans}).items() if part in parts), vector
        )
    if model_format.name != "transformers":
        return None
    config = description(model / "config.json")
    kind = config.get("problem_type")
    if kind == "multi_label_classification":
        return ModelOutput("labels", "labels")
    if kind == "regression" and len(config.get("id2label", "")) != 1:
        return ModelOutput("numbers", "numbers")
    others = {"token-classification": spans, "feature-extraction": vector}
    return others.get(task_of_config(config) or "")


def _task(model: Path, model_format: Format, content: bytes) -> Task | None:
    if model_format.name in _LABELS:
        return "classification" if re.search(_LABELS[model_format.name], content) else "regression"
    if model_format.name == "spacy":
        return "classification"
    if model_format.name == "transformers":
        named = description(model / "config.json").get("id2label")
        return "regression" if named is not None and len(named) == 1 else "classification"
    if model_format.name == "prophet":
        return "regression"
    if model_format.name == "skops":
        return task_of(content)
    if model_format.name == "keras":
        labels = re.search(rb'"activation": "(softmax|sigmoid)"(?!.*"activation")', content)
        return "classification" if labels else "regression"
    return None


def _content(model: Path, model_format: Format) -> bytes:
    """The file, or the member of its archive that describes the model."""
    if model.is_dir():
        files = sorted(model.glob("*.onnx"))
        model = files[0] if files else next(p for p in sorted(model.rglob("*")) if p.is_file())
    member = {"skops": "schema.json", "keras": "config.json"}.get(model_format.name)
    if member is None:
        with model.open("rb") as file:
            return file.read(MAX_READ)
    with zipfile.ZipFile(model) as archive, archive.open(member) as file:
        return file.read(MAX_READ)
