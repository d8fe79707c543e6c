"""Inputs and answers on a model card."""

from __future__ import annotations

from host_samples import MANIFEST
from sbom_samples import SCHEMA

from packager.manifest.manifest import Column, Schema
from packager.manifest.outputs import Output
from packager.report.card_model import input_table, output_table, predicts


def manifest(schema: Schema, task: str = "regression"):
    return MANIFEST.model_copy(update={"schema_": schema, "task": task})


def test_a_sentence_says_what_is_predicted():
    assert predicts(manifest(SCHEMA)) == "Predicts price from 2 inputs."
    assert predicts(manifest(SCHEMA, "classification")) == "Classifies price from 2 inputs."
    one = Schema(features=SCHEMA.features[:1])
    assert predicts(manifest(one)) == "Predicts a number from 1 input."
    outputs = (Output(name="a", kind="score"), Output(name="b", kind="text"))
    assert predicts(manifest(one.model_copy(update={"outputs": outputs}), "outputs")) == (
        "Answers a, b from 1 input."
    )


def test_inputs_show_ranges_and_values_but_none_of_personal_data():
    colour = Column(
        name="colour", kind="string", dtype="str", nullable=False, categories=("a", "b"),
        default="a",
    )  # fmt: skip
    extra = Column(name="shop", kind="string", dtype="str", nullable=True)
    picture = Column(name="px", kind="array", dtype="object", nullable=False, shape=(2, 3))
    schema = SCHEMA.model_copy(
        update={"features": (*SCHEMA.features, colour, picture), "extras": (extra,)}
    )
    assert input_table(schema).rows == (
        ("rooms", "integer", "not in training", "1.000 to 9.000", "required"),
        ("mail", "string", "allowed", "not recorded: e-mail addresses", "required"),
        ("colour", "string", "not in training", "a, b", "default a"),
        ("px", "array [2, 3]", "not in training", "", "required"),
        ("shop", "string", "allowed", "", "optional, for slices only"),
    )


def test_answers_name_classes_shapes_and_where_the_right_ones_are():
    classes = Schema(features=(), classes=("no", "yes"), target=SCHEMA.target)
    assert output_table(manifest(classes, "classification")).rows == (
        ("prediction", "label", "no, yes", "price"),
    )
    outputs = (
        Output(name="a", kind="labels", classes=("x", "y"), target=("t", "u")),
        Output(name="b", kind="array", shape=(3,)),
    )
    named = Schema(features=(), outputs=outputs)
    assert output_table(manifest(named, "outputs")).rows == (
        ("a", "labels", "x, y", "t, u"),
        ("b", "array", "[3]", ""),
    )
