from __future__ import annotations

import json
from typing import Any

from packager.model.integrity import IntegrityCheck
from packager.report.check_package import as_json, as_text
from packager.run.check_package import CheckedPackage
from packager.trust.examine import Examination

EXAMINED: Any = Examination(None, (), None, None, (), {"base": "checked here"}, False)  # type: ignore[arg-type]
BAD = IntegrityCheck(name="code", expected="1", actual="2", ok=False)


def test_what_differs_is_named_below_who_verified_what() -> None:
    found = CheckedPackage(EXAMINED, None, (BAD,))
    assert not found.sound
    assert as_text(found, "shop:1").splitlines() == [
        "shop:1",
        "  base: checked here",
        "checks: 0 of 1 equal",
        "  code: expected 1, got 2",
    ]
    told = json.loads(as_json(found))
    assert (told["sound"], told["verified_by"]) == (False, {"base": "checked here"})
