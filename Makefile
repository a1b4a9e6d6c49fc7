# make lab     open the course in JupyterLab
# make test    run everything that CI runs
# make claims  train again what the lessons claim, over 5 seeds (long)
# make lessons run the lessons and store their outputs
#
# Each makes its own environment in .venv. Any of them takes PYTHON=python3.12.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
  $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
FITS = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
FOLDER ?= tlcourse-lessons

PY := .venv/bin/python
PIP := -m pip --disable-pip-version-check --quiet install
# What the tests need comes four times as fast with uv; a learner has pip alone.
UV := -m uv --quiet pip install --compile-bytecode
PYTEST := $(PY) -m pytest --color=auto
# Two at a time: tracing a model keeps only one core busy. A file's tests stay together.
# Each on one thread of its own: on small matrices, four threads wait for two cores.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
PAIRED := $(ONE_THREAD) $(PYTEST) -n 2 --dist loadscope
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=600 \
  --nbval-sanitize-with=tests/notebooks/sanitise.cfg
# Outputs stay in a stored lesson; what changes on every run, and widget state, do not.
STRIP := $(PY) -m nbstripout --keep-output --keep-count --extra-keys "metadata.widgets"

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: lab test claims lessons clean lint test-fast test-lessons test-claims test-browser \
  test-install test-colab

lab: .venv/lab
	@exec $(PY) -m tlcourse lab $(FOLDER)

test: lint test-fast test-lessons test-claims test-browser test-install test-colab

claims: .venv/test
	$(PYTEST) tests/lessons --renew --capture=no

LESSONS ?= notebooks/*.ipynb

lessons: .venv/test
	$(PY) -m jupyter nbconvert --to notebook --execute --inplace $(LESSONS)
	$(STRIP) $(LESSONS)
	$(PY) -m tlcourse.widgets.stored $(LESSONS)

lint: .venv/test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(STRIP) --verify notebooks/*.ipynb

test-fast: .venv/test
	$(PAIRED) tests --ignore=tests/notebooks --ignore=tests/lessons \
	  --ignore=tests/browser --ignore=tests/install

test-lessons: .venv/test
	$(PAIRED) $(NBVAL) tests/notebooks notebooks

test-claims: .venv/test
	$(PAIRED) tests/lessons

test-browser: .venv/test
	@bash tests/browser/need_chromium.sh
	$(ONE_THREAD) $(PYTEST) -n 2 tests/browser

test-install: .venv/test
	$(PYTEST) tests/install

# The versions of TensorFlow, Keras, NumPy and the notebook tools that Colab has.
PYTHON_COLAB ?= $(shell for p in python3.13 ~/.pyenv/versions/3.13*/bin/python \
  /opt/pyenv/versions/3.13*/bin/python; do $$p -c '' 2>/dev/null && echo $$p && break; done)

# What may differ there: Keras, the widgets and the figures.
QUICK = $(foreach part,import inference activations freezing training exercises static_first plots progress \
  setup_check lesson_00 lesson_07 lesson_08 lesson_08_figures freeze_lab adaptation unsupervised,tests/test_$(part).py)

test-colab:
ifeq ($(PYTHON_COLAB),)
	@echo "No Python 3.13 here: the pass on Colab's versions is left out."
else
	@$(MAKE) --no-print-directory .venv-colab/test
	$(ONE_THREAD) .venv-colab/bin/python -m pytest -n 2 --dist loadscope $(QUICK)
endif

clean:
	rm -rf .venv .venv-colab build dist

# --- environments: a stamp file each, made again when pyproject.toml changes ----------

.venv/bin/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(FITS)' 2>/dev/null || { \
	  echo "tlcourse needs Python 3.11, 3.12 or 3.13, and found none: install one" \
	    "from python.org, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Making an environment in .venv: once, for a few minutes and about 3 GB of disk"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/lab: pyproject.toml | .venv/bin/python
	@$(PY) $(PIP) --editable .
	@touch $@

.venv/test: pyproject.toml | .venv/bin/python
	@$(PY) $(PIP) uv
	@$(PY) $(UV) --python $(PY) --editable '.[test]'
	@touch $@ .venv/lab

.venv-colab/test: pyproject.toml tests/colab.txt
	$(PYTHON_COLAB) -m venv .venv-colab
	.venv-colab/bin/python $(PIP) uv
	.venv-colab/bin/python $(UV) --python .venv-colab/bin/python --requirement tests/colab.txt
	.venv-colab/bin/python $(UV) --python .venv-colab/bin/python --no-deps --editable .
	@touch $@
