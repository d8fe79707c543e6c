"""Models with ``[outputs]`` are compiled: several numbers, several labels, sets of labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from compile_samples import FEATURES, Sample, one_hot, table
from output_samples import LABELS, MODELS, PAIR, judged, logistic, output_sample
from sklearn import linear_model
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import RegressorChain
from sklearn.pipeline import make_pipeline

from packager.model.compiled.output_difference import row_differences
from packager.model.predictions import prediction_answers

pytestmark = pytest.mark.slow


def assert_equal(made: Sample, rows: list[dict[str, object]]) -> int:
    """Assert that the answers in the domain are the model's; return their number."""
    assert made.compiled is not None
    found, inside = made.compiled.predict_rows(made.columns(rows))
    chosen = np.flatnonzero(inside).tolist()
    expected = made.native([rows[row] for row in chosen])
    assert max(row_differences(found.at(chosen), expected)) <= made.verdict.tolerance
    classes = made.schema.probability_classes
    shapes = [
        [[*one], type(one["prediction"])] for one in prediction_answers(found.at(chosen), classes)
    ]
    assert shapes == [
        [[*one], type(one["prediction"])] for one in prediction_answers(expected, classes)
    ]
    return len(chosen)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.sample(8)
def test_a_model_of_several_answers_is_compiled_the_fastest_way(tmp_path: Path, name: str):
    made = output_sample(name, tmp_path / "form")
    verdict = made.verdict
    assert (verdict.reason, verdict.verdict, verdict.strategy) == ("", "equal", MODELS[name][3])
    assert verdict.edge_rows > 50
    assert assert_equal(made, made.rows()) == verdict.held_out_rows > 100


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        (
            make_pipeline(TfidfVectorizer(token_pattern="."), RegressorChain(linear_model.Ridge())),
            "the 2 answers of RegressorChain are not taken apart",
        ),
    ],
)
def test_a_chain_on_texts_is_refused_by_name(tmp_path: Path, native, reason):
    frame = table()
    made = judged(native, frame[["size", "kind"]], frame, PAIR, tmp_path / "form")
    assert (made.verdict.verdict, made.verdict.reason) == ("refused", reason)


def test_a_pipeline_inside_is_not_taken_apart(tmp_path: Path):
    frame = table()
    inner = make_pipeline(one_hot(), logistic())
    made = judged(OneVsRestClassifier(inner), frame[FEATURES], frame, LABELS, tmp_path / "form")
    assert made.verdict.verdict == "refused"
    assert made.verdict.reason == "text reaches OneVsRestClassifier"


def test_labels_without_a_row_of_their_own_are_named(tmp_path: Path):
    frame = table()
    frame["kind"] = "a"  # the third label never occurs
    native = make_pipeline(one_hot(handle_unknown="ignore"), OneVsRestClassifier(logistic()))
    made = judged(native, frame[FEATURES], frame, LABELS, tmp_path / "form")
    assert made.verdict.strategy == "encoders + native estimator"


def test_a_form_with_a_wrong_weight_is_refused(tmp_path: Path, monkeypatch):
    from packager.worker.compile import candidates

    made = candidates._joined

    def bent(described, head):
        candidate = made(described, head)
        heads = list(candidate.form.head.heads)
        rows = heads[1].coefficients
        heads[1] = heads[1].model_copy(
            update={"coefficients": ((rows[0][0] + 1e-4, *rows[0][1:]), *rows[1:])}
        )
        joined = candidate.form.head.model_copy(update={"heads": tuple(heads)})
        form = candidate.form.model_copy(update={"head": joined})
        return candidates.CompiledCandidate(form, candidate.content)

    monkeypatch.setattr(candidates, "_joined", bent)
    frame = table()
    native = make_pipeline(one_hot(), linear_model.Ridge())
    found = judged(native, frame[FEATURES], frame, PAIR, tmp_path / "form").verdict
    assert found.strategy == "encoders + native estimator"  # the second way
