"""Text of a process that has pyarrow can be loaded by one that has none."""

from __future__ import annotations

import pickle

import pandas as pd

from packager.data.rows.text_storage import keep_text_plain


def test_what_is_pickled_names_no_pyarrow():
    pytest_has_it = pd.array(["a", None], dtype=pd.StringDtype("pyarrow"))
    assert b"pyarrow" in pickle.dumps(pytest_has_it)
    with pd.option_context("mode.string_storage", "auto"):
        keep_text_plain()
        plain = pd.DataFrame({"a": pd.Series(["a", None], dtype="string"), "b": ["x", "y"]})
        assert b"pyarrow" not in pickle.dumps(plain)
        assert b"pyarrow" not in pickle.dumps(pd.Series(["a"]).astype("string"))
