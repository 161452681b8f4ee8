# Two commands need nothing prepared: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
GGFLEET := $(BIN)/ggfleet
UV := $(BIN)/uv
COMPILE := $(UV) pip compile -q --universal --generate-hashes --no-header --no-annotate \
           --no-emit-index-url --no-emit-find-links
MODEL := build/models/digits/metrics.json

.PHONY: help venv demo compare test lint unit model lock dist collection clean

help: ## tell what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | sort | expand -t 12

venv: .venv/.base ## make .venv with the command ggfleet

.venv/.base: requirements/base.txt requirements/uv.txt pyproject.toml
	$(PYTHON) scripts/make_venv.py .venv requirements/base.txt --project
	touch $@

.venv/.dev: .venv/.base requirements/dev.txt
	$(PYTHON) scripts/make_venv.py .venv requirements/dev.txt
	touch $@

build/train-venv/.done: models/requirements.txt requirements/uv.txt
	$(PYTHON) scripts/make_venv.py build/train-venv models/requirements.txt
	touch $@

model: $(MODEL) ## train the sample model
$(MODEL): models/train.py models/replace.py models/requirements.txt | build/train-venv/.done
	build/train-venv/bin/python models/train.py --out build/models/digits

demo: .venv/.base $(MODEL) ## the whole way once: train, bundle, render, run, compare
	$(BIN)/python scripts/demo.py

compare: .venv/.dev $(MODEL) ## measure the matrix of strategies on the test fleet, as root (PLAN, OUT, MINUTES)
	PYTHONPATH=generator:tests $(BIN)/python benchmarks/comparison.py --plan $(or $(PLAN),benchmarks/comparison.toml) \
	  --out $(or $(OUT),build/comparison) --time-limit $(or $(MINUTES),0)

test: .venv/.dev $(MODEL) lint ## lint, then every test that can run here
	$(BIN)/pytest --durations=25 --durations-min=3 $(PYTEST_ARGS)

unit: .venv/.dev ## the quick tests
	$(BIN)/pytest -q tests/unit tests/golden

lint: .venv/.dev ## style, types, layers, YAML, playbooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict .
	$(BIN)/ansible-lint --offline

lock: .venv/.dev ## pin all dependencies anew
	$(COMPILE) --upgrade --python-version 3.11 requirements/base.in -o requirements/base.txt
	$(COMPILE) --upgrade --python-version 3.11 requirements/dev.in -o requirements/dev.txt
	$(COMPILE) --upgrade --python-version 3.11 requirements/uv.in -c requirements/base.txt -o requirements/uv.txt
	$(COMPILE) --upgrade --python-version 3.10 models/requirements.in -o models/requirements.txt
	for name in tensorflow edge-runtime greengrass-sdk; do \
	  $(COMPILE) --upgrade --python-version 3.10 lambda/requirements/$$name.in -o lambda/requirements/$$name.txt; done

dist: .venv/.dev ## build the wheel that pipx installs
	$(UV) build --wheel --no-build-isolation --python $(BIN)/python --out-dir dist .

collection: .venv/.dev ## build the Ansible collection
	$(BIN)/python scripts/collection/build.py

clean: ## remove everything that was made
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .ansible
