from __future__ import annotations

from packager.report.preformatted import preformatted


def test_lines_stay_lines_and_markup_is_escaped() -> None:
    assert preformatted("a  <b>\nc & d\n") == (
        '<pre style="overflow:auto">a  &lt;b&gt;\nc &amp; d</pre>'
    )
