"""Downloads of wheels and sources: which certificates they trust, and their errors."""

from __future__ import annotations

from typing import Any

import requests

from packager.errors import PackageError

_REFUSED = (401, 403, 407)


class TrustingSession(requests.Session):
    """A session whose CA bundle wins over ``REQUESTS_CA_BUNDLE``, so that uv and it trust alike."""

    def __init__(self, certificates: str | None) -> None:
        super().__init__()
        self._certificates = certificates

    def merge_environment_settings(self, *arguments: Any, **named: Any) -> Any:
        """As in ``requests``, which prefers its own variable to ``Session.verify``."""
        settings = super().merge_environment_settings(*arguments, **named)
        if self._certificates:
            settings["verify"] = self._certificates
        return settings


def failed_download(called: str, error: requests.RequestException) -> PackageError:
    """The error for a failed download; the address, which may hold credentials, is not in it."""
    answer = error.response
    if answer is not None and answer.status_code in _REFUSED:
        hint = (
            "it requires other credentials: put name and password into the index's address in your "
            "pip or uv configuration, or into ~/.netrc, not into the project"
        )
    elif isinstance(error, requests.exceptions.SSLError):
        hint = (
            "if the certificate is of a CA of your company, name its file in SSL_CERT_FILE, or as "
            "`cert` in your pip configuration"
        )
    else:
        hint = "check the address, the network, a proxy (HTTPS_PROXY) and your pip or uv settings"
    status = f"the server answered {answer.status_code}" if answer is not None else ""
    return PackageError(f"{called}: can't be downloaded: {status or type(error).__name__}", hint)
