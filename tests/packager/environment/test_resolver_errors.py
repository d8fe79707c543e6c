"""Errors of uv, turned into hints that fit the cause. The texts are those of uv 0.13."""

from __future__ import annotations

import pytest
from host_samples import TARGET

from packager.environment.resolver_errors import conflict, resolver_error, single_line

NO_SOLUTION = "error: No solution found when resolving dependencies\n  cause: "
WHEELS = {("old==1.0", "3.9"): "1.0", ("old>=1.0", "3.11"): "1.4", ("gone==1.0", "3.8"): "1.0"}


def hint(text: str) -> str:
    """The hint for what uv said, where an index has what ``WHEELS`` says."""

    def probe(requirement: str, python: str) -> str | None:
        return WHEELS.get((requirement, python))

    return resolver_error(single_line(text), "requirements.txt", TARGET, probe).hint


def test_wheels_for_another_python_lead_to_the_first_version_that_fits():
    text = f"{NO_SOLUTION}Because old==1.0 has no usable wheels and you require old==1.0, we can"
    assert hint(text) == (
        "old==1.0 has wheels for Python 3.9, the base has 3.11: write old==1.4, the first with one"
    )
    text = f"{NO_SOLUTION}Because gone==1.0 has no wheels with a matching Python ABI tag (e.g.,"
    assert hint(text) == (
        "gone==1.0 has wheels for Python 3.8, the base has 3.11: take another package in its place"
    )


def test_a_source_distribution_alone_is_made_a_wheel():
    text = f"{NO_SOLUTION}Because src==2.0 has no usable wheels and you require src==2.0"
    assert 'python3.11 -m pip wheel --no-deps --wheel-dir wheels "src==2.0"' in hint(text)
    assert "--find-links wheels" in hint(text)


def test_wheels_of_another_system_lead_to_a_marker():
    text = (
        f"{NO_SOLUTION}Because win<=302 has no wheels with a matching Python ABI tag\n\n"
        "hint: Wheels are available for `win` (v312) on the following platforms: `win32`, "
        "`win_amd64`\n"
    )
    assert hint(text) == (
        "win has wheels for win32, win_amd64 only, and the image is Linux: leave it out, or write "
        '`win; sys_platform == "win32"` so that it is required there only'
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "Because all versions of sklearn have no usable wheels and you require sklearn",
            "write scikit-learn: the index lists sklearn under that name",
        ),
        (
            "Because cv2 was not found in the package registry and you require cv2",
            "write opencv-python-headless: an index lists cv2 under that name",
        ),
        (
            "Because scikit-lern was not found in the package registry",
            "no index has scikit-lern: did you mean scikit-learn?",
        ),
        (
            "Because own-lib was not found in the package registry",
            "none of your indexes has own-lib: check the name; a package of your company needs its "
            "index in your pip or uv configuration (extra-index-url)",
        ),
        (
            "Because pandas was not found in the package registry",
            "none of your indexes has pandas: check the name; a package of your company needs its "
            "index in your pip or uv configuration (extra-index-url)",
        ),
        (
            "Because there is no version of torch==2.1.0+cu121 and you require",
            "versions with + are in a separate index or folder: name it in your pip or uv "
            "configuration (extra-index-url, find-links); or write torch==2.1.0",
        ),
        (
            "Because you require a==1 and a==2, we can conclude that your requirements are",
            "these lines exclude each other: loosen one of them in requirements.txt, or both",
        ),
    ],
)
def test_other_causes_have_their_own_hint(said, expected):
    assert hint(NO_SOLUTION + said + " requirements are unsatisfiable") == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "Failed to read `c @ file:///p/c-1.0-py3-none-any.whl` cause: Failed to extract",
            "that file is no whole wheel: build it, or copy it, again",
        ),
        (
            "Requested package name `d` does not match `c` in the distribution filename: c.whl",
            "write the name that the file has in requirements.txt",
        ),
        (
            "something that nobody has seen",
            "change what it names in requirements.txt or in uv's configuration",
        ),
    ],
)
def test_only_what_is_unsatisfiable_is_said_to_exclude_each_other(said, expected):
    assert hint(said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "Because idna was not found in the provided package locations and you require idna",
            "put a wheel of idna into a folder that find-links names",
        ),
        ("hint: `numpy` was filtered by `exclude-newer` to only include", "set a later"),
        (
            "Failed to parse: /tmp/x/uv.toml cause: TOML parse error at line 1, column 20 1 | "
            '"a" = 5 wanted string',
            "fix it in uv.toml",
        ),
    ],
)
def test_what_a_setting_of_uv_causes_is_mended_there(said, expected):
    assert expected in hint(said)
    together = conflict(said, "requirements.txt", ["numpy>=1.22"])
    assert expected in together.hint
    assert "/tmp" not in together.message


def test_an_index_that_does_not_answer_is_named_by_its_host_without_its_password():
    url = "https://me:s3cret@index.internal:8443/simple/pandas/"
    text = f"error: Request failed after 3 retries\n  cause: Failed to fetch: {url}\n  cause: dns"
    assert hint(text).startswith("index.internal:8443 does not answer: check the network")
    assert hint(f"{text} 401 Unauthorized").startswith("index.internal:8443 requires credentials")
    assert "s3cret" not in hint(text)
