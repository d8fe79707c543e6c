from __future__ import annotations

import pytest

from packager.tracker.service.settings import ServiceSettings, settle_seconds


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("https://issues.test", True),
        ("http://127.0.0.1:3080", False),
        ("http://https.test", False),
    ],
)
def test_cookies_are_for_https_where_people_open_it_by_https(url: str, secure: bool) -> None:
    assert ServiceSettings(public_url=url).secure is secure


def test_a_service_believes_no_proxy_and_asks_nobody_unless_it_is_told() -> None:
    settings = ServiceSettings()
    assert (settings.proxy_address, settings.alertmanager, settings.prometheus) == ("", "", "")
    assert settings.report_token_file is None
    assert settings.link_prefixes == ()


@pytest.mark.parametrize(("scale", "seconds"), [(1, 300), (2, 150), (4, 90), (60, 90)])
def test_alertmanager_settles_sooner_where_rules_are_evaluated_more_often(
    scale: int, seconds: float
) -> None:
    """But Prometheus repeats an alert after a minute, whatever the scale."""
    assert settle_seconds(scale) == seconds
