"""Changes of the requirements that were found."""

from __future__ import annotations

import pytest

from packager.errors import UsageError
from packager.project.requirement_edits import Edits, edited, package_of

FOUND = "# found\nnumpy==2.1.0\nscikit-learn==1.6.0  # installed: 1.6.0+x\n"


@pytest.mark.parametrize(
    ("edits", "text"),
    [
        (None, FOUND),
        (["Scikit_Learn==1.5.2"], "# found\nnumpy==2.1.0\nScikit_Learn==1.5.2\n"),
        ({"scikit-learn": "1.5.2"}, "# found\nnumpy==2.1.0\nscikit-learn==1.5.2\n"),
        ({"numpy": None}, "# found\nscikit-learn==1.6.0  # installed: 1.6.0+x\n"),
        ({"numpy": ">=2", "lightgbm": ""}, FOUND.replace("==2.1.0", ">=2") + "lightgbm\n"),
        (["./libs/own", "--pre"], FOUND + "./libs/own\n--pre\n"),
    ],
)
def test_lines_are_replaced_added_or_left_out(edits: Edits | None, text: str) -> None:
    assert edited(FOUND, edits) == text


def test_of_several_lines_of_a_package_one_is_left() -> None:
    assert edited("a==1\nb==1\na==2\n", ["a==3"]) == "a==3\nb==1\n"
    assert edited("a==1\nb==1\na==2\n", {"a": None}) == "b==1\n"


@pytest.mark.parametrize("edits", [["== 1"], {"a": "1 2"}, ["a b"]])
def test_what_is_no_requirement_is_named(edits: Edits) -> None:
    with pytest.raises(UsageError, match="expected a package with a version"):
        edited(FOUND, edits)


def test_a_text_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(UsageError, match="expected a list of lines") as error:
        edited(FOUND, "numpy==1")
    assert error.value.hint == "write ['numpy==1']"


def test_the_package_of_a_line() -> None:
    assert package_of("Own_Thing[x]>=1 ; python_version > '3'  # why") == "own-thing"
    assert package_of("# a comment") == ""
