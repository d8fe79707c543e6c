"""Records of a model's outputs."""

from __future__ import annotations

from packager.manifest.outputs import Output, completed, targets_of

PRICE = Output(name="price", kind="number", target=("price",))
TAGS = Output(name="tags", kind="labels", target=("a", "b"), classes=("a", "b"))


def test_targets_are_named_once():
    twice = Output(name="again", kind="number", target=("price",))
    assert targets_of((PRICE, TAGS, twice)) == ("price", "a", "b")


def test_the_model_completes_classes():
    given = Output(name="y", kind="label", target=("y",))
    (found,) = completed((given,), (given.spec._replace(classes=("a",)),))
    assert found == given.model_copy(update={"classes": ("a",)})


def test_its_specification():
    assert TAGS.spec.classes == ("a", "b")
    assert TAGS.spec.kind == "labels"
