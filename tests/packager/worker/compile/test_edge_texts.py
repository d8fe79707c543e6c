"""Edge documents are valid in requests and differ from those that they are made of."""

from __future__ import annotations

from packager.data.rows.coerce import make_converter
from packager.manifest.manifest import Column
from packager.worker.compile.edge_texts import edge_texts


def test_edge_texts_are_valid_and_distinct() -> None:
    texts = list(edge_texts([{"text": "Über den Wolken"}, {"text": None}], "text"))
    take = make_converter(Column(name="text", kind="string", dtype="str", nullable=False))
    assert [take(text) for text in texts] == texts
    assert {"ÜBER DEN WOLKEN", "Wolken den Über", "a\0b"} <= set(texts)
    assert max(map(len, texts)) >= 5_000
