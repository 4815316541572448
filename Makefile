# Needs Python 3.11 or newer, git and make; everything else goes into .venv.

.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
PIP := $(PYTHON) -m pip --disable-pip-version-check --quiet
WORKERS ?= 2
ARGS ?=

.PHONY: help demo install test check lint format servers bench bench-full clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | sort | expand -t 14

demo: .venv/.installed ## the dashboard on a simulated application (ARGS="--speed 20")
	@exec .venv/bin/opsdash demo $(ARGS)

install: .venv/.installed-dev ## make .venv with opsdash and what its tests need

test: .venv/.installed-dev servers ## every test, real servers included (ARGS="tests/ui -k header")
	@exec $(PYTHON) -m pytest -n $(WORKERS) --dist loadfile -rs $(ARGS)

check: lint test ## format check, lint, strict types, every test

lint: .venv/.installed-dev ## format check, lint and strict types
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy

format: .venv/.installed-dev ## format the code and mend what ruff can
	$(PYTHON) -m ruff check --fix-only .
	$(PYTHON) -m ruff format .

servers: ## install Debian's Prometheus, Alertmanager and the like for the tests, where root
	@tests/kit/install_servers

bench: .venv/.installed-bench servers ## measure the performance budgets, and the reliability goals in small
	@exec $(PYTHON) -m bench $(ARGS)

bench-full: .venv/.installed-bench servers ## measure the reliability goals at their full counts
	@exec $(PYTHON) -m bench --full $(ARGS)

clean: ## remove .venv and what tools leave
	@rm -rf .venv dist build .mypy_cache .ruff_cache .hypothesis .pytest_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@for name in python3.14 python3.13 python3.12 python3.11 python3; do \
	  "$$name" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  if "$$name" -c 'import ensurepip' 2>/dev/null; then found=$$name; break; fi; \
	  bare=$$name; \
	done; \
	if [ -z "$$found" ] && [ -n "$$bare" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing python3-venv, which $$bare lacks"; \
	  export DEBIAN_FRONTEND=noninteractive; apt-get -qq update && \
	  apt-get -qq install -y --no-install-recommends "$$bare-venv" >/dev/null 2>&1 </dev/null && \
	  found=$$bare; \
	fi; \
	if [ -z "$$found" ] && [ -n "$$bare" ]; then \
	  echo "$$bare cannot make environments: apt-get install $$bare-venv, then run make again" >&2; \
	  exit 2; \
	elif [ -z "$$found" ]; then \
	  echo "opsdash needs Python 3.11 or newer: install it, then run make again" >&2; exit 2; \
	fi; \
	echo "Making .venv with $$("$$found" --version)" && "$$found" -m venv --clear .venv

# The stamps stand for the environment: nothing is installed again until pyproject.toml changes.
.venv/.installed: pyproject.toml | .venv/bin/python
	@echo "Installing opsdash into .venv, once"
	@$(PIP) install --editable . && touch $@

.venv/.installed-dev: pyproject.toml | .venv/bin/python
	@echo "Installing opsdash and its test tools into .venv, once"
	@$(PIP) install --editable '.[dev]' && touch .venv/.installed $@

# The peer that a row is measured beside; where it cannot be had that row says so, and all others are measured.
.venv/.installed-bench: .venv/.installed-dev
	@echo "Installing what opsdash is measured beside into .venv, once"
	@$(PIP) install --editable '.[bench]' && touch $@ \
	  || echo "glances cannot be installed: row 6 is measured without its peer" >&2
