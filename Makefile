# The commands a developer types. `make run` and `make test` need Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Modules are compiled when they are first imported, which most never are.
INSTALL := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --no-compile --require-hashes --requirement
# For `make test`: what to run and how, for example ARGS="tests/ipn -k retry". Nothing given: everything.
ARGS ?=
PARALLEL := -n 2 --dist worksteal
QUICK := not slow and not browser
# The venv is used by its paths; an activated one must not get in between.
unexport VIRTUAL_ENV PYTHONHOME

.PHONY: help run serve test quick bench check format-check lint types imports migrations messages lock

help:
	@echo "make run    the sandbox, everything included: http://127.0.0.1:8000/ (PORT and VAR move it)"
	@echo "make test   every test, on servers of its own (ARGS=... for some of them)"
	@echo "make bench  how fast it is, beside what it could be at most (SCALE=0.1 for a short look)"
	@echo "make quick  the tests without browsers, foreign clients and long runs"
	@echo "make check  format, lint, types, import contracts, missing migrations, tests"
	@echo "make serve  the production processes against DATABASE_URL and REDIS_URL"
	@echo "make messages  the translations, brought up to date with the code"
	@echo "make lock   resolve pyproject.toml into requirements/*.txt"

run: $(VENV)/sandbox
	@$(BIN)/python manage.py sandbox --end-with-parent

serve: $(VENV)/hosted
	@$(BIN)/python manage.py serve --end-with-parent

# Everything in three runs: what is quick first, then what starts programs and foreign clients, then what has browsers,
# by itself: Playwright leaves an event loop running in the process, in which asyncio.run refuses to start.
test: $(VENV)/dev
ifeq ($(strip $(ARGS)),)
	$(BIN)/python -m pytest $(PARALLEL) -m "$(QUICK)"
	$(BIN)/python -m pytest $(PARALLEL) -m "slow and not browser"
	$(BIN)/python -m pytest $(PARALLEL) -m "browser"
else
	$(BIN)/python -m pytest $(ARGS)
endif

bench: $(VENV)/dev
	@$(BIN)/python -m tests.bench

# What developers run all day: without browsers, foreign clients, and whatever takes more than some seconds.
quick: $(VENV)/dev
	$(BIN)/python -m pytest $(PARALLEL) -m "$(QUICK)"

check: format-check lint types imports migrations test

format-check: $(VENV)/dev
	$(BIN)/python -m ruff format --check .

lint: $(VENV)/dev
	$(BIN)/python -m ruff check .

types: $(VENV)/dev
	$(BIN)/python -m mypy .

imports: $(VENV)/dev
	$(BIN)/lint-imports

migrations: $(VENV)/dev
	$(BIN)/python -W ignore manage.py makemigrations --check --dry-run

messages: $(VENV)/dev
	$(BIN)/python manage.py messages

lock: $(VENV)/dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml --output-file requirements/hosted.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml --extra sandbox --constraints requirements/hosted.txt --output-file requirements/sandbox.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml --extra sandbox --group dev --constraints requirements/sandbox.txt --output-file requirements/dev.txt

# One venv for all. The locks agree on versions and each contains the one before it, so installing the larger one also
# satisfies the smaller, and nothing is ever taken back. The stamps are as old as the last installation.
$(VENV)/dev: requirements/dev.txt | $(BIN)/python
	$(INSTALL) requirements/dev.txt
	@touch $(VENV)/hosted $(VENV)/sandbox $@

$(VENV)/sandbox: requirements/sandbox.txt | $(BIN)/python
	@echo "Installing what the sandbox needs; this is done once."
	@$(INSTALL) requirements/sandbox.txt
	@touch $(VENV)/hosted $@

$(VENV)/hosted: requirements/hosted.txt | $(BIN)/python
	@$(INSTALL) requirements/hosted.txt
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: PYTHON=python3.12 make ..." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
