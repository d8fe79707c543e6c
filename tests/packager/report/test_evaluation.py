from __future__ import annotations

import json
import math

from monitoring.stats.paired import PairedDifference
from packager.report.evaluation import as_json, as_text
from packager.run.paired_evaluation import PairedEvaluation, PairedOutputs


def paired(difference: float, p: float, metric: str = "accuracy") -> PairedEvaluation:
    sign = 1 if metric == "accuracy" else -1
    one = PairedDifference(
        rows=1500, before=sign * 0.5, after=sign * 0.5 + difference, difference=difference,
        low=difference - 0.25, high=math.inf, p_sample=p, p=p,
    )  # fmt: skip
    return PairedEvaluation(metric, metric != "accuracy", one, {"far": one}, {"far": p}, False, ())


def rows(found: PairedEvaluation) -> list[list[str]]:
    return [line.split() for line in as_text(found).splitlines()[3:5]]


def test_a_row_has_both_scores_the_interval_and_what_they_say() -> None:
    found = paired(0.25, 1e-9)
    assert rows(found)[0] == [
        *("all", "1,500", "0.5000", "0.7500", "0", "to", "-", "<0.0001", "better")
    ]
    assert rows(paired(-0.25, 0.01))[1][-2:] == ["0.0100", "worse"]
    assert rows(paired(0.25, 0.3))[1][-3:] == ["0.3000", "not", "significant"]


def test_of_an_error_less_is_better() -> None:
    first, _ = rows(paired(0.25, 0.01, "mean absolute error"))
    assert first[2:4] == ["0.5000", "0.2500"]
    assert first[-1] == "better"


def test_the_json_has_null_where_an_interval_has_no_end() -> None:
    document = json.loads(json.dumps(as_json(paired(0.25, 0.01)), allow_nan=False))
    assert document["overall"]["high"] is None
    assert document["overall"]["low"] == 0.0
    assert document["sentence"]


def test_several_outputs_are_shown_one_below_the_other() -> None:
    found = PairedOutputs({"price": paired(0.1, 0.01)}, {"cluster": "it has no right answers"})
    text = as_text(found)
    assert text.startswith("price: the second is better: accuracy ")
    assert text.endswith("\n\ncluster: not compared, it has no right answers")
    shown = as_json(found)
    assert shown["outputs"]["price"]["sentence"].startswith("the second is better")
    assert shown["left_out"] == {"cluster": "it has no right answers"}
