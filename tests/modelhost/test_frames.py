from __future__ import annotations

import pandas as pd

from modelhost.frames import keep_text_plain


def test_text_is_held_in_python_s_own_strings_from_then_on() -> None:
    with pd.option_context("mode.string_storage", "pyarrow"):
        keep_text_plain()
        assert pd.get_option("mode.string_storage") == "python"
        assert pd.Series(["a", None], dtype="string").dtype.storage == "python"  # type: ignore[union-attr]
