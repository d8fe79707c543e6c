"""Build and audit find a credential of each issuer alike, and none in what only looks like one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from host_samples import write_project

from packager.errors import UsageError
from packager.project.code_files import read_code
from packager.project.config import load_project
from packager.project.issuer_shapes import SHAPES, issued_secrets
from packager.trust.audit import audit_project

HEX = "0123456789abcdef"
SAMPLES = {
    "cloudant": f"cloudant_password = '{HEX * 4}'",
    "discord": "t = 'M" + "aB1-" * 6 + "." + "aB1_-9" + "." + "aB1" * 9 + "'",
    "gitlab_token": "t = 'glft-" + "x1Y2z" * 4 + "'",
    "ibm_cos_hmac": f"cos_hmac_secret_access_key = '{HEX * 3}'",
    "mailchimp": f"k = '{HEX * 2}-us7'",
    "npm": "//registry.invalid/:_authToken=12345678-" + "1234-" * 3 + "123456789012",
    "square_oauth": "k = 'sq0csp-" + "aB1-" * 10 + "aB1'",
    "telegram_token": "t = '1234567890:" + "aB1-_" * 7 + "'",
    "twilio": f"sid = 'AC{HEX * 2}'",
}


def test_every_detector_has_a_sample() -> None:
    assert SAMPLES.keys() == SHAPES.keys()


@pytest.mark.parametrize("issuer", SAMPLES)
def test_it_is_found_by_the_audit_and_kept_out_by_the_build(tmp_path: Path, issuer: str) -> None:
    text = f"x = 1\n{SAMPLES[issuer]}\n"
    ((line, what),) = issued_secrets(text.encode())
    assert line == 2
    top = write_project(tmp_path / "p", {"notes.txt": text})
    project = load_project(top)
    code = read_code(project)
    assert code.secrets == ("notes.txt",)
    assert code.left_out["notes.txt"] == f"line 2 holds {what}"
    found = [one for one in audit_project(project).findings if one.part == "secrets"]
    assert [(one.location, one.what) for one in found] == [("notes.txt", f"line 2 holds {what}")]
    train = "def train(features, target, *, params, seed): ...\n"
    (top / "train.py").write_text(f"{train}# {SAMPLES[issuer]}\n")
    with pytest.raises(UsageError, match=r"^train\.py: line 2 holds a secret of the kind"):
        read_code(project)
    told = {one.location: one.what for one in audit_project(project).findings}
    assert told["train.py"] == f"line 2 holds {what}"


def test_digests_words_and_lines_that_no_person_wrote_are_none() -> None:
    digests = "".join(f'{{"sha256": "{n:064x}", "password": "x"}}\n' for n in range(200))
    products = '"APC1234567890","APARTMENTBLOCK",20240101:12\n'
    long = "x" * 6_000 + SAMPLES["twilio"]
    assert [*issued_secrets((digests + products + long).encode())] == []


@pytest.mark.slow
def test_the_detectors_are_imported_only_when_files_are_searched() -> None:
    code = (
        "import sys, packager.cli.audit, packager.project.secrets, packager.trust.audit;"
        "print('detect_secrets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
