# Every command says what it does: `make help`.
PYTHON ?= python3
PIP = .venv/bin/python -m pip -qq --disable-pip-version-check
ARGS ?=

.PHONY: help setup setup-dev demo test check bench campaign nights storms races kills clean
.DEFAULT_GOAL := help

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: .venv/.ready ## Make the environment (.venv) that `.venv/bin/tgd` runs in

setup-dev: .venv/.ready-dev ## The same with what the tests need

.venv/bin/python:
	@echo "Making the Python environment (.venv)…"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; this is $$($(PYTHON) --version)."; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/.ready: .venv/bin/python requirements.lock pyproject.toml
	@echo "Installing the pinned packages…"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.ready-dev: .venv/.ready requirements-dev.lock
	@echo "Installing what the tests need…"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

demo: .venv/.ready ## Everything on this machine, with simulated handsets and peers (ARGS=--once plays a night)
	@.venv/bin/tgd demo $(ARGS)

check: .venv/.ready-dev ## Style, types and the rooms' contracts
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache

test: check ## Every test (ARGS for pytest)
	@.venv/bin/pytest -n 3 --dist loadfile $(ARGS)

bench: .venv/.ready-dev ## Figures of the alert path, each beside its floor in the same run
	@.venv/bin/python -m tests.bench $(ARGS)

campaign: .venv/.ready-dev ## Faults: kills, outages, clocks, full disks, attacks (ARGS="kills --long --seed 7")
	@.venv/bin/python -m tests.campaign $(ARGS)

nights: .venv/.ready-dev ## Simulated nights (ARGS="--seeds 0-1000 --hours 72", or --whole, or --seed 7)
	@.venv/bin/python -m tests.simulation $(ARGS)

storms: .venv/.ready-dev ## The fleet presses at once, one never stops, all come back, soak (ARGS=--long)
	@.venv/bin/python -m tests.load $(ARGS)

races: .venv/.ready-dev ## Two people at once, 500 times each way (ROUNDS=2000; ARGS for pytest)
	@TGD_TEST_RACES=$(or $(ROUNDS),500) .venv/bin/pytest -q -s --timeout 1800 \
		tests/acts/test_allocation_races.py tests/acts/test_moving_races.py $(ARGS)

kills: .venv/.ready-dev ## Every act of a court killed before every statement (ARGS for pytest)
	@TGD_TEST_KILL_EVERY=1 .venv/bin/pytest -q -s --timeout 1800 \
		tests/acts/test_every_act_killed.py $(ARGS)

clean: ## Forget the environment and the caches
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
