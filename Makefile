# Needs python3 >= 3.11 with venv, and the package registry. Everything else is installed by `make setup`.
PYTHON ?= python3
BIN := .venv/bin
DATA ?= ../shared/data

.DEFAULT_GOAL := help
.PHONY: help setup demo test validation check lint types arch fix bench bench-api bench-load bench-movement hostile resilience deviance measure clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 10

setup: .venv/.ready tests/clients/node_modules tests/servers/node_modules  ## the environment in .venv, with .venv/bin/citytwin

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "citytwin needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,dev]'
	$(BIN)/citytwin doctor
	touch $@

# Clients and servers that others wrote for Node.js; without them (no Node.js, no registry) their tests are skipped and
# say so, but not in CI.
tests/%/node_modules: tests/%/package.json
	if command -v node && command -v npm; then \
	  npm install --silent --no-package-lock --no-audit --no-fund --prefix tests/$* && touch $@ || test -z "$$CI"; \
	fi >/dev/null

demo: setup  ## the main job on the embedded synthetic Aizu-Wakamatsu; report in out/demo/
	rm -rf out/demo
	$(BIN)/citytwin run earthquake_winter --baseline --out out/demo

test: setup  ## all tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: lint types arch  ## what must hold before a commit: lint, types, architecture

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

arch: setup
	$(BIN)/lint-imports --no-cache

fix: setup  ## format, and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup  ## the numbers of the README, with the ratio to a fixed pure-Python loop
	$(BIN)/python -m tests.bench

bench-api: setup  ## the rates of the reference city OS, with the ratio to a bare Starlette route
	PYTHONPATH=tests $(BIN)/python -m tests.bench_api

bench-load: setup  ## the rates of the load generator, and the disaster mix of 50,000 IDs (under 5 min)
	PYTHONPATH=tests $(BIN)/python -m tests.bench_load

bench-movement: setup  ## movement against its floors and SUMO, UXsim, simpy, mesa (20 min; ONLY="city sumo" for parts)
	PYTHONPATH=tests $(BIN)/python -m movement_bench $(foreach part,$(ONLY),--only $(part))

resilience: setup  ## the reference city OS killed, starved, pressed; writes docs/resilience.md (10 min; ONLY="overload slow")
	PYTHONPATH=tests:. $(BIN)/python -m resilience $(foreach part,$(ONLY),--only $(part))

hostile: setup  ## 100,000 requests that nobody should send, over all operations (about 20 min)
	PYTHONPATH=tests $(BIN)/python -m tests.hostile

deviance: setup  ## every fault against the whole suite; writes the tables of docs/conformance (about an hour)
	PYTHONPATH=tests $(BIN)/python -m deviant.matrix

validation: setup  ## writes docs/validation: what was observed, what is simulated, the misfit (some minutes)
	$(BIN)/python -m scenarios.validation --data $(DATA)

measure: setup  ## the shape of the tree
	$(BIN)/python ../shared/tools/measure.py . --against ../shared/tools/anchors.json

clean:  ## remove what the other targets made
	rm -rf .venv tests/clients/node_modules tests/servers/node_modules out build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
