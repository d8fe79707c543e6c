"""Every module with behaviour has a test file with its name, in the folder with its path."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
ROOMS = ("modelhost", "packager", "serving", "monitoring")

EXEMPT: dict[str, str] = {
    **{
        f"packager/rollout/{name}.py": "a step of real updates: rollout/test_update.py runs all"
        for name in ("history", "new_rows", "rolling")
    },
    "packager/build/pipeline.py": "the order of the steps: tests/test_package_build.py runs all",
    "packager/image/engine_copy.py": "what test_reference.py and test_registry_build.py load",
    **{
        f"modelhost/pickles/{name}.py": "a part of the audit: pickles/test_audit.py"
        for name in ("allowed", "archives", "opcodes", "plain_values", "report", "stand_ins")
    },
    "packager/trust/audit_report.py": "a record, which trust/test_audit.py reads",
    "packager/labelling/label_step.py": "what two steps share: test_mapping.py, test_estimate.py",
    **{
        f"modelhost/loaders/{name}.py": "loads its library: loaders/test_large_libraries.py"
        for name in (
            *("catboost", "keras", "onnx", "prophet", "skops", "spacy"),
            *("torch_export", "torchscript", "transformers"),
        )
    },
    "modelhost/objects/catboosts.py": "asks CatBoost: loaders/test_large_libraries.py",
    **{
        f"modelhost/objects/{name}.py": "asks PyTorch or Keras: loaders/test_large_libraries.py"
        for name in ("tensors", "torch_endings", "keras_models")
    },
    **{
        f"monitoring/stats/{name}.py": "a part of the search: stats/test_weak_slices.py"
        for name in (
            *("row_halves", "slice_features", "slice_fitting", "slice_scores"),
            "slice_screening",
        )
    },
    **{
        f"packager/worker/test/{name}.py": "terms and records of weak.py: its tests see them"
        for name in ("weak_edges", "weak_slice", "weak_terms")
    },
    **{
        f"packager/worker/test/{name}.py": "bins of one kind of column: test_weak_bins.py"
        for name in ("weak_calendar", "weak_categories", "weak_ranges")
    },
    "modelhost/solution/remote_connection.py": "opened, kept and closed in test_remote_member.py",
    **{
        f"packager/worker/test/{name}.py": "a part of the attribution: test_attribution.py"
        for name in (
            *("attribution_examples", "attribution_records", "hosted_study", "member_figures"),
        )
    },
    **{
        f"packager/worker/test/{name}.py": "built and run in testing/test_release_shares.py"
        for name in ("release_runs",)
    },
    **{
        f"packager/scoring/{name}.py": "a step of a run: scoring/test_run.py kills, divides it"
        for name in ("finish", "parts", "score_units", "units")
    },
    **{
        f"serving/scoring/{name}.py": "a step of a session: scoring/test_session.py sees it"
        for name in ("answering", "block_checker", "tally")
    },
    **{
        f"serving/grpc/{name}.py": "a part of the port: serving/test_grpc_server.py calls it"
        for name in ("infer", "metadata", "port")
    },
    "serving/http2/streams.py": "a request of a connection: http2/test_connection.py",
    **{
        f"serving/try_page/{name}.py": "a part of the page: tests/serving/test_try_page.py sends it"
        for name in ("endpoint", "form")
    },
    "serving/try_page/charts.py": "drawn by answers.py, whose test reads them",
    "packager/cli/deploy/batch.py": "prints what deploy/test_batch.py runs",
    "packager/cli/deploy/kserve.py": "prints what deploy/kserve/test_deploy.py runs",
    "packager/cli/deploy/kubernetes.py": "run by deploy/kubernetes/test_deploy.py",
    "packager/cli/deploy/remove.py": "run by deploy/compose/test_deploy.py, and others",
    "packager/cli/deploy/sagemaker.py": "prints what deploy/sagemaker/test_deploy.py runs",
    "packager/cli/deploy/schedule.py": "prints what deploy/test_schedule.py runs",
    **{
        f"packager/api/{name}.py": "used by ModelPackage: api/test_model_package.py"
        for name in ("estimator_tags", "frames", "notebook_view", "opening", "outcomes", "rows")
    },
    **{
        f"packager/api/{name}.py": "what api/test_pack.py writes: api/test_notebooks.py"
        for name in ("prepared_project", "written_project")
    },
    "packager/report/console_progress.py": "what cli/test_console.py reads",
    "packager/scoring/table_session.py": "the process under scoring/test_scorer.py",
    "packager/cli/deploy/swarm.py": "run by tests/packager/rollout/swarm/test_update.py",
    **{
        f"packager/rollout/swarm/{name}.py": "run on a real Swarm by rollout/swarm/test_live.py"
        for name in ("canary", "network_answers", "shadow")
    },
    "packager/rollout/update_gate.py": "calls gate.py and new_rows.py as an update asks",
    "packager/rollout/swarm/candidate.py": "started and asked in rollout/swarm/test_update.py",
    "packager/runners/package_stream.py": "the process under cli/test_score.py",
    "packager/tables/commit_once.py": "committed and repeated in scoring/test_delta_units.py",
    **{
        f"modelhost/solution/{name}.py": "a part of a member's call: solution/test_members.py"
        for name in ("pending_answer", "route", "submitted")
    },
    "modelhost/compiling/answer_parts.py": "compiled in worker/compile/test_outputs.py",
    "packager/cli/data/labels_derive.py": "`labels map` and the errors in cli/data/test_labels.py",
    "packager/labelling/derived_labels.py": "called by test_mapping.py and test_estimate.py",
    "packager/labelling/queue_scores.py": "a part of queue.py, whose tests see each score",
    "packager/report/label_queue.py": "what the command prints: cli/test_data_label_queue.py",
    "packager/deploy/grafana/panel.py": "drawn by dashboard.py, whose test reads them",
    **{
        f"packager/deploy/grafana/{name}.py": "asked of a real Prometheus in grafana/test_views.py"
        for name in ("drift_panels", "fleet_panels", "request_panels", "slice_panels")
    },
    **{
        f"packager/report/dashboard/{name}.py": "drawn from a Prometheus in dashboard/test_site.py"
        for name in ("answers", "page", "panel_html")
    },
    "packager/report/dashboard/scraped_tables.py": "read from a server in test_scraped_source.py",
    "packager/deploy/prometheus/output_cases.py": "promtool runs them in test_rule_tests.py",
    "packager/deploy/prometheus/presence_cases.py": "promtool runs them in test_rule_tests.py",
    "packager/deploy/prometheus/shadow_cases.py": "promtool runs them in test_rule_tests.py",
    "serving/shadow/attach.py": "called by every worker in serving/test_shadow.py",
    "serving/shadow/process.py": "started by every server in serving/test_shadow.py",
    "packager/deploy/prometheus/resolve_cases.py": "promtool runs them in test_rule_tests.py",
    "packager/model/model.py": "a protocol, which test_hosted_model.py and others satisfy",
    "packager/environment/built_wheels.py": "kept and compared in test_source_builds.py",
    "packager/environment/git_files.py": "read in test_git_sources.py and project/test_git.py",
    "packager/environment/pylock.py": "reads what uv wrote in test_resolver.py",
    "packager/environment/wheel_builds.py": "builds in test_source_builds.py",
    "packager/progress.py": "a protocol, and a class that says nothing",
    "packager/project/templates/train.py": "a starter's file: tests/conftest.py builds with it",
    "packager/runners/build_wheel.py": "runs alone, in test_source_build.py",
    "packager/tracker/service/health.py": "/metrics: test_exposition.py, test_reconciling.py",
    "packager/tracker/service/sources.py": "what test_reconciling.py and test_incoming.py run",
    "packager/tracker/sources/enrichment.py": "asked and kept in service/test_reconciling.py",
    "packager/worker/train/model_queries.py": "calls golden.py and rejected_values.py in a row",
    **{
        f"packager/tracker/service/{name}.py": "every route: service/test_hostile_api.py"
        for name in ("api", "numbers", "problems", "routing")
    },
    "packager/tracker/forges/mirror.py": "a record, which forges/test_sync.py keeps",
    "packager/tracker/core/issue.py": "a record; core/test_priority.py compares observations",
    "packager/tracker/service/tracker.py": "runs what service/test_hostile_api.py asks for",
    "packager/tracker/service/maintenance.py": "runs in service/test_admin_api.py",
    "packager/tracker/administration.py": "what service/test_admin_api.py asks for",
    "packager/tracker/store/archive.py": "what store/test_archive_import.py reads",
    "packager/tracker/store/audit.py": "shown in service/test_admin_api.py",
    "packager/tracker/store/causes.py": "compared with the records in store/test_listing.py",
    "packager/tracker/store/database.py": "a protocol, and an error that two stores raise",
    "packager/tracker/store/postgres_connection.py": "a part of store/test_postgres.py",
    "packager/tracker/store/reader.py": "read in store/test_listing.py and test_writer.py",
    "packager/tracker/store/sqlite_connection.py": "a part of store/test_sqlite.py",
    "packager/tracker/store/store.py": "a protocol, which both stores satisfy",
    "serving/protocols/protocol.py": "a protocol, which every adapter's test speaks",
    "serving/service.py": "imports BentoML: test_server.py asks a server for its files",
}
"""Modules that need no test file of their own, and why."""

FEATURES: dict[str, str] = {
    "packager/rollout/swarm/test_live.py": "a canary and a shadow on a real Swarm, under requests",
    "packager/deploy/test_proxy_grpc.py": "gRPC behind the proxies of Compose and Swarm",
    "packager/report/test_pages_in_browser.py": "every page in Chromium, at two widths",
    "modelhost/pickles/test_standard_library.py": "calls of every module that scanners warn of",
    "packager/cli/test_registry_index.py": "an index in a registry: pushed, signed, verified",
    "packager/trust/test_every_part.py": "changes of every kind, at a start, inspect and verify",
    "packager/api/test_notebooks.py": "notebooks in a real kernel, captured or refused",
    "packager/api/test_public_types.py": "a user's script under mypy, and the public names",
    "serving/test_grpc_server.py": "the gRPC port of a server, by the clients of other people",
    "serving/test_docs_clients.py": "the examples of docs/clients.md and docs/protocols.md",
    "serving/test_generated_clients.py": "clients that others generate from our OpenAPI",
    "modelhost/test_python_versions.py": "the oldest Python it runs on, and what it imports",
    "serving/test_hostile_load.py": "attacks of a model while others are answered and counted",
    "modelhost/test_old_interpreter.py": "verbs and its own tests on Python 3.8, NumPy 1.22",
    "serving/test_remote_members.py": "a flow whose members are servers, by the network",
    "monitoring/feedback/test_redis_faults.py": "a Redis that fails, to every module that asks it",
    "monitoring/derived/test_planted_drift.py": "drift of arrays, images, text and lists, seen",
    "packager/labelling/test_queue_of_tables.py": "a queue from a table, and its labels back in",
    "monitoring/test_any_columns.py": "a kind of column, from profile to slices",
    "monitoring/test_hostile_files.py": "special and damaged files in place of a server's files",
    "packager/cli/test_json_errors.py": "errors for programs, of every verb",
    "packager/cli/test_options.py": "one word for each meaning, over every verb",
    "packager/data/test_csv_hostile.py": "CSV that means harm, through every reader",
    "packager/data/test_parquet_hostile.py": "Parquet that means harm, through every reader",
    "packager/data/test_reading.py": "files as a project says they are written, to a build",
    "packager/deploy/test_alert_route.py": "an alert's way through the real programs",
    "packager/deploy/test_hostile_names.py": "names that mean harm, in every generated file",
    "packager/image/test_other_tools.py": "our images in other people's tools",
    "packager/replicas/test_hostile_answers.py": "servers that mean harm, to every client",
    "packager/replicas/test_hostile_labels.py": "labels that mean harm, from file to server",
    "packager/project/test_array_features.py": "arrays and files, from package.toml to job",
    "packager/project/test_canaries.py": "credentials that reach neither image nor output",
    "packager/project/test_planted.py": "what programs pick up from the folder they run in",
    "packager/project/test_sections_docs.py": "the sections as docs/package-toml.md has them",
    "packager/report/test_hostile_pages.py": "values that mean harm, on every page",
    "packager/runners/test_container.py": "the walls of a container, from inside",
    "packager/tables/labels/test_foreign_tables.py": "labels of tables that others write",
    "packager/tables/test_hostile_logs.py": "logs that lie, to everything that reads a table",
    "packager/tracker/test_real_alertmanager.py": "alerts of a real Alertmanager, to the store",
    "packager/tracker/service/test_addresses.py": "the address of a service on any free port",
    "packager/tracker/service/test_durability.py": "a service that is killed, or has a full disk",
    "packager/tracker/service/test_hostile_api.py": "requests that mean harm, to every route",
    "packager/tracker/store/test_growth.py": "work that does not grow with the store",
    "packager/trust/test_other_verifiers.py": "signatures in other people's tools",
    "packager/trust/test_signature_traps.py": "what means to pass a verification, and must not",
    "packager/worker/test_model_processes.py": "where a project's code runs, in every verb",
    "modelhost/loaders/test_large_libraries.py": "models of large libraries, in their environment",
    "packager/worker/compile/test_boosters.py": "objects of other libraries in the compile room",
    "packager/worker/compile/test_outputs.py": "models with [outputs], through the compile room",
    "packager/worker/compile/test_verdicts.py": "verdicts of the whole compile room",
    "packager/worker/replay/test_forged_metrics.py": "a recipe that forges, from build to replay",
    "packager/worker/train/test_rejected_by_models.py": "what real models of many libraries reject",
    "serving/test_bounds.py": "bounds over every protocol",
    "serving/test_confined_models.py": "what a served model may do, from package to log",
    "serving/test_cost_per_byte.py": "the cost of a byte, from socket to answer",
    "serving/test_extra_columns.py": "columns beside the model's, over every protocol",
    "serving/test_feedback_failures.py": "a store that fails while labels come",
    "serving/test_feedback_server.py": "labels that come to real servers",
    "serving/test_hostile_bytes.py": "malformed requests as raw bytes",
    "serving/test_hostile_openapi.py": "requests made of the document",
    "serving/test_hostile_requests.py": "requests that mean harm, to a server",
    "serving/test_hostile_members.py": "members that harm their own process, to a server",
    "serving/test_hostile_models.py": "models that harm their own process, to a server",
    "serving/test_java.py": "another language's client",
    "serving/test_proxies.py": "a server behind real proxies",
    "serving/test_compressed_exchanges.py": "compressed bodies and answers, over every protocol",
    "serving/test_methods.py": "HEAD and OPTIONS of every route of a server",
    "serving/test_other_origins.py": "pages of other origins, in a browser",
    "serving/test_terse_errors.py": "errors of a server that tells outsiders little",
    "serving/test_url_prefix.py": "a server at a path of a real proxy, in a browser",
    "serving/test_refused_values.py": "values a model refuses, over every protocol",
    "serving/test_server.py": "a whole server",
    "serving/test_try_page.py": "the page at /try through a whole server",
    "serving/test_uploads.py": "files that clients send to a server",
    "serving/test_structured_answers.py": "answers of several outputs, over every protocol",
    "serving/test_server_access.py": "keys and logs of a whole server",
    "serving/test_server_errors.py": "every status code of a whole server",
    "serving/test_server_faults.py": "a server whose processes, disk or store fail",
    "serving/test_server_load.py": "workers of a server under load",
    "serving/test_metrics_push.py": "a server that pushes, and rules on what it pushed",
    "serving/test_shadow.py": "a server whose rows go to a challenger",
    "serving/test_compiled_check.py": "a wrong compiled form while it serves",
    "serving/test_strange_names.py": "names of any Unicode, through a whole server",
    "serving/test_unsupported_libraries.py": "a server on libraries it doesn't know",
    "serving/test_nested_columns.py": "arrays, bytes and lists, through every protocol of a server",
}
"""Test files that are named after what users see, across modules, and what that is."""


def has_behaviour(text: str) -> bool:
    """Whether a module does something: it has a function, or a class with a method."""
    body = ast.parse(text).body
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    nodes = [*body, *(inner for one in classes for inner in one.body)]
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in nodes)


def modules() -> set[str]:
    """Posix paths below the checkout of the modules that do something."""
    paths = (path for room in ROOMS for path in (TOP / room).rglob("*.py"))
    return {
        path.relative_to(TOP).as_posix()
        for path in paths
        if not path.name.startswith("__") and has_behaviour(path.read_text(encoding="utf-8"))
    }


def files_of_tests() -> set[str]:
    """Posix paths below ``tests`` of the test files in its folders."""
    tests = TOP / "tests"
    return {
        path.relative_to(tests).as_posix()
        for room in ROOMS
        for path in (tests / room).rglob("test_*.py")
    }


def expected_file(module: str) -> str:
    """``packager/data/test_split.py`` of ``packager/data/split.py``."""
    folder, _, name = module.rpartition("/")
    return f"{folder}/test_{name}"


@pytest.mark.slow
def test_every_module_that_does_something_has_its_test_file() -> None:
    there = files_of_tests()
    absent = {module for module in modules() if expected_file(module) not in there}
    new = sorted(absent - EXEMPT.keys())
    assert not new, f"write {', '.join(map(expected_file, new))}"
    done = sorted(EXEMPT.keys() - absent)
    assert not done, f"delete from EXEMPT: {', '.join(done)}"


def test_every_test_file_has_a_module_or_is_named_after_a_feature() -> None:
    paths = {
        path.relative_to(TOP).as_posix() for room in ROOMS for path in (TOP / room).rglob("*.py")
    }
    strange = {file for file in files_of_tests() if file.replace("/test_", "/") not in paths}
    new = sorted(strange - FEATURES.keys())
    assert not new, f"no module of that name, and no reason in FEATURES: {', '.join(new)}"
    gone = sorted(FEATURES.keys() - strange)
    assert not gone, f"delete from FEATURES: {', '.join(gone)}"


def test_every_exception_has_its_reason() -> None:
    for reason in (*EXEMPT.values(), *FEATURES.values()):
        assert len(reason.split()) >= 3, reason


def test_constants_and_types_alone_are_no_behaviour() -> None:
    assert not has_behaviour("MAX = 3\nclass Row(FrozenModel):\n    x: int = 0\n")
    assert has_behaviour("class Row:\n    @property\n    def same(self): return True\n")
    assert has_behaviour("async def answer(): ...\n")
