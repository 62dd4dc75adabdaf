# Two commands do all the set-up on a fresh machine: `make run` and `make test`. Needs Python >= 3.11, git and make.
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python

.PHONY: run test test-all setup setup-dev lint collection check-collection screenshots evaluation

run: setup  ## the application on http://127.0.0.1:7860
	$(VENV_PYTHON) app.py

setup:  ## .venv with the pinned packages
	@$(PYTHON) tools/setup.py

setup-dev:
	@$(PYTHON) tools/setup.py --dev --browser

test: setup-dev  ## the fast tests, browser included
	$(VENV_PYTHON) -m pytest

test-all: setup-dev  ## the slow ones too
	$(VENV_PYTHON) -m pytest -m "slow or not slow"

lint: setup-dev
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m mypy

collection: setup-dev  ## typeset the bundled documents anew
	$(VENV_PYTHON) -m collection.typeset

check-collection: setup-dev  ## hold every figure and note of the collection to its facts
	$(VENV_PYTHON) -m collection.claims
	$(VENV_PYTHON) -m collection.typeset --check

screenshots: setup-dev  ## the README's pictures, from the running application
	$(VENV_PYTHON) tools/screenshots.py

evaluation: setup-dev  ## render docs/evaluation.md from evals/results
	$(VENV_PYTHON) -m evals.report
