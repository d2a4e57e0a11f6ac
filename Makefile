# Two commands: `make run` (set up what is missing, run the main job on what raw/ holds), `make test`.
export DAGSTER_HOME := $(CURDIR)
export DAGSTER_DISABLE_TELEMETRY := 1
export VIRTUAL_ENV := $(CURDIR)/.venv
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test ui bench check
.DEFAULT_GOAL := run

.venv/installe: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 ou plus récent est nécessaire (PYTHON=python3.12 make run)." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

# the oldest client the published file must open in, apart from ours
.outils/duckdb-1.0/installe: .venv/installe
	$(BIN)/pip install --quiet --no-deps --target .outils/duckdb-1.0 duckdb==1.0.0
	@touch $@

run: .venv/installe
	@$(BIN)/python -m pipelines

test: .venv/installe .outils/duckdb-1.0/installe
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

ui: .venv/installe
	@$(BIN)/dg dev --host 127.0.0.1

bench: .venv/installe
	@$(BIN)/python -m tests.bench $(OPTIONS)

check: .venv/installe
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/dg check defs
