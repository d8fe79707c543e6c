"""Generated files limit the services they start, pass keys, and escape every name."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployed_models import MODEL, Packaged, deployed, written

from packager.deploy.monitoring import deploy_monitoring, model_files
from packager.deploy.prometheus.rule_cases import rule_cases
from packager.deploy.prometheus.rule_tests import RuleCase
from packager.deploy.prometheus.rules import MonitoredModel, Objectives
from packager.engine.hardening import MAX_PROCESSES
from packager.errors import PackageError

HOSTILE = (
    'said "no"',
    "it's",
    "back\\slash",
    "ends in \\",
    "two\nlines",
    "\r\t\x07",
    "$x ${y} $$z $__all",
    "{{ .Labels }} {{ $value }} {{",
    "}} end }}",
    "</script><script>alert(1)</script>",
    "a|b*c[d](e)^f.g?",
    '"} or vector(1) #',
    "\u202eevil\u2066",
    "\u200b",
    "e\u0301",
    "\u00e9",
    "\U0001f600",
    "\u2028\u0085",
    "\x00",
    "__proto__",
    "constructor",
    "rows",
    "token",
    "",
    "null",
    "yes",
    "1e3",
    "x" * 5_000,
    "# comment",
    "%{x} <%= y %>",
    "!ruby/object:X",
)
STRANGE = MonitoredModel("strange", MODEL.version, "classification", ("__all__", *HOSTILE), HOSTILE)


def test_every_service_has_no_privileges_and_limits(tmp_path: Path) -> None:
    services = yaml.safe_load((written(tmp_path) / "compose.yml").read_text())["services"]
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["pids_limit"] == MAX_PROCESSES, name
        assert service["mem_limit"], name
        assert "privileged" not in service
    model, state = services["model-diamonds-cut-blue"], services["state-diamonds-cut"]
    assert model["read_only"] is state["read_only"] is True
    assert "user" not in model  # the image's own, which is not root
    # 100 + 2 x (200 + 8 x 50 + 6 x 16) MiB, in whole 256 MiB
    assert model["mem_limit"] == "${MODEL_MEMORY:-1536m}"


def test_no_name_of_an_image_is_a_variable(tmp_path: Path) -> None:
    deployed(tmp_path / "out", image="oci:/tmp/${HOME}/$x")
    services = yaml.safe_load((tmp_path / "out/compose.yml").read_text())["services"]
    assert services["model-diamonds-cut-blue"]["image"] == "oci:/tmp/$${HOME}/$$x"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here")
def test_servers_with_keys_are_scraped_with_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    deployed(out, keys=True)
    deployed(out, MonitoredModel("other", "1-a", "regression", ("__all__",), ()), "other:1")
    deployed(out)  # another version keeps them
    services = yaml.safe_load((out / "compose.yml").read_text())["services"]
    asked = services["model-diamonds-cut-blue"]
    place = asked["environment"]["MODEL_API_KEYS_FILE"]
    assert f"./keys/diamonds-cut.keys:{place}:ro" in asked["volumes"]
    assert "MODEL_API_KEYS_FILE" not in services["model-other-blue"]["environment"]
    file = out / "prometheus/prometheus.yml"
    jobs = {job["job_name"]: job for job in yaml.safe_load(file.read_text())["scrape_configs"]}
    assert jobs["diamonds-cut"]["authorization"] == {
        "type": "Bearer",
        "credentials_file": "keys/diamonds-cut.key",
    }
    assert "authorization" not in jobs["other"]
    key = out / "prometheus/keys/diamonds-cut.key"
    key.parent.mkdir()
    key.write_text("secret")
    checked = subprocess.run(
        ["promtool", "check", "config", file], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "secret" not in "".join(p.read_text() for p in out.rglob("*.yml"))
    deployed(out)
    assert key.read_text() == "secret"


EVERYTHING = "".join(name for name in HOSTILE if name != "\x00" and len(name) < 100)


def _with_the_name(model: MonitoredModel) -> list[RuleCase]:
    found = [
        case
        for case in rule_cases(model)
        if any(EVERYTHING in series.labels.values() for series in case.series)
    ]
    assert {case.expected[0].alert for case in found} >= {"FeatureDrift", "SliceRegression"}
    return found


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here")
def test_rules_and_their_tests_take_any_name_of_a_feature_or_slice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # promtool tries every case of `rule_cases` in test_rule_tests.py: here those with the name.
    monkeypatch.setattr("packager.deploy.monitoring.rule_cases", _with_the_name)
    model = MonitoredModel(
        "strange", MODEL.version, "regression", ("__all__", EVERYTHING), (EVERYTHING,)
    )
    for path, text in model_files(model).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    for command in (
        ["check", "rules", "prometheus/rules/strange.yml"],
        ["test", "rules", "prometheus/tests/strange.yml"],
    ):
        done = subprocess.run(
            ["promtool", *command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.slow
def test_every_file_reads_back_as_what_it_was_made_of() -> None:
    for path, text in model_files(STRANGE).items():
        read = json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
        assert read, path
        text.encode()


@pytest.mark.slow
def test_the_dashboard_asks_with_no_name_that_could_end_a_string() -> None:
    found = json.loads(model_files(STRANGE)["grafana/dashboards/strange.json"])
    variables = {one["name"]: one for one in found["templating"]["list"]}
    for name in ("model", "version", "feature"):
        assert variables[name]["regex"] == r'/^[^"\\]*$/'
    assert variables["feature"]["current"]["value"] == "it's"
    drawn = json.dumps(found["panels"])
    for name in HOSTILE:
        if len(name) > 5 and name != "token":
            assert json.dumps(name)[1:-1] not in drawn


def test_no_generated_file_has_an_invisible_character() -> None:
    for path, text in model_files(STRANGE).items():
        assert text.replace("\n", "").isprintable(), path


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("../../../etc/cron.d/x", "1-a"),
        ("/etc/x", "1-a"),
        ("a/b", "1-a"),
        ("", "1-a"),
        ("a\nb", "1-a"),
        ("A", "1-a"),
        ("a", "1/../../x"),
        ("a", "{{ $value }}"),
        ("a", '1"'),
    ],
)
def test_a_package_with_a_name_that_no_build_writes_is_refused(
    name: str, version: str, tmp_path: Path
) -> None:
    package: Any = Packaged(
        MonitoredModel(name, version, "regression", ("__all__",), ()), "image:1"
    )
    with pytest.raises(PackageError, match="expected the name and version of a package"):
        deploy_monitoring(package, tmp_path / "out", Objectives())
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_no_text_are_refused(tmp_path: Path) -> None:
    package: Any = Packaged(
        MonitoredModel("a", "1-a", "regression", ("__all__",), ("\ud800",)), "image:1"
    )
    with pytest.raises(PackageError, match="expected names of features and slices in Unicode"):
        deploy_monitoring(package, tmp_path / "out", Objectives())
