"""Task, labels and requirements that the file of a model tells."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from tiny_models import LABELS, NUMBERS, THREE, lightgbm_booster, xgboost_booster

from modelhost.loaders.formats import FORMATS
from packager.project.model_facts import Facts, facts_of_format, facts_of_pickle
from packager.project.output_sections import ModelOutput


@pytest.mark.parametrize(
    ("objective", "target", "task"),
    [
        ("binary", LABELS, "classification"),
        ("multiclass", THREE, "classification"),
        ("regression", NUMBERS, "regression"),
    ],
)
def test_the_objective_of_lightgbm_is_the_task(
    tmp_path: Path, objective: str, target: object, task: str
) -> None:
    more = {"num_class": 3} if objective == "multiclass" else {}
    lightgbm_booster(objective, target, **more).save_model(tmp_path / "m.txt")
    facts = facts_of_format(tmp_path / "m.txt", FORMATS["lightgbm"])
    assert (facts.task, facts.labelled, facts.numbered) == (task, False, True)
    assert facts.requirements == ["lightgbm", "pandas"]


@pytest.mark.parametrize("suffix", ["json", "ubj"])
@pytest.mark.parametrize(
    ("objective", "target", "task"),
    [
        ("binary:logistic", LABELS, "classification"),
        ("reg:squarederror", NUMBERS, "regression"),
    ],
)
def test_the_objective_of_xgboost_is_the_task(
    tmp_path: Path, suffix: str, objective: str, target: object, task: str
) -> None:
    xgboost_booster(objective, target).save_model(tmp_path / f"m.{suffix}")
    facts = facts_of_format(tmp_path / f"m.{suffix}", FORMATS[f"xgboost_{suffix}"])
    assert facts.task == task
    assert facts.requirements[-1].startswith("xgboost-cpu")
    assert (">=" in facts.requirements[-1]) == (suffix == "json")


def test_networks_don_t_tell(tmp_path: Path) -> None:
    (tmp_path / "m.pt").write_bytes(b"PK")
    facts = facts_of_format(tmp_path / "m.pt", FORMATS["torchscript"])
    assert (facts.task, facts.labelled, facts.numbered) == (None, False, False)


def test_the_modules_of_a_pickle_are_its_requirements() -> None:
    content = pickle.dumps({"booster": 1}) + b"lightgbm.basic"
    assert facts_of_pickle(content).requirements == ["joblib", "lightgbm", "pandas"]


def facts_of_folder(folder: Path, name: str, file: str, content: dict[str, object]) -> Facts:
    (folder / file).write_text(json.dumps(content))
    return facts_of_format(folder, FORMATS[name])


@pytest.mark.parametrize(
    ("architecture", "more", "task", "output"),
    [
        ("BertForSequenceClassification", {}, "classification", None),
        ("BertForSequenceClassification", {"id2label": {"0": "LABEL_0"}}, "regression", None),
        (
            "BertForSequenceClassification",
            {"problem_type": "multi_label_classification", "id2label": {"0": "a", "1": "b"}},
            None,
            ModelOutput("labels", "labels"),
        ),
        (
            "BertForSequenceClassification",
            {"problem_type": "regression", "id2label": {"0": "a", "1": "b"}},
            None,
            ModelOutput("numbers", "numbers"),
        ),
        ("BertForTokenClassification", {}, None, ModelOutput("spans", "json", spans=True)),
        ("BertModel", {}, None, ModelOutput("vector", "array", targeted=False)),
    ],
)
def test_the_head_of_a_transformer_is_its_answer(
    tmp_path: Path, architecture: str, more: dict[str, object], task: str, output: object
) -> None:
    config = {"model_type": "bert", "architectures": [architecture], **more}
    facts = facts_of_folder(tmp_path, "transformers", "config.json", config)
    assert (facts.task, facts.output) == (task, output)


@pytest.mark.parametrize(
    ("parts", "task", "output"),
    [
        (["tok2vec", "ner", "textcat"], "classification", None),
        (["ner", "textcat_multilabel"], None, ModelOutput("labels", "labels")),
        (["tok2vec", "ner"], None, ModelOutput("spans", "json", spans=True)),
        (["tagger"], None, ModelOutput("vector", "array", targeted=False)),
    ],
)
def test_the_parts_of_a_spacy_pipeline_are_its_answer(
    tmp_path: Path, parts: list[str], task: str, output: object
) -> None:
    facts = facts_of_folder(tmp_path, "spacy", "meta.json", {"lang": "en", "pipeline": parts})
    assert (facts.task, facts.output) == (task, output)


@pytest.mark.parametrize(
    ("content", "output"),
    [
        (b"sklearn.ensemble._iforest IsolationForest", ModelOutput("anomaly", "score")),
        (b"sklearn.cluster._kmeans KMeans", ModelOutput("cluster", "label", targeted=False)),
        (b"KMeans then LogisticRegression", None),
        (b"KMeans then RandomForestClassifier", None),
        (b"IsolationForest then Ridge", None),
    ],
)
def test_clusterers_and_detectors_answer_without_a_task(content: bytes, output: object) -> None:
    assert facts_of_pickle(content).output == output
