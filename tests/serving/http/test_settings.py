from __future__ import annotations

import pytest

from packager.errors import UsageError
from serving.http.settings import HttpSettings


def test_by_default_there_is_no_prefix_no_other_origin_and_full_errors():
    assert HttpSettings.from_environment({}) == HttpSettings("", (), "full")


@pytest.mark.parametrize(
    ("name", "value", "field", "found"),
    [
        ("MODEL_URL_PREFIX", "/models/churn", "url_prefix", "/models/churn"),
        ("MODEL_URL_PREFIX", "/models/churn/", "url_prefix", "/models/churn"),
        ("MODEL_URL_PREFIX", "/", "url_prefix", ""),
        ("MODEL_URL_PREFIX", "/a.b/~c@d:e-f_1", "url_prefix", "/a.b/~c@d:e-f_1"),
        ("MODEL_CORS_ORIGINS", "*", "cors_origins", ("*",)),
        (
            "MODEL_CORS_ORIGINS",
            "https://a.example, http://localhost:8080,https://a.example,",
            "cors_origins",
            ("https://a.example", "http://localhost:8080"),
        ),
        ("MODEL_CORS_ORIGINS", "http://[::1]:80", "cors_origins", ("http://[::1]:80",)),
        ("MODEL_ERROR_DETAIL", "terse", "error_detail", "terse"),
    ],
)
def test_values_are_read(name: str, value: str, field: str, found: object):
    assert getattr(HttpSettings.from_environment({name: value}), field) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL_URL_PREFIX", "models/churn"),
        ("MODEL_URL_PREFIX", "/a//b"),
        ("MODEL_URL_PREFIX", "/a/../b"),
        ("MODEL_URL_PREFIX", "/a b"),
        ("MODEL_URL_PREFIX", "/a?b"),
        ("MODEL_URL_PREFIX", '/"><script>'),
        ("MODEL_URL_PREFIX", "https://a.example/models"),
        ("MODEL_CORS_ORIGINS", "a.example"),
        ("MODEL_CORS_ORIGINS", "https://a.example/"),
        ("MODEL_CORS_ORIGINS", "https://A.example"),
        ("MODEL_CORS_ORIGINS", "https://*.example"),
        ("MODEL_CORS_ORIGINS", "*,https://a.example"),
        ("MODEL_CORS_ORIGINS", "null"),
        ("MODEL_CORS_ORIGINS", "https://a.example\r\nx: y"),
        ("MODEL_CORS_ORIGINS", " , "),
        ("MODEL_ERROR_DETAIL", "short"),
    ],
)
def test_a_bad_value_names_its_variable(name: str, value: str):
    with pytest.raises(UsageError) as caught:
        HttpSettings.from_environment({name: value})
    assert caught.value.message.startswith(f"{name}: expected ")
    assert caught.value.message.endswith(f", got {value!r}")
