"""What was found to be required, and what the requirements file has of it."""

from __future__ import annotations

from packager.api.requirement_table import requirement_frame
from packager.project.used_packages import NeededModule, UsedPackages

USED = UsedPackages(
    "",
    (),
    frozenset(),
    (
        NeededModule("numpy", "train.py", "numpy==2.1.0", ""),
        NeededModule("own", "train.py", "", "own: nothing provides it"),
        NeededModule("sklearn", "the model", "scikit-learn==1.6.0", ""),
    ),
)


def test_each_module_has_its_line_or_the_reason_why_not() -> None:
    found = requirement_frame(USED, "scikit-learn==1.5.0\nlightgbm==4.6\n# a comment\n")
    assert found.to_numpy().tolist() == [
        ["numpy", "train.py", "", "left out: the file lacks numpy==2.1.0"],
        ["own", "train.py", "", "own: nothing provides it"],
        ["sklearn", "the model", "scikit-learn==1.5.0", "the session has scikit-learn==1.6.0"],
        ["", "given", "lightgbm==4.6", ""],
    ]
    assert list(found.columns) == ["module", "needed_by", "requirement", "note"]


def test_lines_as_they_were_found_have_no_note() -> None:
    found = requirement_frame(USED, "numpy==2.1.0\nscikit-learn==1.6.0\n")
    assert found["note"].tolist() == ["", "own: nothing provides it", ""]
