"""The model card of a bill: metrics of the whole and of slices, inputs, what the author states."""

from __future__ import annotations

from host_samples import MANIFEST
from sbom_samples import EVALUATION, SCHEMA, TEXTS

from packager.manifest.manifest import Schema
from packager.manifest.outputs import Output
from packager.trust.cyclonedx_card import MAX_CLASSES, model_card, output_formats
from packager.worker.test.weak_slice import WeakSlice, WeakSlices

PRICES = MANIFEST.model_copy(update={"schema_": SCHEMA, "evaluation": EVALUATION})
WEAK = WeakSlices(
    against="rest", effect=0.1, level=0.02, rows=40, tried=7, searched=("rooms",), left_out={},
    slices=(
        WeakSlice(
            features=("rooms",), condition="rooms >= 5", rule="", rows=9, share=0.2, loss=3.5,
            expected=1.5, excess=2.0, interval=(1.0, 3.0), p=0.001, q=0.001, harmed=18.0,
        ),
    ),
)  # fmt: skip


def test_every_metric_of_the_whole_and_of_each_slice_has_its_interval():
    metrics = model_card(PRICES, None)["quantitativeAnalysis"]["performanceMetrics"]
    assert metrics == [
        {
            "type": "mae",
            "value": "1.5",
            "confidenceInterval": {"lowerBound": "1.0", "upperBound": "2.0"},
        },
        {
            "type": "mae",
            "value": "3.0",
            "slice": "bad",
            "confidenceInterval": {"lowerBound": "2.0", "upperBound": "4.0"},
        },
        {
            "type": "mae",
            "value": "0.5",
            "slice": "good",
            "confidenceInterval": {"lowerBound": "0.25", "upperBound": "0.75"},
        },
    ]


def test_a_card_has_task_inputs_answers_data_and_personal_columns():
    card = model_card(PRICES, "data")
    assert card["modelParameters"] == {
        "task": "regression",
        "inputs": [{"format": "rooms: integer"}, {"format": "mail: string, or null"}],
        "outputs": [{"format": "number"}],
        "datasets": [{"ref": "data"}],
    }
    assert {one["name"]: one["value"] for one in card["properties"]} == {
        "model-packager:held-out.rows": "40",
        "model-packager:interval": "95 %",
        "model-packager:personal.mail": "e-mail addresses",
        "model-packager:replay.level": "none",
    }


def test_what_the_author_states_and_the_build_found_are_considerations():
    assert model_card(PRICES, None, TEXTS, WEAK)["considerations"] == {
        "useCases": ["One.\n\nTwo."],
        "technicalLimitations": [
            "Rare.",
            "Weak slice: rooms >= 5: loss 3.5, expected 1.5, 9 rows",
        ],
    }
    assert "considerations" not in model_card(PRICES, None)


def test_a_package_without_metrics_has_none():
    assert "quantitativeAnalysis" not in model_card(MANIFEST, None)


def test_answers_name_their_classes_if_they_are_few():
    def formats(schema: Schema, task: str) -> list[str]:
        return output_formats(MANIFEST.model_copy(update={"schema_": schema, "task": task}))

    few = Schema(features=(), classes=("no", "yes"))
    assert formats(few, "classification") == ["label, one of no, yes"]
    many = Schema(features=(), classes=tuple(range(MAX_CLASSES + 1)))
    assert formats(many, "classification") == ["label, one of 21 classes"]
    named = Schema(
        features=(),
        outputs=(
            Output(name="a", kind="labels", classes=("x",)),
            Output(name="b", kind="array", shape=(3,)),
        ),
    )
    assert formats(named, "outputs") == ["a: labels, one of x", "b: array of shape [3]"]
