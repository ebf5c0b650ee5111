# The one door: every task of this repository is a target here. `make help` lists them.
# Everything is installed into .venv beside this file; nothing is installed globally.

PYTHON ?= python3
BIN := .venv/bin
UV := UV_PYTHON_DOWNLOADS=never $(BIN)/uv --no-cache --system-certs --quiet
UV_INSTALL := $(UV) pip install --python $(BIN)/python
COMPILE := $(UV) pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
DIR ?= tests/vectors/cases
SEEDS ?= 0:100000000
MINUTES ?= 60
SIM_TO := --keep build/sim --report build/sim/report.html
# The console's bundle. Without Node, or without a network for its first build, everything else works all the same.
BUNDLE := src/flatbook/api/static/index.html
CONSOLE_FILES := $(wildcard console/*.html console/*.ts console/*.json) $(shell find console/src console/public -type f)
CONSOLE_IF_NODE = if ! command -v npm > /dev/null; then echo "Node is absent: no console is built, and the terminal shows all"; \
	else $(MAKE) --silent console || { test "$$REQUIRE_REAL" != 1 && echo "the console was not built, and the terminal shows all"; }; fi
CHROMIUM := /usr/bin/chromium
CLIENTS := alpaca schwab ccxt
PEERS := benchmarks/requirements-peers.txt

.DEFAULT_GOAL := help
.PHONY: help demo console console-if-node test thorough e2e soak sim sim-ci lint lint-style lint-types format api-schema vectors captures bench wheel \
	deps deps-all clients lock lock-clients clean
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Whatever the shell says: without kept bytecode every process compiles all it imports, and that is most of its time.
unexport PYTHONDONTWRITEBYTECODE
# Parts that need nothing of each other, two at a time; what one says is not mixed with what another says.
BESIDE := $(MAKE) --jobs 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/run.stamp console-if-node ## hedge recorded onchain fills on a paper broker, crash included; no keys, no network
	@$(BIN)/flatbook demo

console: $(BUNDLE) ## build the web console that the API serves; needs Node

console-if-node:
	+@$(CONSOLE_IF_NODE)

test: .venv/dev.stamp ## every check and every test that a change must pass, over all processors
	+@$(BESIDE) lint-types lint-style .venv/tests.stamp console-if-node
	@$(BIN)/python -m pytest -n auto --dist worksteal

thorough: lint ## the same with every example and every cut that is only sampled for a change; for the night
	@THOROUGH=1 $(BIN)/python -m pytest -n auto --dist worksteal

e2e: lint deps-all ## the long runs on a real chain, none of which may be left out
	@REQUIRE_REAL=1 $(BIN)/python -m pytest -m e2e

soak: lint console ## the console for an hour before a desk that trades: it may not grow; SOAK_MINUTES says how long
	@SOAK_MINUTES=$${SOAK_MINUTES:-60} $(BIN)/python -m pytest -m slow -s tests/console/test_heap.py

sim: .venv/run.stamp ## simulated worlds for an hour, over all processors; MINUTES and SEEDS say how many
	@$(BIN)/flatbook sim crash
	@$(BIN)/flatbook sim run --seeds $(SEEDS) --minutes $(MINUTES) --pairs 50 --covered $(SIM_TO)

sim-ci: .venv/run.stamp ## the simulated worlds that every change must pass, in 5 minutes
	@$(BIN)/flatbook sim canary
	@$(BIN)/flatbook sim crash
	@$(BIN)/flatbook sim mutants
	@$(BIN)/flatbook sim run --seeds 0:1800 --pairs 50 --covered $(SIM_TO)
	@$(BIN)/flatbook sim run --seeds 0:200 --level full --keep build/sim
	@$(BIN)/flatbook sim run --seeds 0:110 --level exchange --covered --keep build/sim

lint: .venv/dev.stamp ## style, types and the layers, without running the tests
	+@$(BESIDE) lint-types lint-style

lint-style: .venv/dev.stamp
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-cache --no-logo

lint-types: .venv/dev.stamp
	@$(BIN)/mypy

# The bytecode of the tests, made once and not by each of the processes that run them, which also say what is wrong.
.venv/tests.stamp: .venv/dev.stamp
	@$(BIN)/python -m pytest --collect-only -qq > /dev/null || true
	@touch $@

format: .venv/dev.stamp ## rewrite the code in the project's format
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format

api-schema: .venv/dev.stamp console/node_modules/stamp ## describe the API anew, and the console's types of it; needs Node
	@$(BIN)/python -m tools.generate_openapi
	@cd console && npm run --silent types

vectors: .venv/dev.stamp ## run golden cases: make vectors DIR=<folder>
	@$(BIN)/python -m tests.vectors "$(DIR)"

captures: .venv/dev.stamp clients ## compare our books with ccxt's over recorded sessions: make captures DIR=<folder>
	@$(BIN)/python -m tests.captures "$(DIR)"

bench: .venv/dev.stamp .venv-bench/stamp ## measure, beside peers: 8 minutes, or 1 with BENCH_QUICK=1
	@$(MAKE) .venv-clients/ccxt.stamp || echo "ccxt could not be installed, and its figures are left out" >&2
	@$(BIN)/python -m benchmarks

wheel: .venv/dev.stamp console-if-node ## build the wheel into dist/, with the console where Node is there
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist .

deps: .venv/dev.stamp ## make .venv with everything that developing needs

deps-all: deps clients $(CHROMIUM) .venv-real/contracts.json .venv-real/float/stamp ## also a chain, our contracts, clients of brokers, a browser; needs Node

clients: $(CLIENTS:%=.venv-clients/%.stamp) ## clients of brokers that nobody here wrote, each in a place of its own

lock: .venv/dev.stamp ## resolve the dependencies anew into requirements*.txt
	@$(COMPILE) --upgrade --output-file requirements.txt > /dev/null
	@$(COMPILE) --upgrade --extra dev --output-file requirements-dev.txt > /dev/null

lock-clients: $(CLIENTS:%=tests/clients/requirements-%.in) .venv/dev.stamp ## resolve what the clients need anew
	@for client in $(CLIENTS); do $(subst pyproject.toml,tests/clients/requirements-$$client.in,$(COMPILE)) --upgrade \
		--output-file tests/clients/requirements-$$client.txt > /dev/null || exit 1; done

clean: ## remove .venv, dist and caches
	@rm -rf .venv .venv-* console/node_modules src/flatbook/api/static dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2> /dev/null || true

# uv, at the version and hash of the lock, installs the rest. An environment that was cut off while it was made is made anew.
$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "flatbook needs Python 3.11 or newer, and $(PYTHON) is older: make PYTHON=python3.12" >&2; exit 1; }
	@test -e .venv/uv.txt || $(PYTHON) -m venv --clear .venv
	@awk '/^uv==/ {p = 1} p {print} p && !/\\$$/ {exit}' requirements-dev.txt > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-cache-dir --require-hashes -r .venv/uv.txt

.venv/run.stamp: requirements.txt pyproject.toml | $(BIN)/uv
	@echo "installing flatbook into .venv (once)"
	@$(UV_INSTALL) --require-hashes --compile-bytecode -r requirements.txt
	@$(UV_INSTALL) --no-deps --build-constraints requirements-dev.txt --editable .
	@touch $@

# The peers of the benchmarks; without them, as without a network, their figures are left out.
.venv-bench/stamp: $(PEERS) | $(BIN)/uv
	@echo "installing the peers of the benchmarks into .venv-bench (once)"
	@$(UV) venv --clear --python $(BIN)/python .venv-bench
	@$(UV) pip install --python .venv-bench/bin/python -r $(PEERS) && touch $@ \
		|| { rm -rf .venv-bench; echo "the peers of the benchmarks could not be installed" >&2; }

# Programs of npm, each group where its lock says, none of their scripts run.
.venv-real/%/stamp: tests/real/%/package.json tests/real/%/package-lock.json tests/real/.npmrc
	@command -v npm > /dev/null || { echo "npm is absent: install Node 20 or newer" >&2; exit 1; }
	@echo "installing the group $* of npm into .venv-real (once)"
	@mkdir -p $(@D) && cp $^ $(@D)
	@cd $(@D) && npm ci --silent
	@touch $@

console/node_modules/stamp: console/package.json console/package-lock.json console/.npmrc
	@command -v npm > /dev/null || { echo "npm is absent: install Node 20.19 or newer" >&2; exit 1; }
	@echo "installing what the console is built with (once)"
	@cd console && npm ci --silent
	@touch $@

$(BUNDLE): console/node_modules/stamp $(CONSOLE_FILES)
	@echo "building the console"
	@cd console && npm run --silent build -- --logLevel warn

# The browser that the console is tested in is Debian's.
$(CHROMIUM):
	@echo "installing Chromium (once)"
	@apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium > /dev/null \
		|| echo "Chromium could not be installed: the console's tests in a browser are left out" >&2

.venv-real/contracts.json: contracts/compile.mjs $(wildcard contracts/*.sol) .venv-real/chain/stamp
	@echo "compiling the contracts"
	@node contracts/compile.mjs .venv-real/chain $@

# Clients of brokers have dependencies of their own and are never imported by us.
.venv-clients/%.stamp: tests/clients/requirements-%.txt | $(BIN)/uv
	@echo "installing the client $* into .venv-clients (once)"
	@$(UV) venv --allow-existing --python $(BIN)/python .venv-clients/$*
	@$(UV) pip install --python .venv-clients/$*/bin/python --require-hashes --compile-bytecode -r $<
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@echo "installing the development tools into .venv (once)"
	@$(UV_INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@
