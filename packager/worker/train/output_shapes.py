"""The shapes of arrays that a model answers, where ``package.toml`` declares none."""

from __future__ import annotations

import numpy as np
import pandas as pd

from packager.manifest.outputs import Output
from packager.model.model import Model


def with_shapes(
    outputs: tuple[Output, ...], model: Model, rows: pd.DataFrame
) -> tuple[Output, ...]:
    """``outputs`` with the shapes of the model's answers to ``rows``, its features.

    Raises what ``model.predict`` raises, without calling it if every shape is known.
    """
    if not any(map(_unknown, outputs)) or rows.empty:
        return outputs
    first = model.predict(rows).labels[0]
    return tuple(
        output.model_copy(
            update={"shape": np.shape(first if len(outputs) == 1 else first[output.name])}
        )
        if _unknown(output)
        else output
        for output in outputs
    )


def _unknown(output: Output) -> bool:
    return output.kind in ("numbers", "array") and output.shape is None
