"""States of objects that a library runs as code when it restores the object.

``scipy.stats.rv_generic.__setstate__`` updates the attributes, then passes the attribute
``_parse_arg_template`` to ``exec``. SciPy writes three definitions into it, made of the names of
the distribution's parameters. ``statsmodels.base.data.ModelData.__setstate__`` evaluates the
``formula`` of a model again. formulaic evaluates the ``expr`` of a factor when a model predicts,
unless its ``_eval_method`` is to look a column up or to read a number.
"""

from __future__ import annotations

import re
from typing import Any

from modelhost.pickles.formulas import only_computes
from modelhost.pickles.stand_ins import ConstructedObject

TEMPLATE = "_parse_arg_template"
FORMULA = "formula"
RESTORED = ("restore_model_spec", "restore_design_info")
"""Names in a state by which statsmodels evaluates its formula; the last before version 0.15."""
EXPRESSION = "expr"
METHODS = ("_eval_method", "eval_method")
METHOD = "formulaic.parser.types.factor.Factor.EvalMethod"
EXECUTING = frozenset(
    [
        *("scipy.stats._distn_infrastructure.rv_generic", "statsmodels.base.data.ModelData"),
        "formulaic.parser.types.factor.Factor",
    ]
)
"""The classes whose objects run a text of their state, as do those of their subclasses."""
EXECUTING_NAMES = frozenset(["rv_generic", "rv_continuous", "rv_discrete", "ModelData"])
MAX_TEMPLATE = 10_000
_TEMPLATE = re.compile(
    r"\s*(?:def _parse_args(?:_rvs|_stats)?\(self, [\w, =']*\):\n"
    r"    return (?:self\._argcheck_rvs)?\([\w, =]*\)[\w, =]*\n+)+"
)
"""Three functions that call ``_argcheck_rvs`` only; a default has no ``(``, so it calls nothing."""
_MAPPINGS = frozenset(
    ["builtins.dict", *(f"collections.{one}" for one in ("OrderedDict", "defaultdict", "Counter"))]
)
_PLAIN = (str, bytes, int, float, complex, tuple, type(None))


class Fields(dict):  # type: ignore[type-arg]
    """A dict of a pickle: its items whose key is a text."""

    computed = False
    """Whether a key is an object that the pickle makes, so that its text isn't known."""

    def keep(self, items: Any) -> None:
        """Put in keys and values, which follow one another."""
        for index in range(0, len(items) - 1, 2):
            key = items[index]
            if type(key) is str:
                self[key] = items[index + 1]
            elif not isinstance(key, _PLAIN):
                self.computed = True


def is_followed(state: Any) -> bool:
    """Whether all attributes that a state sets are known; of slots they are its second part."""
    if isinstance(state, tuple) and len(state) == 2 and state[0] is None:
        state = state[1]
    return isinstance(state, Fields) and not state.computed


def hides_attributes(state: Any) -> bool:
    """Whether attributes are set by names that a pickle makes, or by a mapping that it makes."""
    parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
    return any(
        part.computed
        if isinstance(part, Fields)
        else isinstance(part, ConstructedObject) and part.kind in _MAPPINGS
        for part in parts
    )


def executed_text(state: Any) -> str:
    """The fault of a state whose text is executed; empty if it has only known texts."""
    if isinstance(state, tuple) and len(state) == 2:  # attributes, and those of slots
        return executed_text(state[0]) or executed_text(state[1])
    if not isinstance(state, dict):
        return ""
    if EXPRESSION in state or any(name in state for name in METHODS):
        return _evaluated(state)
    if any(name in state for name in RESTORED):
        formula = state.get(FORMULA)
        if type(formula) is not str or not only_computes(formula):
            return f"sets {FORMULA}, which statsmodels evaluates, to more than known functions"
    if TEMPLATE not in state:
        return ""
    text = state[TEMPLATE]
    if type(text) is str and len(text) <= MAX_TEMPLATE and _TEMPLATE.fullmatch(text):
        return ""
    return f"sets {TEMPLATE}, which SciPy runs as code, to other code than SciPy writes"


def _evaluated(state: Any) -> str:
    """The fault of the state of a factor of a formula, whose parts may be set one by one."""
    methods = [state[name] for name in METHODS if name in state]
    if methods and all(map(_evaluates_nothing, methods)):
        return ""
    text = state.get(EXPRESSION)
    if type(text) is str and only_computes(text):
        return ""
    return f"sets {EXPRESSION}, which formulaic evaluates, to more than known functions"


def _evaluates_nothing(method: Any) -> bool:
    known = isinstance(method, ConstructedObject) and method.kind == METHOD
    return known and method.args in (("lookup",), ("literal",))
