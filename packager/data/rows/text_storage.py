"""The storage of text in data frames."""

from __future__ import annotations

import pandas as pd


def keep_text_plain() -> None:
    """Store text as Python strings in this process, whether pyarrow is installed or not.

    Otherwise a model trained with pyarrow installed could contain arrays that need pyarrow to load.
    """
    pd.set_option("mode.string_storage", "python")
