# Two commands, each in a virtual environment of its own that it makes on its first run:
#
#   make demo    the main job on a generated sample: score, build, train, compare (about 2 minutes)
#   make test    lint, types and tests
#
# PYTHON is the interpreter that makes the environments, 3.11 or newer: make test PYTHON=python3.12

PYTHON ?= python3
TEST_VENV := .venv
DEMO_VENV := .venv-demo
DEMO_OUTPUT ?= demo

.PHONY: help demo test lint format clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -6

demo: $(DEMO_VENV)/installed
	$(DEMO_VENV)/bin/hardness demo -o $(DEMO_OUTPUT)

test: lint
	$(TEST_VENV)/bin/python -m pytest -n auto

lint: $(TEST_VENV)/installed
	$(TEST_VENV)/bin/ruff check .
	$(TEST_VENV)/bin/ruff format --check .
	$(TEST_VENV)/bin/pyright --pythonpath $(TEST_VENV)/bin/python

format: $(TEST_VENV)/installed
	$(TEST_VENV)/bin/ruff check --fix .
	$(TEST_VENV)/bin/ruff format .

# What was made here; the environments too, so that the next command starts afresh.
clean:
	rm -rf $(TEST_VENV) $(DEMO_VENV) build dist demo .pytest_cache .ruff_cache .hypothesis

$(TEST_VENV)/installed: EXTRA := dev
$(DEMO_VENV)/installed: EXTRA := train

# The stamp comes last, so an install that was interrupted is done again.
%/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'error: PYTHON must be 3.11 or newer, got $(PYTHON); set PYTHON=python3.11' >&2; exit 2; }
	$(PYTHON) -m venv --clear $*
	$*/bin/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable '.[$(EXTRA)]'
	@# The one dependency that PyPI has as source only.
	@[ "$(EXTRA)" != dev ] || $*/bin/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt kenlm || \
	    echo 'note: kenlm did not build, which takes a C++ compiler; its tests are skipped' >&2
	@touch $@
