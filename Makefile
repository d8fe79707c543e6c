# Each target sets up what it needs. With YES=1, demo and test install Docker Engine from
# Debian's packages (root, Debian or Ubuntu).

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help setup demo drill release test test-long test-fast check format docs reference lock lock-server newest clean

help:
	@echo "make demo [YES=1]   build, serve, measure and replay a real model; list the issues found"
	@echo "make drill [YES=1]  the life of a model with faults injected, in an engine of its own (root)"
	@echo "make test [YES=1]   the tests; those that need an engine are skipped without one"
	@echo "make test-long      what make test leaves out, and more examples of property tests: before a release"
	@echo "make test-fast      the tests that need no engine, server or network, in 2 to 4 minutes"
	@echo "make check          format, lint and types"
	@echo "make format         format the code and apply automatic corrections"
	@echo "make docs           build the documentation site in .docs/site; fails with a dead link"
	@echo "make reference      write the reference pages of docs/reference from the code"
	@echo "make lock           resolve requirements-dev.lock again"
	@echo "make lock-server    resolve what every image's server and harness consist of again"
	@echo "make newest         try the newest releases of dependencies; says which bounds can be moved"
	@echo "make release        build and check sdist and wheel, try the wheel alone; writes dist/"
	@echo "make clean          delete what these targets created"

setup: $(INSTALLED)

$(INSTALLED): requirements-dev.lock pyproject.toml examples/diamonds/data-requirements.txt
	@PYTHON=$(PYTHON) YES=$(YES) scripts/setup

demo: setup
	@YES=$(YES) scripts/with-engine $(BIN)/python scripts/demo.py

test: setup
	@YES=$(YES) TOOLS="skopeo umoci docker-registry podman faketime prometheus prometheus-alertmanager redis-server nginx haproxy postgresql" scripts/with-engine scripts/test $(TESTS)

test-long: setup
	@YES=$(YES) scripts/with-engine scripts/test -m "long or hypothesis" --hypothesis-profile=long

test-fast: setup
	@scripts/test-fast $(TESTS)

check: setup
	@echo "format, lint, types"
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: setup
	@$(BIN)/python scripts/docs_site.py

reference: setup
	@$(BIN)/python scripts/reference.py

lock: setup
	@scripts/lock

lock-server: setup
	@$(BIN)/python scripts/lock_server.py

newest: setup
	@$(BIN)/python scripts/newest.py $(PACKAGES)

drill: setup
	@YES=$(YES) scripts/with-engine $(BIN)/python scripts/drill.py $(ARGUMENTS)

release: setup
	@scripts/with-engine $(BIN)/python scripts/release.py $(ARGUMENTS)

clean:
	rm -rf .venv .newest .demo .drill .docs .mypy_cache .pytest_cache .ruff_cache .hypothesis
