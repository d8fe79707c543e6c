"""Licences are reported as METADATA states them."""

from __future__ import annotations

from importlib.metadata import distributions

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.trust.licences import Licence, licences_of


@pytest.mark.parametrize(
    ("fields", "kind", "names", "text"),
    [
        ("License-Expression: MIT OR Apache-2.0", "expression", ("MIT OR Apache-2.0",), None),
        ("License-Expression: LicenseRef-Own", "expression", ("LicenseRef-Own",), None),
        # The expression is preferred to all others.
        (
            "License-Expression: MIT\nLicense: BSD\nClassifier: License :: OSI Approved :: Zope",
            *("expression", ("MIT",), None),
        ),
        ("License-Expression: MIT and so on", "text", ("MIT and so on",), None),
        (
            "License: MIT\nClassifier: License :: OSI Approved :: BSD License\n"
            "Classifier: License :: Public Domain\nClassifier: Topic :: Software",
            *("classifier", ("BSD License", "Public Domain"), "BSD License; Public Domain"),
        ),
        # A group of licences is no licence.
        ("License: MIT\nClassifier: License :: OSI Approved", "text", ("MIT",), None),
        ("License: BSD 3-Clause", "text", ("BSD 3-Clause",), None),
        (
            "License: Copyright (c) 2024\n        All rights reserved.\n        |\n        |  End",
            *("long text", ("Copyright (c) 2024\nAll rights reserved.\n\nEnd",)),
            "Copyright (c) 2024 …",
        ),
        ("License: " + "a" * 101, "long text", ("a" * 101,), "a" * 100 + " …"),
        (
            "Classifier: License :: \nClassifier: License :: OSI Approved :: ",
            "none",
            (),
            "none found",
        ),
        ("License: UNKNOWN", "none", (), "none found"),
        ("License:", "none", (), "none found"),
        ("Summary: no licence", "none", (), "none found"),
    ],
)
def test_the_first_statement_of_a_licence_is_reported(fields, kind, names, text):
    found = licences_of(f"Metadata-Version: 2.4\nName: a\nVersion: 1\n{fields}\n\nLicense: body\n")
    assert found == Licence(kind, names)
    assert found.text == (names[0] if text is None else text)


@pytest.mark.slow
def test_every_distribution_of_this_environment_has_a_licence_in_one_line():
    for found in distributions():
        licence = licences_of(found.read_text("METADATA") or "")
        assert licence.text
        assert "\n" not in licence.text


@given(st.text(max_size=300))
def test_any_text_is_read(text):
    assert licences_of(text).text
    assert "\n" not in licences_of(f"License: {text}").text.splitlines()[0]
