from __future__ import annotations

import pytest

from packager.tracker.service.pages.address import ListAddress


def test_filters_keep_their_order_and_others_are_dropped():
    address = ListAddress.of("q=a+b&after=xyz&band=P1&state=open&nonsense=1&band=P2")
    assert str(address) == "/?state=open&band=P1&band=P2&q=a+b"
    assert address.after("k=") == "/?state=open&band=P1&band=P2&q=a+b&after=k%3D"
    assert str(ListAddress.of("")) == "/"


def test_one_filter_changes_and_the_rest_stays():
    address = ListAddress.of("package=a&band=P1")
    assert str(address.with_one("package", "b&c")) == "/?band=P1&package=b%26c"
    assert str(address.with_one("band", None)) == "/?package=a"
    assert address.with_one("owner", "").values("owner") == [""]


def test_too_many_filters_are_refused():
    with pytest.raises(ValueError, match="fields"):
        ListAddress.of("&".join(["band=1"] * 200))
