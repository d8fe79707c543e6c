"""How a process holds text in data frames."""

from __future__ import annotations

import pandas as pd


def keep_text_plain() -> None:
    """Hold text in Python's own strings in this process, whether pyarrow is there or not.

    Else a model trained beside pyarrow could hold arrays that nothing without it can load.
    """
    pd.set_option("mode.string_storage", "python")
