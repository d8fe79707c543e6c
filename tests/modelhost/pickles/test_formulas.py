"""Formulas that only compute, and others."""

from __future__ import annotations

import pytest

from modelhost.pickles.formulas import MAX_FORMULA, only_computes


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x",
        "y ~ 0 + x1*x2 + C(kind, Treatment(reference='a'))",
        "np.log(y) ~ np.sqrt(a + 1) + I(b**2) - 1 + a:b",
        'Q("weird (name)") ~ `another [name]` + bs(x, df=4)',
        "y ~ (a + b) ** 2 + np.log1p(np.abs(x)) + 1.5",
        "y ~ x > 3",
        "y ~ C(kind, levels=['a', 'b'])",
    ],
)
def test_formulas_of_models_compute(formula: str) -> None:
    assert only_computes(formula)


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ __import__('os').system('x')",
        "y ~ open ('x')",
        "y ~ np.os.system('x')",
        "y ~ np .load('x')",
        "y ~ np.load('x')",
        "y ~ x.to_pickle('x')",
        "y ~ (lambda: 1)()",
        "y ~ (x).to_csv",
        "y ~ C.__globals__['os']",
        "y ~ {exec}",
        "y ~ f'{open(1)}'",
        "y ~ 'a' (x)",
        "y ~ '\\' + exec(1) + '",
        "y ~ C(x)(y)",
        "y ~ x\\",
        "y ~ x;import os",
        "y ~ np.sum(C('code') for C in (exec,))",
        "y ~ I([C for C in (exec,)])",
        "y ~ I(C := exec) + C('code')",
        "y ~ [exec][0]('code')",
        "y ~ [x][0].to_csv",
        "y ~ np.\nlog.tofile(x)",
        "x" * (MAX_FORMULA + 1),
    ],
)
def test_others_do_not(formula: str) -> None:
    assert not only_computes(formula)
