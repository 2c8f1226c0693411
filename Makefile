# SwarmProof from a fresh clone: `make demo` and `make test` need Python 3.11 or newer, and set up everything themselves.

VENV   := .venv
PYTHON := $(VENV)/bin/python
READY  := $(VENV)/.ready
LOG    := $(VENV)/install.log
ANALYSIS := build/analysis
PIP    := $(PYTHON) -m pip --disable-pip-version-check --quiet
NODE_READY := contracts/node_modules/.ready tests/devnet/clients/node_modules/.ready

# Which Python makes the virtual environment; `make PYTHON3=/path/to/python3.12 ...` chooses.
PYTHON3 ?= $(shell for name in python3.11 python3.12 python3.13 python3 python; do \
	if $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$name; break; fi; done)

# torch in a step of its own: as a dependency of others, the resolver may try builds of several gigabytes. A package index
# that offers builds for processors only keeps it small: make TORCH="--index-url ADDRESS torch==2.13.0" ...
TORCH ?= torch==2.13.0

# Processes share the cores: a second OpenMP thread in one of them only waits for the others.
export OMP_NUM_THREADS ?= 1

# Many tests wait for blocks and sockets, so two of them at a time take half as long; a file's tests share what they set up.
WORKERS ?= 2
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-slow test-all check format bench analyze prove coverage clean
.DEFAULT_GOAL := help

help:  ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY)  ## train with a swarm on this machine; options in ARGS, e.g. make demo ARGS="--peers 4 --json"
	@$(VENV)/bin/swarmproof demo $(ARGS)

test: $(READY) node-modules  ## the tests that end within minutes; options for pytest in ARGS
	@$(PYTHON) -m pytest -q -m "not slow" $(PARALLEL) $(ARGS)

test-slow: $(READY) node-modules  ## the tests that take longer
	@$(PYTHON) -m pytest -q -m slow $(PARALLEL) $(ARGS)

test-all: test test-slow  ## both

check: $(READY) build/typing/devnet  ## format, lint, types, who imports whom
	@$(PYTHON) -m ruff format --check --quiet . || { echo "run: make format" >&2; exit 1; }
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m mypy
	@$(PYTHON) -m pytest -q tests/test_imports.py tests/test_packaging.py

format: $(READY)  ## write the code as `make check` wants it
	@$(PYTHON) -m ruff format --quiet .
	@$(PYTHON) -m ruff check --quiet --fix .

bench: $(READY)  ## measure; each benchmark prints its own table
	@for file in scripts/bench_*.py; do \
		name=$$(basename $$file .py); echo "== $$name"; $(PYTHON) -m scripts.$$name || exit 1; done

analyze: $(READY) $(ANALYSIS)/.ready node-modules  ## what Slither finds in the contracts, against what was judged
	@$(PYTHON) -m scripts.slither_contracts

prove: $(READY) $(ANALYSIS)/.ready node-modules  ## prove the contracts' arithmetic with Halmos
	@$(PYTHON) -m scripts.prove_contracts

coverage: $(READY) node-modules  ## lines and branches of the contracts that their tests reach
	@$(PYTHON) -m scripts.coverage_contracts

clean:  ## remove what make has made, the virtual environment too
	rm -rf $(VENV) build $(dir $(NODE_READY)) contracts/out contracts/cache \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

$(READY): pyproject.toml constraints.txt
	@$(or $(PYTHON3),false) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "error: Python 3.11 or newer with venv and pip is needed and was not found;" \
		"name one with: make PYTHON3=/path/to/python3" >&2; exit 1; }
	@test -x $(PYTHON) || $(PYTHON3) -m venv $(VENV)
	@echo "setting up $(VENV): a few minutes the first time" >&2
	@{ $(PIP) install $(TORCH) && $(PIP) install -c constraints.txt -e '.[development]'; } >$(LOG) 2>&1 \
		|| { cat $(LOG) >&2; echo "error: the setup failed; the text above is also in $(LOG)" >&2; exit 1; }
	@touch $@

# Slither and Halmos in an environment of their own: their dependencies exclude ours.
$(ANALYSIS)/.ready: constraints-analysis.txt $(READY)
	@echo "setting up $(ANALYSIS)" >&2
	@$(PYTHON) -m venv $(ANALYSIS)
	@$(ANALYSIS)/bin/python -m pip --disable-pip-version-check --quiet install -c $< slither-analyzer halmos >$(LOG) 2>&1 \
		|| { cat $(LOG) >&2; exit 1; }
	@touch $@

# Solidity's compiler and libraries, and Ethereum clients: only the tests that compile Solidity or run those need them.
.PHONY: node-modules
node-modules:
	@if command -v npm >/dev/null && command -v node >/dev/null; then $(MAKE) --no-print-directory $(NODE_READY); \
	else echo "node and npm are not installed: the tests that compile Solidity or run its clients will be skipped," \
		"all others use the committed artifacts" >&2; fi

$(NODE_READY): %/node_modules/.ready: %/package.json %/package-lock.json
	@cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

# The folder under its import name, for the type checker.
build/typing/devnet:
	@mkdir -p build/typing && ln -sfn ../../hardhat-free-devnet $@
