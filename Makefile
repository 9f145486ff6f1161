# Everything a person or CI types. Needs Python 3.11 or newer, make and a package registry; `make` alone lists it all.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
PORT ?= 8501
PYTEST_ARGS ?=

# A stamp is written after its step has finished, so an interrupted step is done again.
CREATED := $(VENV)/.created
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev

# As engine/settings.py reads it: a ~ that no shell has replaced is the home folder.
HOME_FOLDER := $(patsubst ~/%,$(HOME)/%,$(or $(TUMORCAST_HOME),data))
STORE := $(HOME_FOLDER)/store/tumorcast.duckdb
# Left behind by a build that was interrupted. Once its training is a job, that job goes on without us.
BUILDING_DEMO := $(HOME_FOLDER)/store/.building-demo

# The first port from PORT on where nobody answers.
FREE_PORT := import socket, sys; first = int(sys.argv[1]); \
	print(next(p for p in range(first, first + 100) if socket.socket().connect_ex(('127.0.0.1', p))))

# An environment whose Python is gone (upgraded, moved) is made again.
ifneq ($(shell test -x $(PY) && echo there),there)
.PHONY: $(CREATED)
endif

.PHONY: help
help:  ## List these targets
	@echo "Tumorcast: make TARGET"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: app
app: $(RUNTIME)  ## Install what is missing, build the demonstration store if there is none, start the dashboard
	@if [ -e "$(BUILDING_DEMO)" ] && ls -d "$(HOME_FOLDER)"/jobs/*-train_response-* >/dev/null 2>&1; then \
		rm "$(BUILDING_DEMO)"; \
	fi; \
	if [ ! -e "$(STORE)" ] || [ -e "$(BUILDING_DEMO)" ]; then \
		echo "Building the demonstration store (simulated data), once."; \
		mkdir -p "$(HOME_FOLDER)/store" && touch "$(BUILDING_DEMO)" && \
		$(PY) -m engine demo --background && rm "$(BUILDING_DEMO)"; \
	fi
	@port=$$($(PY) -c "$(FREE_PORT)" $(PORT)) || exit 1; \
	echo "Tumorcast is at http://localhost:$$port (stop it with Ctrl-C)"; \
	exec $(PY) -m streamlit run dashboard/app.py --server.port $$port

.PHONY: setup
setup: $(RUNTIME)  ## Install what the application needs, nothing else
	@echo "Installed. 'make app' starts the dashboard."

.PHONY: test
test: $(DEV) chromium slurm  ## Install what the tests need, Chromium and SLURM included, and run everything CI runs
	@$(MAKE) lint
	OMP_NUM_THREADS=1 $(PY) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

.PHONY: lint
lint: $(DEV)  ## Style, types and import rules, without the tests
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

.PHONY: format
format: $(DEV)  ## Let ruff mend style and layout
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

.PHONY: screenshots
screenshots: $(DEV) chromium  ## Open every page of a fresh demonstration store in Chromium; pictures go to artifacts/
	$(PY) -m pytest -q -m browser $(PYTEST_ARGS)

.PHONY: chromium
chromium:
	@if command -v chromium >/dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing Chromium for the browser test."; \
		apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			chromium fonts-liberation >/dev/null; \
	else \
		echo "The browser test needs the command 'chromium', which only root can install." >&2; \
		echo "Run 'sudo apt-get install chromium' (or your system's equivalent), then 'make test' again." >&2; \
		echo "Without it: 'make lint' and '$(PY) -m pytest' run everything else." >&2; \
		exit 1; \
	fi

# Without it one file of tests is skipped, with the reason; so nothing stops here.
.PHONY: slurm
slurm:
	@if [ -x /usr/sbin/slurmctld ] && [ -x /usr/sbin/slurmd ] && [ -x /usr/sbin/munged ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing SLURM for the test on a cluster of one node."; \
		install="apt-get install -y -qq --no-install-recommends slurm-wlm munge"; export DEBIAN_FRONTEND=noninteractive; \
		$$install >/dev/null 2>&1 || { apt-get update -qq && $$install >/dev/null; } || \
			echo "SLURM could not be installed; its test is skipped." >&2; \
	fi

.PHONY: clean
clean:  ## Remove the environment and caches; store and jobs stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -type d -name __pycache__ -prune -exec rm -rf {} +

$(CREATED):
	@for python in $(PYTHON) python3.11 python3 python; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			echo "Creating $(VENV) with $$($$python --version)"; \
			"$$python" -m venv --clear $(VENV) && touch $@ && exit 0; \
			echo "'$$python -m venv' failed. On Debian or Ubuntu install python3-venv; then try again." >&2; \
			exit 1; \
		fi; \
	done; \
	echo "Tumorcast needs Python 3.11 or newer, and found none as python3.11, python3 or python." >&2; \
	echo "Install one, or name it: make PYTHON=/path/to/python3.11 ..." >&2; \
	exit 1

$(RUNTIME): requirements.txt $(CREATED)
	@echo "Installing what the application needs; the first time this takes some minutes."
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(RUNTIME)
	@echo "Installing what the checks need."
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
