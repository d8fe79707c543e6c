"""The form of the page: an input for each column, and the button that sends it."""

from __future__ import annotations

from collections.abc import Sequence

from serving.try_page.controls import Control
from serving.try_page.inputs import InputState, input_html, value_of
from serving.try_page.page import ACTION, FORM

COUNTED = (
    "Rows sent from this page are counted in the metrics of this server, as those of any client."
)
UNCOUNTED = "Rows sent from this page are not counted in the metrics, and take no labels."


def form_html(shown: Sequence[tuple[Control, InputState]], version: str, *, counted: bool) -> str:
    """The form; ``version`` goes with it, so that one of another package is recognized."""
    features = [pair for pair in shown if not pair[0].extra]
    extras = [pair for pair in shown if pair[0].extra]
    more = ""
    if extras:
        legend = "<legend>Read by slices, not by the model</legend>"
        more = f"<fieldset>{legend}{_fields(extras)}</fieldset>"
    return (
        f'<form id="{FORM}" method="post" action="{ACTION}" enctype="multipart/form-data" '
        'accept-charset="utf-8">'
        f'<input type="hidden" name="version" value="{value_of(version)}">'
        f"{_fields(features)}{more}"
        '<p class="send"><button name="action" value="predict">Predict</button>'
        f'<a href="{ACTION}">Example row</a></p>'
        f'<p class="note">{COUNTED if counted else UNCOUNTED}</p></form>'
    )


def _fields(shown: Sequence[tuple[Control, InputState]]) -> str:
    inputs = "".join(input_html(control, state) for control, state in shown)
    return f'<div class="fields">{inputs}</div>'
