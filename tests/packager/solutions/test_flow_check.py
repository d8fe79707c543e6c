from __future__ import annotations

import textwrap

import pytest

from packager.errors import UsageError
from packager.solutions.flow_check import MemberFacts, check_columns, check_names, check_uses
from packager.solutions.flow_code import FlowCode

MEMBERS = {
    "price": MemberFacts(["size", "segment"], [], None),
    "text": MemberFacts(["words"], [], ["angry", "calm"]),
    "range": MemberFacts(["size"], ["low", "high"], None),
}
FEATURES = ["size", "words", "age"]


def check(text: str) -> None:
    code = FlowCode.parse(textwrap.dedent(text), "run")
    assert code is not None
    check_names("flow.py", code, MEMBERS)
    check_columns("flow.py", code, FEATURES, MEMBERS)
    check_uses("flow.py", code, FEATURES, MEMBERS)


def body(line: str) -> str:
    return f"def run(rows, members):\n    {line}"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "async def run(rows, members): ...",
            "flow.py:1: run: expected a function, got an async one",
            "write `def run(rows, members):`; members work at the same time with `submit`",
        ),
        (
            "def run(rows, *, members): ...",
            "flow.py:1: run: expected a function of two arguments, rows and members, got"
            " (rows, *, members)",
            "write `def run(rows, members):`",
        ),
        (
            body("return members.prize(rows).predictions"),
            "flow.py:2: expected one of the members price, text, range, got 'prize'",
            "did you mean 'price'?",
        ),
        (
            body('return members.route(rows["size"], {1: "car"})(rows)'),
            "flow.py:2: expected one of the members price, text, range, got 'car'",
            "add a [[member]] of that name to package.toml, or correct the flow",
        ),
        (
            body('return rows["cost"]'),
            "flow.py:2: expected one of the columns size, words, age, got 'cost'",
            "the flow gets neither the target nor the key, nor columns that `truth` names",
        ),
        (
            body("return members.price(rows)"),
            "flow.py:2: member 'price': expected the column 'segment', got size, words, age",
            "hand it over, or give it a default in the member's project"
            " ([data.columns] segment = { default = … }), if requests may lack it",
        ),
        (
            body('return members.text(rows[["size"]].assign(z=1))'),
            "flow.py:2: member 'text': expected the column 'words', got size, z",
            "hand it over, or give it a default in the member's project"
            " ([data.columns] words = { default = … }), if requests may lack it",
        ),
        (
            body('return members.text(rows).probability("angri")'),
            "flow.py:2: member 'text': expected one of its labels, angry, calm, got 'angri'",
            "did you mean 'angry'?",
        ),
        (
            body('return members.range(rows).output("median")'),
            "flow.py:2: member 'range': expected one of its outputs, low, high, got 'median'",
            "use .predictions of a member with one answer",
        ),
        (
            body('return members.text(rows).output("label")'),
            "flow.py:2: member 'text': expected one of its outputs, of which it has one, got"
            " 'label'",
            "use .predictions of a member with one answer",
        ),
    ],
)
def test_a_mistake_names_the_line_and_the_member(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        check(text)
    assert (raised.value.message, raised.value.hint) == (message, hint)


def test_a_flow_without_a_mistake_passes() -> None:
    check(
        """
        def run(rows, members):
            mood = members.text.submit(rows[["words"]])
            kind = members["range"](rows)
            price = members.price(rows.assign(segment=kind.output("low")))
            other = members.route(rows["age"], {1: "price"}, default="text")
            if members.deadline is None:
                rows["new"] = 1
            return price.predictions * mood.result().probability("angry")
        """
    )
