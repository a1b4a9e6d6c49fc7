# make lab     open the course in JupyterLab (PREFETCH=no: fetch nothing for the lessons)
# make test    run everything that CI runs
# make claims  train again what the lessons claim, over 5 seeds (long)
# make lessons run the lessons and store their outputs
# make site    make the lessons into pages for reading, in build/site
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
PYTEST := $(PY) -m pytest --color=auto --durations=40 --durations-min=5
PROXY := build/proxy/node_modules/.bin/configurable-http-proxy
PYTEST_INSTRUCTOR = .venv-instructor/bin/python -m pytest --color=auto tests/instructor
# Two at a time: tracing a model keeps only one core busy. A file's tests stay together.
# Each on one thread of its own: on small matrices, four threads wait for two cores.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# In the order of tests/conftest.py: the longest files first.
IN_PAIRS := -n 2 --dist loadscope --no-loadscope-reorder
PAIRED := $(ONE_THREAD) $(PYTEST) $(IN_PAIRS)
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=600 \
  --nbval-sanitize-with=tests/notebooks/sanitise.cfg
# Outputs stay in a stored lesson; what changes on every run, and widget state, do not.
STRIP := $(PY) -m nbstripout --keep-output --keep-count --extra-keys "metadata.widgets"

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: lab test claims lessons site clean lint environments environment-colab models \
  test-package test-fast test-claims test-claims-all test-lessons test-colab \
  test-colab-all test-browser-and-install test-browser test-install test-hub \
  test-instructor test-instructor-all test-site test-site-all test-site-and-instructor

lab: .venv/lab
	@test "$(PREFETCH)" = no || $(PY) -m tlcourse prefetch || true
	@exec $(PY) -m tlcourse lab $(FOLDER)

test:
	@bash tests/stages.sh

claims: .venv/test
	$(PYTEST) tests/lessons --renew --capture=no

LESSONS ?= notebooks/*.ipynb

# Lesson 00 shows what its learner did: here, as somebody who has just begun.
lessons: .venv/test
	TLCOURSE_RECORD=$$(mktemp -d)/learner.json \
	  $(PY) -m jupyter nbconvert --to notebook --execute --inplace $(LESSONS)
	$(STRIP) $(LESSONS)
	$(PY) tests/notebooks/stored.py $(LESSONS)

SITE ?= build/site

# A warning fails it. No code runs: the pages show what the lessons' cells showed.
site: .venv/test
	@$(PY) -m sphinx --fail-on-warning --keep-going --quiet --fresh-env --jobs 2 \
	  --conf-dir docs --doctree-dir $(SITE)-doctrees . $(SITE)
	@echo "The site is in $(SITE): open $(SITE)/index.html"

# --- the stages of make test (tests/stages.sh), and parts of them ---------------------

# Side by side: each waits for the network most of the time.
environments:
	@bash tests/browser/need_chromium.sh & chromium=$$!; \
	$(MAKE) --no-print-directory environment-colab & colab=$$!; \
	$(MAKE) --no-print-directory $(PROXY) & proxy=$$!; \
	$(MAKE) --no-print-directory .venv-instructor/test & instructor=$$!; \
	$(MAKE) --no-print-directory models && wait $$chromium && wait $$colab && \
	wait $$proxy && wait $$instructor

# Into the user's cache: a lesson under test must not show how it fetches them.
models: .venv/test
	@$(PY) -c "from tlcourse.prefetch import prefetch; exit(not prefetch(files=()))"

lint: .venv/test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(STRIP) --verify notebooks/*.ipynb
	.venv/bin/lint-imports --no-logo --no-cache

# The versions of TensorFlow, Keras, NumPy and the notebook tools that Colab has.
PYTHON_COLAB ?= $(shell for p in python3.13 ~/.pyenv/versions/3.13*/bin/python \
  /opt/pyenv/versions/3.13*/bin/python; do $$p -c '' 2>/dev/null && echo $$p && break; done)

# Fast tests run once: on the newest versions or, a share of them, on Colab's. A small
# core runs on both, and once a week all (test-colab-all).
COLAB_CORE := $(foreach part,import inference freezing saving static_first freeze_widget,\
  tests/test_$(part).py)
COLAB_SHARE := $(foreach part,activations training exercises learner_widgets adaptation \
  unsupervised plots progress setup_check,tests/test_$(part).py) \
  tests/lessons/start/test_lesson.py tests/lessons/freezing/test_widget.py \
  tests/lessons/clusters/test_lesson.py
PAIRED_COLAB = $(ONE_THREAD) .venv-colab/bin/python -m pytest $(IN_PAIRS)

FAST_AND_CLAIMS := tests $(addprefix --ignore=tests/,notebooks browser install hub \
  instructor site)
FAST := $(FAST_AND_CLAIMS) --ignore-glob='*/test_claims*.py'

ifeq ($(PYTHON_COLAB),)
environment-colab test-colab test-colab-all:
	@echo "No Python 3.13 here: all fast tests run in .venv, none on Colab's versions."
test-package: .venv/test
	$(PAIRED) $(FAST_AND_CLAIMS)
else
environment-colab: .venv-colab/test
test-package: .venv/test
	$(PAIRED) $(FAST_AND_CLAIMS) $(addprefix --ignore=,$(COLAB_SHARE))
test-colab: .venv-colab/test
	$(PAIRED_COLAB) $(COLAB_CORE) $(COLAB_SHARE)
test-colab-all: .venv-colab/test
	$(PAIRED_COLAB) $(FAST) --ignore=tests/test_contract.py
endif

test-fast: .venv/test
	$(PAIRED) $(FAST)

test-claims: .venv/test
	$(PAIRED) tests/lessons/*/test_claims*.py

test-claims-all: .venv/test
	$(PAIRED) tests/lessons/*/test_claims*.py --repeat-all

# Translations have the same code: the folders in notebooks are left out.
test-lessons: .venv/test models
	$(PAIRED) $(NBVAL) tests/notebooks notebooks/*.ipynb

# Side by side: the test of the wheel and the browser both wait a lot.
test-browser-and-install: .venv/test
	@bash tests/browser/need_chromium.sh
	$(ONE_THREAD) $(PYTEST) tests/install & install=$$!; \
	$(ONE_THREAD) $(PYTEST) -n 2 tests/browser; browser=$$?; \
	wait $$install && exit $$browser

test-browser: .venv/test
	@bash tests/browser/need_chromium.sh
	$(ONE_THREAD) $(PYTEST) -n 2 tests/browser

test-install: .venv/test
	$(PYTEST) tests/install

# A real JupyterHub; each seat is a user, so it runs as root only: sudo make test-hub.
test-hub: .venv/test $(PROXY)
	$(ONE_THREAD) $(PYTEST) tests/hub

# One lesson through nbgrader, by three students; weekly, every lesson.
test-instructor: .venv-instructor/test
	$(ONE_THREAD) $(PYTEST_INSTRUCTOR) --ignore=tests/instructor/test_every_lesson.py

test-instructor-all: .venv-instructor/test models
	$(ONE_THREAD) $(PYTEST_INSTRUCTOR)

# Side by side: neither has more than one process.
test-site-and-instructor:
	@$(MAKE) --no-print-directory test-site & site=$$!; \
	$(MAKE) --no-print-directory test-instructor; instructor=$$?; \
	wait $$site && exit $$instructor

# The site as a reader sees it, built once; a share of its pages, or every page.
test-site: .venv/test
	@bash tests/browser/need_chromium.sh
	$(ONE_THREAD) $(PYTEST) tests/site

test-site-all:
	@EVERY_PAGE=1 $(MAKE) --no-print-directory test-site

clean:
	rm -rf .venv .venv-colab .venv-instructor build dist

# --- environments: a stamp file each, made again when pyproject.toml changes ----------

.venv/bin/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(FITS)' 2>/dev/null || { \
	  echo "tlcourse needs Python 3.11, 3.12 or 3.13, and found none: install one" \
	    "from python.org, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Making an environment in .venv: once, for a few minutes and about 3 GB of disk"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/lab: pyproject.toml | .venv/bin/python
	@$(PY) $(PIP) --editable '.[text,games]'
	@touch $@

.venv/test: pyproject.toml | .venv/bin/python
	@$(PY) $(PIP) uv
	@$(PY) $(UV) --python $(PY) --editable '.[test,site,text,games]'
	@touch $@ .venv/lab

# The proxy of JupyterHub, an npm package.
$(PROXY):
	@if command -v npm >/dev/null; then \
	  npm install --silent --no-audit --no-fund --prefix build/proxy configurable-http-proxy; \
	else echo "No npm here: the tests of the workshop's hub are left out."; fi

.venv-colab/test: pyproject.toml tests/colab.txt
	@$(PYTHON_COLAB) -m venv .venv-colab
	@.venv-colab/bin/python $(PIP) uv
	@.venv-colab/bin/python $(UV) --python .venv-colab/bin/python --requirement tests/colab.txt
	@.venv-colab/bin/python $(UV) --python .venv-colab/bin/python --no-deps --editable .
	@touch $@

# nbgrader changes JupyterLab's menus for everybody in it: an environment of its own.
.venv-instructor/test: pyproject.toml
	@$(PYTHON) -m venv .venv-instructor
	@.venv-instructor/bin/python $(PIP) uv
	@.venv-instructor/bin/python $(UV) --python .venv-instructor/bin/python \
	  --editable '.[instructor,text]' pytest
	@touch $@
