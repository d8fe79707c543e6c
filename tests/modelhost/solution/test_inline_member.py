from __future__ import annotations

import pytest

from modelhost.solution.errors import MemberRaisedError
from tests.modelhost.solution.conftest import Load
from tests.support.solution_samples import member_spec


def test_a_member_in_the_flows_process(load: Load) -> None:
    import pandas as pd

    flow = load((member_spec("double", "inline"), {"scale": 2}))
    assert flow.predict(pd.DataFrame({"x": [1.0, 2.0]})).tolist() == [2.0, 4.0]
    assert flow.states == {"double": "ready"}
    (call,) = flow.take_calls()
    assert (call.member, call.rows, call.outcome) == ("double", 2, "answered")
    assert 0 < call.own <= call.ended - call.began


def test_an_exception_of_its_model_names_the_member(load: Load) -> None:
    import pandas as pd

    flow = load((member_spec("double", "inline"), {"scale": 2}))
    expected = "'double': its model raised ValueError: no 777"
    with pytest.raises(MemberRaisedError, match=expected) as raised:
        flow.predict(pd.DataFrame({"x": [777.0]}))
    assert raised.value.hint.startswith("see double_model.py:")
    assert [call.outcome for call in flow.take_calls()] == ["failed"]
