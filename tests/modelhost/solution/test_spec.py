from __future__ import annotations

from pathlib import Path

from modelhost.columns import ColumnSpec
from modelhost.output_spec import OutputSpec
from modelhost.solution.spec import FILE, MemberSpec, SolutionSpec, member_folder, named
from tests.support.solution_samples import member_spec

RICH = member_spec(
    "text",
    deadline=0.5,
    on_error="null",
    truth="mood",
    classes=("calm", "angry"),
    outputs=(OutputSpec("mood", "label", ("calm", "angry")),),
    features=(
        ColumnSpec("kind", "string", "category", ("a", "b")),
        ColumnSpec("pixels", "array", "object", None, (2, 2), "uint8"),
    ),
    defaults={"kind": "a"},
)


def test_a_solution_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = SolutionSpec("flow:run", (member_spec("price", "inline"), RICH))
    (tmp_path / FILE).write_text(written.as_json())
    assert SolutionSpec.load(tmp_path) == written


def test_a_member_is_read_as_it_was_written() -> None:
    assert MemberSpec.read(RICH.as_json()) == RICH


def test_the_request_that_loads_a_member_names_its_model(tmp_path: Path) -> None:
    folder = member_folder(tmp_path, "text")
    assert folder == tmp_path / "members" / "text"
    header = RICH.header(folder)
    assert header["path"] == str(folder / "models" / "model")
    assert (header["verb"], header["task"], header["takes"]) == ("load", "regression", "frame")
    assert named([RICH, member_spec("price")]) == "text, price"
