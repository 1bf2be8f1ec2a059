# Every command makes .venv and installs what it needs, once.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
CODE := b24app handlers robots install pages sandbox demo benchmarks tests wsgi.py
BANDIT = $(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(PRODUCT)
PRODUCT := $(filter-out tests benchmarks,$(CODE))

.PHONY: help demo smoke test lint audit bench chaos
help:
	@echo "make demo   a Bitrix24 portal on this machine with the app installed in it; Ctrl-C stops"
	@echo "make smoke  the main job without a screen, over HTTP; ends with one JSON line"
	@echo "make test   the tests (browser tests need Chromium: apt-get install chromium)"
	@echo "make chaos  kill -9 in the middle of everything"
	@echo "make lint   ruff, mypy, bandit, and pip-audit where the network allows"
	@echo "make audit  pip-audit; fails for a vulnerability that is known"
	@echo "make bench  measurements in their quick form; ARGS= for the whole, about an hour"

demo: $(VENV)/.run
	@$(BIN)/python -m demo.run $(ARGS)

smoke: $(VENV)/.run
	@$(BIN)/python -m demo.smoke $(ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

chaos: $(VENV)/.dev
	$(BIN)/python -m pytest -m chaos $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	@$(BANDIT) 2>/dev/null || $(BANDIT)
	$(BIN)/python -m tests.audit

audit: $(VENV)/.dev
	$(BIN)/python -m tests.audit --strict

bench: ARGS ?= --quick
bench: $(VENV)/.dev
	@for script in benchmarks/*.py; do $(BIN)/python $$script $(ARGS) || exit 1; done

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
