from __future__ import annotations

import textwrap

import pytest

from packager.solutions.flow_code import FlowCode, FlowReader


def code(text: str) -> FlowCode:
    found = FlowCode.parse(textwrap.dedent(text), "run")
    assert found is not None
    return found


def reader(body: str) -> FlowReader:
    return FlowReader(
        code("def run(rows, members):\n" + textwrap.indent(textwrap.dedent(body), "    ")),
        ("price", "text"),
        frozenset("abc"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "def run(rows, members:",
        "from other import run",
        "run = partial(other)",
        "@cached\ndef run(rows, members): ...",
        "def run(rows, members): ...\nrun = wrapped(run)",
        "class run: ...",
    ],
)
def test_what_can_t_be_followed_is_not(text: str) -> None:
    assert FlowCode.parse(text, "run") is None


@pytest.mark.parametrize(
    ("parameters", "fits"),
    [
        ("rows, members", True),
        ("rows, members, *, quick=False", True),
        ("rows, members, limit=3", True),
        ("rows, *rest", True),
        ("*given", True),
        ("rows, /, members", True),
        ("rows", False),
        ("rows, members, limit", False),
        ("rows, members, *, limit", False),
        ("", False),
    ],
)
def test_it_takes_two_arguments(parameters: str, fits: bool) -> None:
    assert code(f"def run({parameters}): ...").takes_two is fits


def test_members_are_named_in_four_ways() -> None:
    found = reader(
        """
        a = members.price(rows)
        b = members["text"].submit(rows)
        return members.route(a.predictions, {"x": "car", "y": "home"}, default="other")(rows)
        """
    ).members()
    assert sorted((use.line, use.name) for use in found) == [
        (3, "price"),
        (4, "text"),
        (5, "car"),
        (5, "home"),
        (5, "other"),
        (5, "route"),
    ]


def test_columns_are_followed_through_names_selections_and_assign() -> None:
    found = reader(
        """
        some = rows[["a", "b"]]
        more = some.assign(d=1)
        size = len(rows)
        members.price(rows)
        members.text.submit(more)
        members["text"](rows[["c"]])
        """
    ).handovers()
    assert sorted((use.member, "".join(sorted(use.columns))) for use in found) == [
        ("price", "abc"),
        ("text", "abd"),
        ("text", "c"),
    ]


@pytest.mark.parametrize(
    "before",
    [
        'rows["d"] = 1',
        "rows.d = 1",
        'rows.loc[:, "d"] = 1',
        'rows.insert(0, "d", 1)',
        "prepare(rows)",
        "prepare(frame=rows)",
        "same = rows",
        "rows = rows.copy()",
        "for rows in rows: pass",
        "f = lambda rows: rows",
        'del rows["a"]',
    ],
)
def test_a_frame_that_may_change_is_not_followed(before: str) -> None:
    assert not [*reader(f'{before}\nmembers.price(rows)\nrows["z"]').handovers()]
    assert not [*reader(f'{before}\nmembers.price(rows)\nrows["z"]').columns()]


@pytest.mark.parametrize(
    ("frame", "columns"),
    [
        ("rows.iloc[unsure][['a']]", {"a"}),
        ("rows.loc[unsure]", {"a", "b", "c"}),
        ("rows[rows['a'] > 3].assign(d=1)", {"a", "b", "c", "d"}),
        ("rows.iloc[[0, 1]]", {"a", "b", "c"}),
        ("rows.loc[unsure, ['a']]", None),
        ("rows[unsure]", None),  # rows, or columns
    ],
)
def test_some_rows_of_a_frame_have_its_columns(frame: str, columns: set[str] | None) -> None:
    found = [one.columns for one in reader(f"members.price({frame})").handovers()]
    assert found == ([] if columns is None else [frozenset(columns)])


def test_columns_that_are_read() -> None:
    found = reader('x = rows["a"] + rows[["b"]]["z"]\nreturn rows[rows["y"] > 1]').columns()
    assert sorted(use.column for use in found) == ["a", "b", "y", "z"]


def test_answers_are_followed_through_names_and_submit() -> None:
    found = reader(
        """
        later = members.text.submit(rows)
        answers = later.result()
        x = answers.probability("angry")
        y = members.price(rows).output("low")
        z = later.result().output("a" + "b")
        """
    ).answers()
    assert [(use.line, use.member, use.method, use.argument) for use in found] == [
        (5, "text", "probability", "angry"),
        (6, "price", "output", "low"),
    ]


def test_names_that_name_each_other_end() -> None:
    assert not [*reader("a = b\nb = a\nmembers.price(a)\na.output('x')").handovers()]
    assert not [*reader("a = b\nb = a\nmembers.price(a)\na.output('x')").answers()]
