from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data import json_rows
from packager.data.json_rows import json_blocks, read_json_rows
from packager.errors import UsageError

ROWS = st.lists(
    st.dictionaries(st.text(), st.one_of(st.none(), st.integers(), st.text()), max_size=3),
    max_size=6,
)


@pytest.mark.slow
@given(ROWS)
def test_a_list_an_object_and_lines_have_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    (folder / "list.json").write_text(json.dumps(rows))
    (folder / "object.json").write_text(json.dumps({"rows": rows, "more": 1}))
    (folder / "lines.jsonl").write_text("\n\n".join(map(json.dumps, rows)), encoding="utf-8-sig")
    for name in ("list.json", "object.json", "lines.jsonl"):
        assert read_json_rows(folder / name) == rows


def test_lines_come_in_blocks_of_rows_and_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f'{{"n": {n}}}\n' for n in range(7)))
    monkeypatch.setattr(json_rows, "BLOCK_ROWS", 3)
    assert [len(block) for block in json_blocks(path)] == [3, 3, 1]
    monkeypatch.setattr(json_rows, "BLOCK_CHARACTERS", 18)
    assert [len(block) for block in json_blocks(path)] == [2, 2, 2, 1]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "{", "expected JSON, got"),
        ("a.json", '[{"a": NaN}]', "the number NaN, which JSON doesn't have"),
        ("a.json", "[" * 100_000, "too deeply nested"),
        ("a.json", "7", "expected a list of objects"),
        ("a.json", '{"row": []}', "expected a list of objects"),
        ("a.json", '[{"a": 1}, 2]', "expected a list of objects"),
        ("a.jsonl", '{"a": 1}\n[]\n', "expected a list of objects"),
        ("a.jsonl", '{"a": 1}\n{"a": Infinity}\n', "the number Infinity"),
    ],
)
def test_anything_but_objects_is_refused(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as refused:
        read_json_rows(tmp_path / name)
    assert str(tmp_path / name) in refused.value.message
    assert message in refused.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.jsonl: expected JSON"):
        read_json_rows(tmp_path / "gone.jsonl")
