"""Pages from a real Prometheus: every panel is drawn, names are text, and absence is explained."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from monitored_world import NEW, TASKS, watched_world
from real_prometheus import Prometheus
from rule_models import MODELS, ODD

from packager.errors import PackageError
from packager.report.dashboard.address import PageAddress, ViewName
from packager.report.dashboard.site import PrometheusSite

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here"),
]
VOID = {"meta", "link", "br", "hr", "img"}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with watched_world(tmp_path_factory.mktemp("world")) as server:
        yield server


class Checked(HTMLParser):
    """Elements that are closed in order, and what attributes they have."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.names: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        assert not [name for name in found if name.startswith("on")]
        self.names += [found["id"] or ""] if "id" in found else []
        self.addresses += [found["href"] or ""] if "href" in found else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def panels(text: str) -> dict[str, str]:
    """Title → HTML of each panel."""
    found = re.split(r'<section class="panel', text)[1:]
    return {re.findall(r"<h3[^>]*>(.*?)</h3>", one)[0]: one for one in found}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("view", ["fleet", "model", "slice"])
@pytest.mark.sample(3)
def test_every_panel_is_drawn(watched: Prometheus, task: str, view: ViewName) -> None:
    model = MODELS[task]
    site = PrometheusSite(model, watched.url, "http://127.0.0.1:3080")
    site.check()
    feature = next((name for name in model.features if name != ODD), "")
    status, text = site.served(PageAddress(view, "6h", slice=model.slices[-1], feature=feature))
    assert status == 200
    checked = Checked(text)
    assert len(set(checked.names)) == len(checked.names)
    assert checked.tags & {"script", "iframe", "form", "img", "link"} == set()
    assert {one.partition("?")[0] for one in checked.addresses} <= {"/", "http://127.0.0.1:3080/"}
    found = panels(text)
    assert found
    assert [title for title, html in found.items() if 'class="empty"' in html] == []
    shown = [one for one in found.values() if "<svg" in one or "<table" in one or "<dl" in one]
    assert len(shown) == len(found)
    assert NEW in text
    assert "first seen" in text  # the roll-out is marked


def test_a_choice_of_a_version_and_a_slice_with_any_name_is_honoured(watched: Prometheus) -> None:
    site = PrometheusSite(MODELS["classification"], watched.url)
    address = PageAddress("slice", "1h", (NEW,), ODD)
    text = site.served(address).html
    assert r"<h1>diamonds-cut: a &quot;quoted&quot; \ name\nof two lines</h1>" in text
    assert [t for t, html in panels(text).items() if 'class="empty"' in html] == []
    chosen = re.findall(r'aria-current="true">(.*?)</a>', text)
    assert chosen[:3] == ["Slice", "1h", NEW]
    assert MODELS["classification"].version not in "".join(panels(text).values())


def test_an_unknown_slice_has_no_data_and_says_so(watched: Prometheus) -> None:
    site = PrometheusSite(MODELS["regression"], watched.url)
    name = "</title><script>alert(1)</script>\u202e" + "x" * 3_000
    status, text = site.served(PageAddress("slice", "1h", slice=name))
    assert status == 200
    Checked(text)
    assert "<script" not in text
    (title,) = re.findall(r"<h1>(.*?)</h1>", text)
    assert len(title) < 150
    assert "No data in the last 1h. It is recorded by the rules that package deploy writes" in text


def test_a_file_has_all_views_and_no_address_of_a_server(watched: Prometheus) -> None:
    text = PrometheusSite(MODELS["outputs"], watched.url).file(PageAddress(window="6h"))
    checked = Checked(text)
    assert set(checked.addresses) == {"#fleet", "#model", "#slice"}
    assert {"fleet", "model", "slice"} <= set(checked.names)
    assert len(set(checked.names)) == len(checked.names)


def test_an_unknown_model_is_refused_with_the_known_ones(watched: Prometheus) -> None:
    site = PrometheusSite(replace(MODELS["regression"], name="price"), watched.url)
    with pytest.raises(PackageError, match="expected series of the model 'price'") as found:
        site.check()
    assert "got those of: diamonds-cut, prices, several" in str(found.value)
    assert "prices" in found.value.hint


def test_a_prometheus_that_is_away_is_in_every_panel(tmp_path_factory: pytest.TempPathFactory):
    with watched_world(tmp_path_factory.mktemp("gone")) as server:
        site = PrometheusSite(MODELS["regression"], server.url)
        site.check()
    status, text = site.served(PageAddress("model"))
    assert status == 503
    Checked(text)
    assert f"{server.url}/api/v1/query: no answer: ConnectionError" in text
    reasons = {re.findall(r'class="empty">(.*?)</p>', one)[0] for one in panels(text).values()}
    (reason,) = reasons
    assert re.fullmatch(
        r"No data: Prometheus did not answer, not reached since \d{4}-[\d-]+ [\d:]+ UTC\.", reason
    )
    with pytest.raises(PackageError, match="no answer") as found:
        PrometheusSite(MODELS["regression"], server.url).check()
    assert "--prometheus http://HOST:9090" in found.value.hint
