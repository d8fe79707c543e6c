"""Which certificates downloads trust, and what is said of those that fail."""

from __future__ import annotations

import pytest
import requests

from packager.environment.downloads import TrustingSession, failed_download


@pytest.mark.parametrize(("own", "used"), [("/own.pem", "/own.pem"), (None, "/other.pem")])
def test_the_users_bundle_wins_over_that_of_requests(monkeypatch, own, used):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/other.pem")
    settings = TrustingSession(own).merge_environment_settings("https://h", {}, None, None, None)
    assert settings["verify"] == used


def test_the_address_is_not_in_the_error():
    answer = requests.Response()
    answer.status_code = 403
    error = failed_download("own", requests.HTTPError("https://me:word@h/x?sig=s", response=answer))
    assert error.message == "own: can't be downloaded: the server answered 403"
    assert "requires other credentials" in str(error.hint)
    error = failed_download("own", requests.exceptions.SSLError("https://me:word@h"))
    assert error.message == "own: can't be downloaded: SSLError"
    assert "SSL_CERT_FILE" in str(error.hint)
