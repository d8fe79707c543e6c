"""Formulas of a model, which patsy and formulaic evaluate as Python: what only computes passes."""

from __future__ import annotations

import re

from modelhost.pickles.allowed import OF_ARRAYS

MAX_FORMULA = 100_000
FUNCTIONS = frozenset(
    [
        *("C", "I", "Q", "Treatment", "Sum", "Diff", "Helmert", "Poly"),
        *("bs", "cc", "center", "cr", "poly", "scale", "standardize", "te"),
        *("exp", "log", "log10", "log1p", "log2", "sqrt"),
    ]
)
"""Functions in formulas, beside those of NumPy that take arrays."""
_QUOTED = re.compile(r"(?<!\w)('[^'\\\n]*'|\"[^\"\\\n]*\"|`[^`\\\n]*`)")
_PLAIN = re.compile(r"[\w\s+\-*/:^~|,().=<>!%&\[\]]*")
_BINDS = re.compile(r":=|\b(for|lambda|yield|await|import)\b")
"""Syntax that could bind the name of a known function to another one."""
_CALLED = re.compile(r"((?<![\w.])[\w.]+|[)\]])\s*\(")
_ATTRIBUTE = re.compile(r"(?<!\w)[^\W\d]\w*(?:\s*\.\s*\w+)+|[)\]]\s*\.")


def only_computes(formula: str) -> bool:
    """Whether a formula has names, numbers, operators and calls of known functions alone."""
    if len(formula) > MAX_FORMULA:
        return False
    rest = _QUOTED.sub(" quoted ", formula)
    if not _PLAIN.fullmatch(rest) or _BINDS.search(rest):
        return False
    if not all(map(_is_known, _ATTRIBUTE.findall(rest))):
        return False
    return all(one in FUNCTIONS or _is_known(one) for one in _CALLED.findall(rest))


def _is_known(name: str) -> bool:
    """Whether it is a function of NumPy that takes arrays, as ``np.log``."""
    module, _, function = name.partition(".")
    return module in ("np", "numpy") and function in OF_ARRAYS
