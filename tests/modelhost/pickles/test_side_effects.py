"""What functions of libraries do beside computing, by their sources."""

from __future__ import annotations

import ast

import pytest

from modelhost.pickles.side_effects import side_effect


@pytest.mark.parametrize(
    ("source", "does"),
    [
        ("def f(x): return x.sum() + len(x)", ""),
        ("def f(x): return re.compile('a').sub('', x)", ""),
        ("def f(x, /, *, formula_=None): pass", "evaluates the text of its parameter formula_"),
        ("def f(x, regressors): pass", "evaluates the text of its parameter regressors"),
        ("def f(x):\n    if x:\n        return [eval(one) for one in x]", "calls eval"),
        ("def f(x): return os.system(x)", "calls system"),
        ("def f(x): return cls.from_formula(x)", "calls from_formula"),
        ("f = lambda x: open(x)", "calls open"),
    ],
)
def test_what_it_calls_and_takes_is_told(source: str, does: str) -> None:
    assert side_effect(ast.parse(source).body[0]) == does
