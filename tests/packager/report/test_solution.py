from __future__ import annotations

from host_samples import MANIFEST
from solution_layers import made_solution

from packager.manifest.manifest import Wheel
from packager.report.solution import as_json, as_text


def wheel(name: str, version: str, digest: str, *groups: str) -> Wheel:
    filename = f"{name}-{version}-py3-none-any.whl"
    given = {"name": name, "version": version, "filename": filename, "sha256": digest * 64}
    return Wheel.model_validate({**given, "groups": groups})


SOLUTION = made_solution()
WHEELS = (
    wheel("numpy", "2.4", "1", "model"),
    wheel("joblib", "1.5", "2", "model", "members"),
    wheel("numpy", "1.26", "3", "members"),
    wheel("pytz", "2026", "4", "members"),
)
LOCK = SOLUTION.lock.model_copy(
    update={"wheels": WHEELS, "members": {"text": ("2" * 64, "3" * 64, "4" * 64)}}
)
WHOLE = MANIFEST.model_copy(update={"solution": SOLUTION.solution})


def test_members_are_a_table_with_what_they_require_otherwise() -> None:
    (text,) = as_text(WHOLE, LOCK, None, everything=False)
    lines = text.splitlines()
    assert lines[0] == "  flow flow:run, 2 members"
    root = SOLUTION.solution.members[1].root[:12]
    assert lines[4].split() == ["text", "text", "1.0.0", root, "own", "fail", "3", "1"]
    assert lines[5] == (
        "  requirements of text: numpy 1.26 (solution 2.4), pytz 2026 (solution none)"
    )


def test_json_has_the_records_and_the_wheels() -> None:
    price, text = as_json(WHOLE, LOCK)
    assert "wheels" not in price
    assert (text["wheels"], text["shared"]) == (3, 1)
    assert text["differs"] == {"numpy": ["1.26", "2.4"], "pytz": ["2026", None]}
    assert price["root"] == SOLUTION.members[0].manifest.root


def test_many_requirements_are_named_in_part() -> None:
    more = [wheel(f"p{n}", "1", f"{n:x}", "members") for n in range(5, 15)]
    digests = tuple(one.sha256 for one in more)
    lock = LOCK.model_copy(update={"wheels": tuple(more), "members": {"text": digests}})
    (text,) = as_text(WHOLE, lock, None, everything=False)
    assert text.endswith("p10 1 (solution none) and 4 more")
    (text,) = as_text(WHOLE, lock, None, everything=True)
    assert "p14 1" in text


def test_a_package_of_one_model_has_no_members() -> None:
    assert list(as_text(MANIFEST, LOCK, None, everything=True)) == []
    assert as_json(MANIFEST, LOCK) == []
