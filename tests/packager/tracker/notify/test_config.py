from __future__ import annotations

import pytest

from packager.errors import UsageError
from packager.tracker.notify.config import read_config

WHOLE = """
link_prefixes = ["https://grafana.example.test/"]

[webhook]
url = "https://chat.example.test/hook"
band = 2

[mail]
smtp = "mail.example.test:587"
sender = "issues@example.test"
to = ["team@example.test"]

[proxy]
address = "10.0.0.2"
"""


def test_a_whole_configuration_is_read(tmp_path):
    file = tmp_path / "issues.toml"
    file.write_text(WHOLE)
    read = read_config(file)
    assert read.webhook is not None
    assert read.webhook.band == 2
    assert read.mail is not None
    assert (read.mail.security, read.mail.band) == ("starttls", 1)
    assert read.proxy is not None
    assert read.proxy.header == "X-Forwarded-User"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[webhok]", r"webhok: expected no such field"),
        ('[webhook]\nurl = "javascript:alert(1)"', r"webhook\.url: .*http or https"),
        ('[mail]\nsmtp = "host"\nsender = "a@b"\nto = ["c@d"]', r"mail\.smtp: .*HOST:PORT"),
        ('[mail]\nsmtp = "h:25"\nsender = "a@b\\nBcc: x@y"\nto = ["c@d"]', r"mail\.sender"),
        ('[mail]\nsmtp = "h:25"\nsender = "a@b"\nto = []', r"mail\.to"),
        ("link_prefixes = [", "expected TOML"),
    ],
)
def test_an_error_names_the_key(tmp_path, text, message):
    file = tmp_path / "issues.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_config(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"none\.toml: No such file"):
        read_config(tmp_path / "none.toml")
