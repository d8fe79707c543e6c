"""A compiled model of texts gives scikit-learn's answers, for one row and for many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compile_samples import Sample, assert_equal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from text_samples import SPARSE, TEXT_MODELS, documents, text_sample

from packager.model.compiled import sparse_model

pytestmark = pytest.mark.slow

TEXTS = st.one_of(
    st.text(max_size=40),
    st.text("abéßñİ \n\0_-A", max_size=60),
    st.sampled_from(documents(40, seed=3)).flatmap(
        lambda text: st.sampled_from([text, text.upper(), text * 2, text[::2]])
    ),
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "stars": st.none() | st.floats(-9, 9),
            "text": st.none() | TEXTS,
            "kind": st.none() | st.sampled_from([*"abcd"]),
        }
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    """Every model of the list, compiled."""
    return {name: text_sample(name, tmp_path_factory.mktemp("forms") / "f") for name in TEXT_MODELS}


@pytest.mark.parametrize("name", TEXT_MODELS)
@pytest.mark.sample(7)
def test_common_models_of_texts_are_compiled(samples: dict[str, Sample], name: str) -> None:
    made = samples[name]
    assert (made.verdict.verdict, made.verdict.strategy) == ("equal", SPARSE), made.verdict.reason
    assert made.verdict.edge_rows > 200
    assert made.verdict.largest_difference < 1e-12
    assert assert_equal(made, made.rows()) == made.verdict.held_out_rows > 70


@pytest.mark.parametrize("name", TEXT_MODELS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS)
@pytest.mark.sample(7)
def test_no_text_makes_a_difference(
    samples: dict[str, Sample], name: str, rows: list[dict[str, Any]]
) -> None:
    made = samples[name]
    assert made.compiled is not None
    names = [column.name for column in made.schema.features]
    rows = [{name: row[name] for name in names} for row in rows]
    columns = made.columns(rows)
    _, inside = made.compiled.predict_rows(columns)
    assert not inside[[row["text"] is None for row in rows]].any()
    alone = [made.compiled.predict_row(row) for row in zip(*columns, strict=True)]
    assert [answer is not None for answer in alone] == inside.tolist()
    assert_equal(made, rows)


def test_probabilities_have_the_bits_of_the_model(samples: dict[str, Sample]) -> None:
    made = samples["words"]
    assert made.compiled is not None
    rows = made.rows()
    columns = made.columns(rows)
    answers, inside = made.compiled.predict_rows(columns)
    wanted = made.native(rows).probabilities
    assert answers.probabilities is not None
    assert wanted is not None
    assert answers.probabilities[inside].tobytes() == wanted[inside].tobytes()
    for row in np.flatnonzero(inside).tolist():
        alone = made.compiled.predict_row([column[row] for column in columns])
        assert alone is not None
        assert alone[1] == wanted[row].tolist()


@pytest.mark.parametrize("name", ["pairs of words", "characters", "beside numbers", "ridge"])
def test_rows_in_several_parts_give_the_same(
    samples: dict[str, Sample], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = samples[name]
    assert made.compiled is not None
    columns = made.columns([*made.rows(), {"stars": 1.0, "text": None, "kind": "a"}])
    whole, inside = made.compiled.predict_rows(columns)
    monkeypatch.setattr(sparse_model, "MAX_CHARACTERS", 100)
    parts, also = made.compiled.predict_rows(columns)
    assert also.tolist() == inside.tolist()
    assert parts.labels == whole.labels
    assert np.array_equal(parts.probabilities, whole.probabilities)  # type: ignore[arg-type]


def test_no_rows_have_no_answers(samples: dict[str, Sample]) -> None:
    made = samples["words"].compiled
    assert made is not None
    answers, inside = made.predict_rows([[], [], []])
    assert (answers.labels, len(inside)) == ([], 0)


def test_a_long_document_takes_time_in_proportion(samples: dict[str, Sample]) -> None:
    made = samples["pairs of words"].compiled
    assert made is not None
    document = (" ".join(documents(20)) * 2_000)[:1_000_000]
    assert made.text_columns == (1,)
    assert made.predict_row([0.0, document, "a"]) == made.predict_row([0.0, document, "b"])


def test_the_arrays_are_written_once_and_mapped(samples: dict[str, Sample], tmp_path: Path) -> None:
    made = samples["words"]
    files = {file.name: file.stat().st_size for file in made.folder.iterdir()}
    assert files.keys() == {"form.json", "arrays.bin"}
    assert files["form.json"] < 3_000
