# One command for each habit. Each works from a fresh clone and can be run again.
SHELL := /bin/bash
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# Each test process starts parts of its own, unless an address in the environment says to share some.
PROCESSES ?= $(if $(BALIE_TEST_RABBITMQ_URL)$(BALIE_TEST_TEMPORAL_ADDRESS),0,2)
# How many times as far as `make test` the searches of `make fuzz` go.
TIMES ?= 50
VENDOR := services/web/static/vendor/.done
# Compiled once, not by every process that is started: a whole run of the tests starts a hundred.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run demo bench test unit fuzz mutate faults check format contract lock

help: ## Say what there is
	@sed -nE 's/^([a-z]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '  make %-9s %s\n' "$$name" "$$what"; done

run: $(VENV)/.run ## Open the whole desk on this machine; Ctrl-C closes it
	@$(MAKE) --silent --no-print-directory $(VENDOR) \
		|| echo "The pages' script could not be fetched from npm: they work without it, but do not update by themselves."
	@$(BIN)/balie up $(ARGS)

demo: $(VENV)/.run ## Bring real mails in and run their tickets through a fast life; ARGS="--mail DIR"
	@$(BIN)/balie demo $(ARGS)

bench: $(VENV)/.dev ## Measure what clocks cost and withstand, half an hour; ARGS=--quick for five minutes
	@$(BIN)/python -m tests.bench clock $(ARGS)

test: $(VENV)/.dev $(VENDOR) ## Install what the tests lack and run them all; ARGS for pytest
	@deploy/install-test-parts
	@$(BIN)/pytest --numprocesses $(PROCESSES) --dist loadfile $(ARGS)

unit: $(VENV)/.dev ## Run the tests that need no database, broker, Temporal or browser, in seconds; ARGS for pytest
	@BALIE_TEST_EXAMPLES=25 $(BIN)/pytest --quiet --no-header --numprocesses 2 --dist worksteal -m unit $(ARGS)

fuzz: $(VENV)/.dev $(VENDOR) ## Search much further for inputs that break a rule, an hour or so; TIMES=5 for less, ARGS for pytest
	@deploy/install-test-parts
	@BALIE_TEST_TIMES=$(TIMES) $(BIN)/pytest --numprocesses $(PROCESSES) --dist loadfile -m search --timeout 7200 $(ARGS)

mutate: $(VENV)/.dev ## Change the clock's rules in a thousand ways, and see which ones no test notices; an hour
	@BALIE_TEST_EXAMPLES=10 $(BIN)/mutmut run --max-children 2 $(ARGS)
	@$(BIN)/mutmut results

faults: $(VENV)/.dev ## Put known faults into a copy of the code, and see that a test catches each; ARGS="--only reply"
	@$(BIN)/python -m tests.faults $(ARGS)

check: $(VENV)/.dev ## Format, lint, strict types, architecture, licences, contract
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-error-summary services tests
	$(BIN)/lint-imports >/dev/null || $(BIN)/lint-imports
	$(BIN)/pytest --quiet --no-header tests/test_architecture.py tests/test_named_places.py tests/test_licences.py
	$(BIN)/python -m tests.faults --check
	$(BIN)/balie contract --check

format: $(VENV)/.dev ## Format the code and mend what the linter can
	$(BIN)/ruff format --quiet .
	$(BIN)/ruff check --quiet --fix .

contract: $(VENV)/.dev ## Write the OpenAPI and AsyncAPI documents; ARGS=--breaking where that is meant
	$(BIN)/balie contract $(ARGS)

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate pyproject.toml
lock: $(VENV)/.run ## Choose versions anew within pyproject.toml; UPGRADE=--upgrade for the newest ones
	$(PIP) install uv
	$(LOCK) $(UPGRADE) --extra embedded --extra dev --output-file requirements-dev.lock
	$(LOCK) --constraint requirements-dev.lock --extra embedded --output-file requirements.lock
	$(LOCK) --constraint requirements-dev.lock --output-file requirements-services.lock

$(BIN)/python:
	@PYTHON=$(PYTHON) deploy/make-venv $(VENV)

# The stamps are newer than what they were made from, so a second run installs nothing.
$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Balie needs (once, a minute or two)…"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the tests need (once, a minute or two)…"
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run

$(VENDOR): services/web/package-lock.json services/web/vendor.mjs | $(VENV)/.run
	@cd services/web && export PATH="$(CURDIR)/$(BIN):$$PATH" \
		&& npm ci --ignore-scripts --no-audit --no-fund --silent --fetch-retries=1 \
		&& node vendor.mjs
	@touch $@
