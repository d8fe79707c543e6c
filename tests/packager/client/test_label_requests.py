from __future__ import annotations

from typing import Any

import numpy as np

from packager.client.label_requests import label_value, requests_of


def test_labels_in_parts_are_plain_values() -> None:
    given = {"price": np.float32(0.5), "tags": ("a", np.str_("b")), 3: None, "x": object}
    found = label_value(given)
    assert found == {"price": 0.5, "tags": ["a", "b"], "3": None, "x": str(object)}


def test_requests_have_all_items_once_and_in_order() -> None:
    items: list[dict[str, Any]] = [{"token": str(place)} for place in range(7)]
    found = [*requests_of(items, 3)]
    assert [start for start, _ in found] == [0, 3, 6]
    assert [item for _, part in found for item in part] == items
    assert [*requests_of([], 3)] == []
