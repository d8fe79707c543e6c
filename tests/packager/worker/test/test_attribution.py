"""Shares of the members of a solution in its error, through a process of the model host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from packager.errors import PackageError, UsageError
from packager.model.hosted_model import HostedModel
from packager.model.predictions import Predictions, scalars
from packager.worker.test.attribution import (
    MAX_ROWS,
    AttributedRows,
    attribute,
    chosen_rows,
)
from packager.worker.test.attribution_records import Attribution, SliceAttribution
from packager.worker.test.judged_rows import JudgedRows
from packager.worker.test.quoted_cells import NOT_SHOWN
from packager.worker.test.repeated_answers import check_repeated
from tests.support.study_samples import SampleMember, hosted_solution

N = 400
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("warm")]
FLOW = """
def run(rows, members):
    kind = members.segmenter(rows)
    price = members.price(rows.assign(segment=kind.predictions))
    text = members.text(rows)
    return price.predictions + text.predictions
"""
PRICE = "frame['y'] * np.where(frame['segment'] == 'car', 2.0, 1.0)"
MEMBERS = {
    "segmenter": SampleMember("frame['given']", ("given:string",), ("car", "home"), "segment"),
    "price": SampleMember(PRICE, ("y:number", "segment:string")),
    "text": SampleMember("frame['score'] + frame['noise']", ("score:number", "noise:number"), None),
}
MEMBERS["text"] = SampleMember(MEMBERS["text"].predict, MEMBERS["text"].takes, truth="score")


def table(noise: float = 0.0, wrong: float = 0.0) -> pd.DataFrame:
    """Rows on which the segmenter is wrong on a share, and the text model off by noise."""
    rng = np.random.default_rng(1)
    segment = np.where(rng.random(N) < 0.5, "car", "home")
    flipped = np.where(segment == "car", "home", "car")
    frame = pd.DataFrame(
        {
            "y": rng.normal(5, 1, N),
            "score": rng.normal(size=N),
            "noise": noise * rng.normal(size=N),
            "segment": segment,
            "given": np.where(rng.random(N) < wrong, flipped, segment),
            "group": np.arange(N) // 4,
        }
    )
    value = frame["y"] * np.where(frame["segment"] == "car", 2.0, 1.0) + frame["score"]
    return frame.assign(target=value)


FEATURES = ["y", "score", "noise", "given"]


def rows_of(frame: pd.DataFrame, task: Any = "regression", **changes: Any) -> AttributedRows:
    truth = scalars(frame["target"])
    groups = changes.pop("groups", None)
    classes = changes.pop("classes", None)
    return AttributedRows(
        **{
            "features": frame[FEATURES],
            "as_read": frame,
            "judge": lambda found: JudgedRows(task, truth, found, classes, groups),
            "masks": {
                "segment=car": (frame["segment"] == "car").to_numpy(),
                "segment=boat": np.zeros(len(frame), np.bool_),
            },
            "indices": np.arange(len(frame)) + 100,
            "shown": lambda place: {"y": float(frame["y"].iloc[place])},
            **changes,
        }
    )


def shares(found: SliceAttribution) -> dict[str, float]:
    return {one.name: one.value for one in found.shares}


def study(
    folder: Path, frame: pd.DataFrame, flow: str = FLOW, members: Any = MEMBERS, **changes: Any
) -> Attribution:
    with hosted_solution(folder, flow, members) as model:
        return attribute(model, rows_of(frame, **changes), model.predict(frame[FEATURES]))


def added_up(found: SliceAttribution) -> float:
    return sum(one.value for one in found.shares) + found.rest.value


def test_the_member_with_noise_has_the_added_error(tmp_path: Path) -> None:
    """With 20 % noise in one member at least 90 % of the added error is its.

    The others are wrong, too: the text model has noise, and the price is too high.
    """
    price = SampleMember(PRICE + " * 1.03", MEMBERS["price"].takes)
    members = {**MEMBERS, "price": price}
    clean = study(tmp_path / "a", table(noise=0.2), members=members).slices[0]
    assert clean.error > 0.2
    assert shares(clean)["segmenter"] == pytest.approx(0, abs=1e-9)
    found = study(tmp_path / "b", table(noise=0.2, wrong=0.2), members=members)
    every, car = found.slices
    added = every.error - clean.error
    assert added > 0.5
    assert shares(every)["segmenter"] - shares(clean)["segmenter"] >= 0.9 * added
    assert shares(every)["text"] > 0.01
    assert every.rest.value > 0.1
    assert (every.slice, every.rows, car.slice, car.rows) == ("__all__", N, "segment=car", 210)
    assert found.loss == "mean absolute error"


CASCADE = """
def run(rows, members):
    first = members.first(rows)
    made, unsure = first.predictions.copy(), first.probabilities.max(axis=1) < 0.8
    made[unsure] = members.second(rows[unsure]).predictions
    return [(one == "car") * 1.0 for one in made]
"""


def test_the_second_member_of_a_cascade_has_the_error_that_its_noise_adds(tmp_path: Path) -> None:
    """It is asked about half of the rows, of which the first is not sure; so is a right first."""
    sure = "np.where(frame['y'] > 5, 0.9, 0.6)"
    flipped = "np.where((frame['score'] > 0) ^ (frame['noise'] > 0), 'car', 'home')"
    classes = ("car", "home")
    members = {
        "first": SampleMember("frame['given']", ("given:string", "y:number"), classes, sure=sure),
        "second": SampleMember(flipped, ("score:number", "noise:number"), classes),
    }
    members = {name: replace(one, truth="segment") for name, one in members.items()}
    frame = table(wrong=0.1)
    car = (frame["segment"] == "car") * 1.0
    frame = frame.assign(score=car, target=car)
    clean = study(tmp_path / "a", frame, CASCADE, members).slices[0]
    noisy = frame.assign(noise=np.arange(N) % 5 == 0, score=car).astype({"noise": "float64"})
    found = study(tmp_path / "b", noisy, CASCADE, members)
    every = found.slices[0]
    added = every.error - clean.error
    assert added > 0.05
    assert shares(every)["second"] - shares(clean)["second"] >= 0.9 * added
    assert shares(clean)["first"] == pytest.approx(clean.error)
    assert added_up(every) == pytest.approx(every.error, abs=1e-9)
    assert any("not sure" in note for note in found.notes)


def test_a_member_has_no_share_of_the_errors_before_it(tmp_path: Path) -> None:
    """The right price is known, too: a price of a wrong segment is the segmenter's error."""
    members = {**MEMBERS, "price": SampleMember(PRICE, MEMBERS["price"].takes, truth="value")}
    frame = table(wrong=0.2)
    frame["value"] = frame["target"] - frame["score"]
    every = study(tmp_path, frame, members=members).slices[0]
    assert shares(every)["segmenter"] == pytest.approx(every.error)
    assert shares(every)["price"] == pytest.approx(0, abs=1e-9)
    frame["target"] += 1
    frame["value"] += 1  # now the price is always 1 too low, too
    both = study(tmp_path / "b", frame, members=members).slices[0]
    assert shares(both)["price"] > 0.8
    assert added_up(both) == pytest.approx(both.error, abs=1e-9)


def test_shares_add_up_to_the_error_of_every_slice(tmp_path: Path) -> None:
    found = study(tmp_path, table(noise=1.0, wrong=0.3))
    for one in found.slices:
        assert added_up(one) == pytest.approx(one.error, abs=1e-9)
        for share in (*one.shares, one.rest):
            assert share.interval is not None
            assert share.interval[0] <= share.value <= share.interval[1]
    assert all(value > 0.1 for value in shares(found.slices[0]).values())


def test_rows_that_belong_together_widen_the_intervals(tmp_path: Path) -> None:
    frame = table(noise=1.0, wrong=0.3)
    frame = pd.concat([frame] * 4, ignore_index=True)
    alone = study(tmp_path / "a", frame).slices[0].shares[0]
    grouped = study(tmp_path / "b", frame, groups=np.tile(np.arange(N), 4)).slices[0].shares[0]
    assert grouped.value == alone.value
    assert alone.interval is not None
    assert grouped.interval is not None
    wide, narrow = (one[1] - one[0] for one in (grouped.interval, alone.interval))
    assert wide / narrow == pytest.approx(2, rel=0.05)


def test_two_members_that_back_each_other_up_share_equally(tmp_path: Path) -> None:
    """A row is wrong only where both checks miss it."""
    check = SampleMember("frame['given']", ("given:string",), ("bad", "good"), "segment")
    flow = """
def run(rows, members):
    one, two = members.one(rows).predictions, members.two(rows).predictions
    return ["bad" if "bad" in pair else "good" for pair in zip(one, two)]
"""
    frame = table()
    frame["segment"] = frame["target"] = np.where(np.arange(N) % 4, "good", "bad")
    frame["given"] = np.where(np.arange(N) % 8, frame["segment"], "good")
    judged = {"task": "classification", "classes": ("bad", "good")}
    members = {"one": check, "two": check}
    with hosted_solution(tmp_path, flow, members, "classification") as model:
        rows = rows_of(frame, **judged)
        found = attribute(model, rows, model.predict(frame[FEATURES]))
    every = found.slices[0]
    assert every.error == 0.125
    assert shares(every) == {"one": 0.0625, "two": 0.0625}
    assert found.loss == "share of wrong labels"


def test_a_member_that_repairs_has_a_negative_share(tmp_path: Path) -> None:
    """The price model was trained on what the segmenter answers: right segments spoil it."""
    flow = FLOW.replace("price.predictions", "price.predictions * 0.5")
    frame = table()
    frame["given"] = "car"
    frame["target"] = frame["y"] + frame["score"]
    found = study(tmp_path, frame, flow)
    every = found.slices[0]
    assert every.error == pytest.approx(0)
    assert shares(every)["segmenter"] < -1
    assert added_up(every) == pytest.approx(0, abs=1e-9)
    assert {one.effect for one in found.examples} == {"repaired"}


def test_examples_show_both_answers_and_the_cells(tmp_path: Path) -> None:
    found = study(tmp_path, table(wrong=0.2))
    first = found.examples[0]
    assert (first.member, first.effect) == ("segmenter", "spoilt")
    assert {*first.shown} == {"answer", "right", "member_answer", "member_right"}
    assert first.shown["member_answer"] != first.shown["member_right"]
    assert {*first.cells} == {"y"}
    assert first.row >= 100
    assert [one.share for one in found.examples] == sorted(
        [one.share for one in found.examples], reverse=True
    )
    assert len(found.examples) == 3
    assert found.without_rows().examples == ()


def test_members_are_judged_on_the_rows_they_received(tmp_path: Path) -> None:
    flow = """
def run(rows, members):
    kind = members.segmenter(rows)
    made = rows["y"] * 0.0
    car = kind.predictions == "car"
    made[car] = members.text(rows[car]).predictions
    return made
"""
    found = study(tmp_path, table(noise=1.0, wrong=0.25), flow)
    figures = {one.name: one for one in found.members}
    assert figures["segmenter"].rows == figures["segmenter"].judged == N
    assert figures["segmenter"].metrics["accuracy"].value == pytest.approx(0.75, abs=0.06)
    assert figures["segmenter"].metrics["accuracy"].interval is not None
    assert 150 < figures["text"].rows < 250
    assert figures["text"].metrics["mae"].value == pytest.approx(0.8, abs=0.2)
    assert (figures["price"].rows, figures["price"].why) == (0, "the flow handed it no row")


def test_a_member_without_a_right_answer_is_part_of_the_rest(tmp_path: Path) -> None:
    found = study(tmp_path, table(wrong=0.2))
    assert [one.name for one in found.slices[0].shares] == ["segmenter", "text"]
    price = found.members[1]
    assert (price.name, price.why) == ("price", "no `truth` is named")
    without = table(wrong=0.2).drop(columns="segment").assign(segment2=1)
    with hosted_solution(tmp_path / "b", FLOW, MEMBERS) as model:
        rows = rows_of(table(wrong=0.2), as_read=without, masks={})
        found = attribute(model, rows, model.predict(rows.features))
        assert found.members[0].why == "the data have no column 'segment'"
        assert [one.name for one in found.slices[0].shares] == ["text"]
        with pytest.raises(UsageError) as error:
            attribute(model, rows, model.predict(rows.features), strict=True)
    assert error.value.message == (
        "[[member]] segmenter: `truth`: expected a column of the data, got 'segment'"
    )


def test_answers_of_personal_data_are_not_shown(tmp_path: Path) -> None:
    """The target and the column that `truth` names, each by itself."""
    every = {"answer", "right", "member_answer", "member_right"}
    for place, (hidden, secret) in enumerate(
        [
            ({"target"}, {"answer", "right"}),
            ({"segment"}, {"member_answer", "member_right"}),
            ({"score"}, set()),
        ]
    ):
        changes = {"target": "target", "hidden": hidden}
        found = study(tmp_path / str(place), table(wrong=0.2), **changes)
        assert {one.member for one in found.examples} == {"segmenter"}
        for one in found.examples:
            shown = {name for name, value in one.shown.items() if value == NOT_SHOWN}
            assert (shown, {*one.shown}) == (secret, every)


TWICE = """
def run(rows, members):
    kind = members.segmenter(rows)
    price = members.price(rows.assign(segment=kind.predictions))
    body = members.text(rows.assign(score=rows["score"] * 2)).predictions
    return price.predictions + members.text(rows).predictions + 0 * body
"""


def test_a_member_that_is_called_twice_for_a_row_has_no_share(tmp_path: Path) -> None:
    """The others have theirs, and it is part of the rest."""
    found = study(tmp_path, table(noise=1.0, wrong=0.2), TWICE)
    every = found.slices[0]
    assert [*shares(every)] == ["segmenter"]
    assert added_up(every) == pytest.approx(every.error, abs=1e-9)
    assert every.rest.value > 0.5
    said = "member text is called more than once for a row: its share is not known"
    assert found.notes == (said,)
    figures = {one.name: one for one in found.members}
    assert figures["text"].why == "called more than once for a row"
    assert figures["segmenter"].metrics["accuracy"].value == pytest.approx(0.8, abs=0.06)
    alone = {"text": MEMBERS["text"]}
    flow = """
def run(rows, members):
    return members.text(rows).predictions + members.text(rows * 2).predictions
"""
    frame = table().drop(columns="given").assign(given=1.0)
    assert study(tmp_path / "b", frame, flow, alone).not_attributed == said


def test_a_call_that_only_a_run_with_right_members_makes_counts(tmp_path: Path) -> None:
    flow = TWICE.replace(
        "    body =", "    if (kind.predictions == rows['right']).all():\n        body ="
    ).replace(" + 0 * body", "")
    frame = table(noise=1.0, wrong=0.2)
    frame["right"] = frame["segment"]
    with hosted_solution(tmp_path, flow, MEMBERS) as model:
        rows = rows_of(frame, features=frame[[*FEATURES, "right"]])
        found = attribute(model, rows, model.predict(rows.features))
    assert [*shares(found.slices[0])] == ["segmenter"]
    assert found.notes[0].startswith("member text is called more than once")
    assert {one.name: one.judged for one in found.members}["text"] == N


def test_the_same_call_again_is_none_more(tmp_path: Path) -> None:
    flow = FLOW.replace("return", "members.text(rows)\n    return")
    assert [*shares(study(tmp_path, table(wrong=0.2), flow).slices[0])] == ["segmenter", "text"]


def test_no_right_answer_at_all(tmp_path: Path) -> None:
    members = {"segmenter": SampleMember("frame['given']", ("given:string",), ("car", "home"))}
    flow = "def run(rows, members):\n    return rows['y'] + members.segmenter(rows).missing()"
    found = study(tmp_path, table(), flow, members)
    assert found.slices == ()
    assert found.not_attributed == (
        "no member has a right answer: name its column by `truth` under [[member]]"
    )
    assert found.members[0].rows == N


@pytest.mark.parametrize(
    ("flow", "why"),
    [
        (
            "def run(rows, members):\n"
            "    return members.text(rows.reset_index(drop=True)).predictions",
            "expected rows with the index of the solution's rows, got an index with [0, 1, 2]",
        ),
        (
            "def run(rows, members):\n"
            "    return rows.index.to_numpy() + members.text(rows).predictions",
            "the flow's answers depend on the labels of the index of `rows`",
        ),
    ],
)
def test_a_flow_whose_rows_can_not_be_followed(tmp_path: Path, flow: str, why: str) -> None:
    """Nothing is attributed, and the report says why."""
    found = study(tmp_path, table(), flow)
    assert found.slices == ()
    assert why in found.not_attributed


def test_right_answers_that_are_none_are_an_error(tmp_path: Path) -> None:
    frame = table()
    frame["segment"] = "boat"
    with pytest.raises(PackageError, match="expected its labels car, home in column 'segment'"):
        study(tmp_path, frame)


def test_rows_without_a_number_are_left_out(tmp_path: Path) -> None:
    flow = FLOW.replace("return ", "return 1 / (rows['y'] > 4.5) * 0 + ")
    found = study(tmp_path, table(wrong=0.2), flow)
    assert found.slices[0].rows < N
    assert "without a number in one of the runs" in found.notes[0]


def test_a_flow_with_a_state_of_its_own_answers_differently_twice(tmp_path: Path) -> None:
    """What a build checks before it shares an error."""
    flow = """
calls = []

def run(rows, members):
    calls.append(1)
    return members.text(rows).predictions + (rows["y"] > 5) * len(calls)
"""
    frame = table()
    with hosted_solution(tmp_path, flow, MEMBERS) as model:
        first, second = (model.predict(frame[FEATURES]) for _ in range(2))
    row = int(np.flatnonzero(frame["y"] > 5)[0])
    with pytest.raises(PackageError, match=f"to the same row twice, got .* for held-out row {row}"):
        check_repeated(first, second)


def test_at_most_so_many_rows_are_studied() -> None:
    assert chosen_rows(3).all()
    chosen = chosen_rows(5 * MAX_ROWS)
    assert chosen.sum() == MAX_ROWS
    assert chosen[0]
    assert chosen[-1]


def test_the_model_is_a_solution(tmp_path: Path) -> None:
    with hosted_solution(tmp_path, FLOW, MEMBERS) as model:
        assert isinstance(model, HostedModel)
        assert isinstance(model.predict(table()[FEATURES]), Predictions)
