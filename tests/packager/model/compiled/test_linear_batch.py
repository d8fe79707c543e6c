"""Many rows through a linear model give the sums of the matrix product."""

from __future__ import annotations

import numpy as np
import pytest
from form_samples import linear_forms, rows
from hypothesis import given
from hypothesis import strategies as st

from packager.model.compiled import linear_batch
from packager.model.compiled.encode import Encoder
from packager.model.compiled.heads import rounding
from packager.model.compiled.linear_batch import LinearSums


@pytest.mark.slow
@given(linear_forms(), rows(), st.sampled_from([1, 1 << 16]))
def test_sums_are_those_of_the_matrix_product_within_rounding(form, chosen, products):
    encoder = Encoder(form.matrix, form.columns)
    columns = [list(column) for column in zip(*chosen, strict=True)]
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr(linear_batch, "MAX_PRODUCTS", products)
        scores, sizes, inside = LinearSums(form.head, encoder)(columns)
        assert inside.tolist() == encoder.inside(columns, len(chosen)).tolist()
        kept = np.flatnonzero(inside)
        if not len(kept):
            return
        some = [[column[row] for row in kept.tolist()] for column in columns]
        matrix = encoder.fill(some, len(kept))
        wanted = matrix @ np.array(form.head.coefficients).T + form.head.intercept
    known = np.isfinite(wanted).all(axis=1) & np.isfinite(sizes[kept]).all(axis=1)
    error = sizes[kept] * rounding(form.matrix.width)
    assert (np.abs(scores[kept] - wanted) <= error + 1e-300)[known].all()
    assert (sizes[kept] >= np.abs(scores[kept]) - error)[known].all()


@pytest.mark.slow
@given(linear_forms(3), rows())
def test_the_rows_beside_it_do_not_change_a_row(form, chosen):
    encoder = Encoder(form.matrix, form.columns)
    sums = LinearSums(form.head, encoder)
    with np.errstate(all="ignore"):
        together = sums([list(column) for column in zip(*chosen, strict=True)])
        for place, row in enumerate(chosen):
            alone = sums([[value] for value in row])
            assert bool(alone[2][0]) == bool(together[2][place])
            if alone[2][0]:
                np.testing.assert_array_equal(alone[0][0], together[0][place])
                np.testing.assert_array_equal(alone[1][0], together[1][place])
