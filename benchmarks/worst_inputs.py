"""All requests of ``cost_per_byte.py``, and the most expensive ones found.

``tests/serving/test_cost_per_byte.py`` sends the most expensive ones, too, against regressions.
"""

from __future__ import annotations

from hostile_junk import junk_cases
from hostile_requests import Case, Request, Target
from hostile_tables import HEADS, TABLES

__all__ = ["WORST", "Case", "Request", "Target", "cases"]

WORST = (
    "predict/far_rows",
    "predict/wrong_last",
    "predict_rows/small_objects",
    "predict_rows/empty_lists",
    "predict_unknown/names_of_texts",
    "predict_unknown/decimals_of_100",
    "predict_unknown/wide_text",
    "predict_unknown/escapes",
    "predict_value/long_text",
    "predict_unknown/integers_of_4300",
    "split_columns/texts",
    "split/rows",
    "records/names_in_objects",
    "csv/digits",
    "csv/integer",
    "csv/newlines",
    "csv/commas",
    "csv/far_rows",
    "infer/inputs",
    "infer/ignored_inputs",
    "infer/outputs",
    "infer/long_names",
    "infer/large_shape",
    "infer/larger_shape",
    "infer/equal_inputs",
    "raw/booleans",
    "raw/empty_texts",
    "feedback/ones",
    "feedback/empty_lists",
    "feedback/labels",
    "head/content_type",
    "head/json_length",
    "head/many",
    "predict/chunks_of_one",
    "feedback/integers_of_4300",
    "predict_rows/wide_text",
)
"""The most expensive cases found: sent by the tests, and first by the benchmark."""


def cases(target: Target) -> dict[str, Case]:
    """All cases by name."""
    return {**dict(junk_cases(target)), **TABLES, **HEADS}
