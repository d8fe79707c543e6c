"""Combines rows of several requests into one native prediction, and splits the result."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import accumulate, chain

from packager.data.rows.coerce import dtype_depends_on
from packager.data.rows.request_rows import ValidatedRows
from packager.model.model import Predictions
from serving.prediction.native_model import ModelError, RowRefusedError
from serving.prediction.predictor import Predictor


class RowBatches:
    """The ``Batches`` of validated rows."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        described = predictor.manifest.schema_
        follows = [dtype_depends_on(column) for column in (*described.features, *described.extras)]
        self._separate = "values" in follows
        self._nullable = [place for place, what in enumerate(follows) if what == "nulls"]

    def group(self, item: ValidatedRows) -> Hashable:
        """Rows are combined only if no column's dtype changes by it."""
        if self._separate:
            return None
        return tuple(None in item.columns[place] for place in self._nullable)

    def size(self, item: ValidatedRows) -> int:
        """The number of rows."""
        return item.rows

    def predict_together(
        self, items: Sequence[ValidatedRows]
    ) -> Sequence[Predictions | BaseException]:
        """The predictions for each item; predicted one by one if the model fails on the batch."""
        if len(items) == 1:
            return [self._alone(items[0])]
        columns = [list(chain(*cells)) for cells in zip(*(i.columns for i in items), strict=True)]
        rows = sum(item.rows for item in items)
        joined = self._predictor.checker.checked(columns, (), {}, rows)
        try:
            predicted = self._predictor.own.ask(joined)
        except ModelError:
            return [self._alone(item) for item in items]
        ends = accumulate(item.rows for item in items)
        return [
            predicted.at(range(end - item.rows, end)) for item, end in zip(items, ends, strict=True)
        ]

    def _alone(self, item: ValidatedRows) -> Predictions | ModelError | RowRefusedError:
        try:
            return self._predictor.own.predict(item)
        except (ModelError, RowRefusedError) as error:
            return error
