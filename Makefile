# `make` or `make help` lists the targets. Each makes .venv ready first when it is not.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --warn-undefined-variables
SHELL := /bin/sh
.DELETE_ON_ERROR:

READY := .venv/.ready
BIN := .venv/bin
PYTHON ?=
TESTS ?= tests
# postgresql: in a server of the tests' own, out of a wheel.
DATABASE ?= sqlite
OUT ?= out
QUICK ?=
COVERAGE ?=
# Files stay whole, because tests of one file share a lab. Three for two cores: tests wait a third of
# their time, for daemons and PCs.
WORKERS ?= 3
BENCHES := $(filter-out bench/_%,$(wildcard bench/*.py))

.PHONY: help demo demo-fast test coverage lint lab-vm bench tui docs messages lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml .ci/set-up
	@PYTHON='$(PYTHON)' .ci/set-up

demo: $(READY) ## a prefecture's ledger, waves, lab PCs over SSH, faults, a status export in out/
	@$(BIN)/rollout demo --out $(OUT)

demo-fast: $(READY) ## a whole programme, August to May, in simulated time; a minute
	@$(BIN)/rollout demo --fast --out $(OUT)

tui: $(READY) ## the control room in the terminal; of the demo, when there is no rollout.toml
	@if [ -z "$$ROLLOUT_CONFIG" ] && ! [ -e rollout.toml ] && [ -e $(OUT)/demo/look ]; then \
		exec $(OUT)/demo/look; fi; exec $(BIN)/rollout tui

test: $(READY) ## every test; TESTS=path for some, WORKERS=0 for one process
	@TEST_DATABASE=$(DATABASE) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(TESTS) $(COVERAGE)

coverage: $(READY) ## every test, and which lines none of them ran; more than twice as long
	@$(MAKE) test COVERAGE='--cov --cov-report=term-missing:skip-covered'

lint: $(READY) ## style, formatting, types, floors
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet || { \
		echo 'lint: not formatted: run .venv/bin/ruff format' >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

lab-vm: $(READY) ## virtual PCs under QEMU are really reimaged; 15 minutes or more
	@ROLLOUT_TEST_VM=full $(BIN)/python -m pytest -q -s tests/integration/test_vm

bench: $(READY) ## every benchmark; QUICK=1 for the short form
	@set -e; for bench in $(BENCHES); do \
		echo "== $$bench"; $(BIN)/python $$bench $(if $(QUICK),--quick); done

docs: $(READY) messages ## what is generated: diagrams, configuration, catalogue, pictures, a report
	@$(BIN)/python -m rollout.domain.diagram docs/architecture.md
	@$(BIN)/python -m rollout.settings.reference docs/configuration.md
	@$(BIN)/python docs/make_role_readmes.py
	@$(BIN)/python docs/make_pictures.py
	@$(BIN)/python docs/make_report.py

messages: $(READY) ## collect the texts; names those without Japanese
	@$(BIN)/python -m rollout.i18n.messages

lock: $(READY) ## newest versions within pyproject.toml into requirements.lock
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --all-extras --group dev \
		pyproject.toml --output-file requirements.lock

clean: ## remove what was made here, .venv too; state/ stays
	rm -rf .venv out dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache \
		.hypothesis .import_linter_cache
	find rollout tui tests bench -name __pycache__ -prune -exec rm -rf {} +
