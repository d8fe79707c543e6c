from __future__ import annotations

import pytest

from packager.client.address import is_this_machine, server_address
from packager.errors import UsageError


@pytest.mark.parametrize("text", ["127.0.0.1:3000", "ftp://host", "http://", "http://[::1", ""])
def test_an_address_without_a_scheme_or_a_host_is_refused(text: str):
    with pytest.raises(UsageError) as caught:
        server_address(text)
    assert caught.value.message == f"{text}: expected an address like http://127.0.0.1:3000"
    assert caught.value.hint == "begin with http://"


def test_the_parts_of_an_address():
    parts = server_address("https://[::1]:8443/models/one")
    assert (parts.hostname, parts.port, parts.path) == ("::1", 8443, "/models/one")


@pytest.mark.parametrize(
    ("host", "here"),
    [("localhost", True), ("127.0.0.9", True), ("::1", True), ("10.0.0.1", False), ("", False)],
)
def test_this_machine_is_known_by_name_and_number(host: str, here: bool):
    assert is_this_machine(host) is here
