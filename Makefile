# Two commands: `make run` (set up what is missing, run the main job on what raw/ holds), `make test`. `make help` lists the rest.
export DAGSTER_HOME := $(CURDIR)
export OBSERVATOIRE_HISTORIQUE ?= $(CURDIR)/.dagster
export DAGSTER_DISABLE_TELEMETRY := 1
export VIRTUAL_ENV := $(CURDIR)/.venv
PYTHON ?= python3
BIN := .venv/bin
# files stay whole: what a file prepares once is prepared by one process
ESSAIS := $(BIN)/python -m pytest --numprocesses auto --dist loadfile

.PHONY: help run test test-long test-campagne ui bench check
.DEFAULT_GOAL := run

.venv/installe: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 ou plus récent est nécessaire (PYTHON=python3.12 make run)." >&2; exit 1; }
	@echo "Installation des bibliothèques dans .venv/ (quelques minutes la première fois)…"
	@$(PYTHON) -m venv .venv || { echo "Impossible de créer .venv/ : installer le paquet python3-venv, puis relancer." >&2; exit 1; }
	@$(BIN)/pip install --quiet --requirement requirements.lock >.venv/installation.log 2>&1 \
		&& $(BIN)/pip install --quiet --no-deps --editable . >>.venv/installation.log 2>&1 \
		|| { echo "Installation impossible : l'index des bibliothèques est-il joignable (réseau, proxy), le disque est-il plein ? Détail : $(CURDIR)/.venv/installation.log" >&2; exit 1; }
	@touch $@

# the oldest client the published file must open in, apart from ours
.outils/duckdb-1.0/installe: .venv/installe
	$(BIN)/pip install --quiet --no-deps --target .outils/duckdb-1.0 duckdb==1.0.0
	@touch $@

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: .venv/installe ## run the main job on what raw/ holds
	@$(BIN)/python -m pipelines actualiser

test: .venv/installe .outils/duckdb-1.0/installe ## prove the product, in about three minutes on two cores
	@$(ESSAIS) -m "not long and not campagne"

test-long: .venv/installe .outils/duckdb-1.0/installe ## what takes minutes: kills, a real browser, many real runs, samples of the campaign
	@$(ESSAIS) -m "long and not campagne" --hypothesis-profile long

test-campagne: .venv/installe .outils/duckdb-1.0/installe ## full counts, by hand before a version: may take an hour
	@$(ESSAIS) -m "campagne or hypothesis" --hypothesis-profile campagne

ui: .venv/installe ## open Dagster on http://127.0.0.1:3000
	@$(BIN)/python -m pipelines.interface

bench: .venv/installe ## measure
	@$(BIN)/python -m tests.bench $(OPTIONS)

check: .venv/installe ## lint, types, definitions
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/dg check defs
