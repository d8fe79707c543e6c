"""Labels against their scheme."""

from __future__ import annotations

import pytest

from packager.errors import UsageError
from packager.manifest.label_schemes import LabelScheme
from packager.tables.labels.values import check_stored, label_value, stored_label

SIZE = LabelScheme(name="size", kind="number", min=0, max=10)
FLAG = LabelScheme(name="flag", classes=(True, False))


@pytest.mark.parametrize(
    ("scheme", "text", "stored", "value"),
    [
        (SIZE, "3", "3.0", 3.0),
        (SIZE, "-0.0", "0.0", 0.0),
        (SIZE, "1e1", "10.0", 10.0),
        (FLAG, "true", "true", True),
        (LabelScheme(name="n", classes=(0, 1)), "1", "1", 1),
        (LabelScheme(name="t"), "any", "any", "any"),
    ],
)
def test_a_label_is_stored_in_one_form_and_has_a_value(scheme, text, stored, value):
    assert stored_label(text, scheme) == stored
    found = label_value(stored, scheme)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("scheme", "text", "message"),
    [
        (SIZE, "11", "expected a number from 0 to 10, got '11'"),
        (SIZE, "nan", "expected a number from 0 to 10, got 'nan'"),
        (SIZE, "big", "expected a number, got 'big'"),
        (FLAG, "True", "expected 'true', 'false', got 'True'"),
    ],
)
def test_another_text_is_no_label(scheme, text, message):
    with pytest.raises(ValueError, match=message):
        stored_label(text, scheme)


def test_a_scheme_that_loses_stored_labels_is_refused():
    check_stored(["true", "false"], FLAG)
    with pytest.raises(UsageError, match="got no place for 'maybe'"):
        check_stored(["true", "maybe"], FLAG)
