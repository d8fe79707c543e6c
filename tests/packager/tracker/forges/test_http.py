from __future__ import annotations

import pytest
import requests
from fake_forges import TOKEN, fake_forge

from packager.errors import PackageError, UsageError
from packager.tracker.forges.forge import RateLimitError
from packager.tracker.forges.github import GitHub
from packager.tracker.forges.gitlab import GitLab
from packager.tracker.forges.http import ForgeClient, limit_seconds


def answer(status: int, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (answer(200), None),
        (answer(403), None),
        (answer(429), 60.0),
        (answer(429, Retry_After="7"), 7.0),
        (answer(403, x_ratelimit_remaining="0", x_ratelimit_reset="1300"), 300.0),
        (answer(403, x_ratelimit_remaining="5", x_ratelimit_reset="1300"), None),
        (answer(429, RateLimit_Remaining="0", RateLimit_Reset="1010"), 10.0),
    ],
)
def test_the_end_of_a_rate_limit_is_read_from_the_headers(given, seconds):
    assert limit_seconds(given, 1_000.0) == seconds


@pytest.mark.parametrize(("kind", "made"), [("github", GitHub), ("gitlab", GitLab)])
def test_a_short_limit_is_waited_for_and_a_longer_one_ends_the_run(kind, made, monkeypatch):
    monkeypatch.setattr("packager.tracker.forges.http.time.sleep", lambda _: None)
    with fake_forge(kind) as (url, state):
        state.limited = 1
        forge = made(url, "team/models", TOKEN)
        assert not forge.is_public
        state.limited = 2
        with pytest.raises(RateLimitError, match="rate limit is used up"):
            forge.get("1")


@pytest.mark.parametrize(("kind", "made"), [("github", GitHub), ("gitlab", GitLab)])
def test_errors_name_the_cause_and_never_the_token(kind, made):
    with fake_forge(kind) as (url, state):
        with pytest.raises(PackageError, match="refused the token") as refused:
            made(url, "team/models", "wrong-secret")
        assert "wrong-secret" not in str(refused.value)
        with pytest.raises(PackageError, match=r"no such (repository|project)"):
            made(url, "team/other", TOKEN)
        state.public = True
        assert made(url, "team/models", TOKEN).is_public


def test_a_next_page_on_another_host_does_not_get_the_token():
    with fake_forge("github") as (url, state):
        for n in range(5):
            state.add(f"{n}", "", ["model-packager"])
        client = ForgeClient(url.replace("127.0.0.1", "localhost"), {"Authorization": TOKEN})
        client._origin = ("http", "elsewhere")
        with pytest.raises(PackageError, match="another host"):
            list(client.pages("/repos/team/models/issues", labels="model-packager"))


def test_addresses_and_names_are_checked():
    with pytest.raises(UsageError, match="address of the forge's API"):
        ForgeClient("ftp://x", {})
    with pytest.raises(UsageError, match="OWNER/NAME"):
        GitHub("http://127.0.0.1:1", "../admin", TOKEN)
    with pytest.raises(PackageError, match="does not answer"):
        GitHub("http://127.0.0.1:1", "team/models", TOKEN)
