# Every target sets itself up: a machine with Python 3.11 (or newer) and make is enough.
#
#   make demo                              the whole job on the bundled corpus, in minutes
#   PIP_EXTRA_INDEX_URL=<index> make demo  install from another index too (see constraints.txt)

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SIDE_BY_SIDE := --numprocesses auto --dist loadfile # a process a core, each file in one of them

# Nothing of the user's own Python set-up leaks into the checks.
unexport PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo textbook test test-all lint docs bench bench-training bench-search clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(STAMP) ## train on the bundled phrasebook, translate, draw the attention (about 3 minutes)
	@$(BIN)/python examples/demo/demo.py

textbook: $(STAMP) ## compare the textbook's five models, and write the report (under 25 minutes on 2 cores)
	@$(BIN)/python examples/textbook/textbook.py

test: $(STAMP) ## every test but the slow ones, with coverage of src/ (under 10 minutes)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" $(SIDE_BY_SIDE) --cov --cov-report=term --cov-fail-under=90

test-all: $(STAMP) ## every test, the slow ones included
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE) --cov --cov-report=term --cov-fail-under=90

lint: $(STAMP) ## style, format and types
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy

docs: $(STAMP) ## build the site into build/site, running the course's code (about 2 minutes the first time)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@$(BIN)/python website/check_site.py build/site

bench: $(STAMP) ## run the benchmarks (long; make bench ONLY=name for one)
	@for script in benchmarks/$(if $(ONLY),$(ONLY),*).py; do \
	  if [ ! -f "$$script" ]; then echo "make bench: there is no $$script" >&2; exit 2; fi; \
	  echo "== $$script"; $(BIN)/python "$$script" || exit; \
	done

bench-training: $(STAMP) ## race training against OpenNMT-py and JoeyNMT (40 minutes, after their installation)
	@$(BIN)/python benchmarks/training_speed.py

bench-search: $(STAMP) ## race beam search against OpenNMT-py and eole (a quarter of an hour, after their installation)
	@$(BIN)/python benchmarks/search_speed.py

clean: ## remove caches and build products; .venv and runs/ stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov build dist src/*.egg-info
	@find src tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# .venv is built once, and brought up to date when what it should hold changes. The stamp is written last:
# an interrupted installation is taken up again. src/*.egg-info may go: the editable install doesn't need it.
$(STAMP): pyproject.toml constraints.txt
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  python=; for candidate in $(PYTHON) python3.11 python3 python3.12 python3.13; do \
	    if "$$candidate" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	    then python="$$candidate"; break; fi; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "seqloom needs Python 3.11 or newer with its venv module (on Debian and Ubuntu: the packages python3 and python3-venv) and found none; install it, or name one: make demo PYTHON=/path/to/python" >&2; \
	    exit 2; \
	  fi; \
	  echo "Making $(VENV) with $$($$python --version)"; \
	  "$$python" -m venv --clear $(VENV) || exit; \
	fi
	@echo "Installing into $(VENV) (a minute or more the first time: torch is large)"
	@$(BIN)/python -m pip install -qq --constraint constraints.txt --editable '.[train,audio,dev,docs]'
	@touch $@
