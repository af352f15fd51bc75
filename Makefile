# What a newcomer types: `make demo`. Everything else is for people who change netto-tui.
# Needs Python 3.11 or newer with its venv module, make and git; the rest comes into .venv.

SHELL := /bin/sh
PYTHON ?= $(shell for name in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; \
	done)
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help demo demo-servers test check format bench screenshots recording nightly fuzz wheel clean

help: ## show what there is to do
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 20

$(VENV)/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "netto-tui needs Python 3.11 or newer with its venv module;" \
		"on Debian and Ubuntu: apt install python3 python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

$(VENV)/.bench: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --group bench
	@touch $@

demo: $(VENV)/.ready ## open the app on a sample vault, made on the spot
	$(BIN)/netto-tui demo

demo-servers: $(VENV)/.ready ## the same, with stand-ins for GitHub and Firestore that run here
	$(BIN)/netto-tui demo --servers

test: $(VENV)/.ready ## run the tests
	$(BIN)/python -m pytest -n auto --dist worksteal

check: $(VENV)/.ready ## check style, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.ready ## put the code into its one form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.bench ## measure, beside peers in the same run
	$(BIN)/python -m tests.benchmarks

screenshots: $(VENV)/.ready ## draw every screen of the demo into screenshots/
	$(BIN)/python -m tests.screenshots

recording: $(VENV)/.ready ## record how a conflict is resolved and a lost conversation comes back
	$(BIN)/python -m tests.recording

nightly: $(VENV)/.bench ## the long runs: more examples, more seeds, more faults
	NETTO_NIGHTLY=1 $(BIN)/python -m pytest -n auto --dist worksteal --timeout 3600

fuzz: $(VENV)/.ready ## throw hostile bytes at what opens seals for a minute, where atheris is installed
	$(BIN)/python -m tests.fuzz -max_total_time=60

wheel: $(VENV)/.ready ## build what is published, into dist/
	$(BIN)/python -m build

clean: ## remove what was made here
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find netto_tui tests -name __pycache__ -prune -exec rm -rf {} +
