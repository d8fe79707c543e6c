"""What a labelling scheme may say."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from packager.manifest.label_schemes import LabelScheme


def test_a_scheme_has_the_usual_resolution_of_its_kind():
    assert LabelScheme(name="a").resolve == "majority"
    assert LabelScheme(name="a", kind="number").resolve == "median"
    scheme = LabelScheme(name="a", classes=(True, False))
    assert scheme.texts == ("true", "false")
    assert LabelScheme.model_validate_json(scheme.dump()) == scheme


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "../x"}, "name"),
        ({"resolve": "mean"}, "expected majority or unanimous"),
        ({"kind": "number", "classes": ("a",)}, "expected none for kind 'number'"),
        ({"min": 1}, "expected none for kind 'label'"),
        ({"kind": "number", "min": 2, "max": 1}, "expected at most `max`"),
        ({"kind": "number", "min": float("nan")}, "expected finite numbers"),
        ({"classes": ("a", "a")}, "expected every class once"),
        ({"classes": ("a", 1)}, "all of a kind"),
        ({"classes": (0.5,)}, "all of a kind"),
        ({"classes": (" a",)}, "without surrounding spaces"),
        ({"classes": ("",)}, "without surrounding spaces"),
        ({"ordered": True}, "at least two classes"),
    ],
)
def test_a_scheme_that_contradicts_itself_is_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        LabelScheme.model_validate({"name": "a", **fields})
