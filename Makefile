# Python 3.11 and make are all that the machine needs; `make help` lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3.11
# Services start many times over in a run of the tests: where bytecode may not be kept, each compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv/bin
UV_COMPILE := $(VENV)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet
CHECKED := services schemas hub deploy tests
QUICK_SUITES := $(wildcard tests/unit tests/contract)
# The two with a whole hub of their own come first: each keeps a process busy for long.
SUITES := $(wildcard tests/faults tests/journey tests/integration) $(QUICK_SUITES)

BEGUN := $(shell date +%s)
TOOK = @echo "make $@ took $$(( $$(date +%s) - $(BEGUN) )) s"

define need_python
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "Python 3.11 was not found as '$(PYTHON)'. Install it (Debian: apt-get install python3.11 python3.11-venv)" >&2; \
		echo "or say where it is: make $@ PYTHON=/path/to/python3.11" >&2; exit 2; }
endef

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(firstword $(MAKEFILE_LIST)) | sort | \
		awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

.PHONY: environment
environment:
	$(need_python)
	@$(PYTHON) deploy/local/environment.py requirements.lock

.PHONY: development
development: ## Make .venv with everything that tests and checks need
	$(need_python)
	@$(PYTHON) deploy/local/environment.py requirements-dev.lock

.PHONY: run
run: environment ## Start everything on this machine: engines, services, a demonstration day (Ctrl-C stops it)
	@exec $(VENV)/python -m hub up $(ARGUMENTS)

.PHONY: status
status: environment ## What runs, at which addresses, ready or not
	@$(VENV)/python -m hub status

.PHONY: doctor
doctor: environment ## Look for what could be in the way, and say what to do
	@$(VENV)/python -m hub doctor

.PHONY: migrate
migrate: environment ## Make roles, schemas and tables in the database of HUB_DATABASE_URL, and the topics of HUB_KAFKA
	@$(VENV)/python -m hub migrate

.PHONY: check
check: development ## Format, lint, types, unit and contract tests, under 30 seconds
	@$(VENV)/ruff format --check --quiet $(CHECKED) || { echo "Run: make format" >&2; exit 1; }
	@$(VENV)/ruff check --quiet $(CHECKED)
	@$(VENV)/mypy $(CHECKED)
	@$(VENV)/pytest -q -n 2 --dist worksteal $(QUICK_SUITES)
	$(TOOK)

.PHONY: format
format: development ## Bring the code into the one format
	@$(VENV)/ruff format $(CHECKED)
	@$(VENV)/ruff check --quiet --fix $(CHECKED)

.PHONY: schemas
schemas: development ## Write the events' JSON Schemas anew from their models
	@$(VENV)/python -m schemas.export

.PHONY: panels
panels: development ## Draw the panels' processes anew from the partnership's files
	@$(VENV)/python -m services.partnership.diagrams

.PHONY: browser
browser: development
	@$(VENV)/python -m deploy.local.browser

.PHONY: test
test: development browser ## Everything: checks, then all tests on real engines and in a real browser
	@$(VENV)/ruff check --quiet $(CHECKED)
	@$(MAKE) --no-print-directory -j 2 types suites
	$(TOOK)

# The two halves of `make test` that run beside each other.
.PHONY: types suites
types:
	@$(VENV)/mypy $(CHECKED)

suites:
	@$(VENV)/pytest -q -n 3 --dist loadscope --no-loadscope-reorder $(SUITES) $(ARGUMENTS)

.PHONY: bench
bench: development ## One stage of the hub and triage beside the floor, as a table of ratios
	@$(VENV)/python -m hub bench $(ARGUMENTS)

.PHONY: bench-reading
bench-reading: development ## How fast triage decides and reads, and what reading costs imports and calls beside it
	@$(VENV)/python -m tests.benchmarks.reading $(ARGUMENTS)

.PHONY: score
score: development ## How well triage reads: figures on the open texts and on the judging set, no words of them
	@$(VENV)/python -m tests.benchmarks.score $(ARGUMENTS)

.PHONY: lock
lock: development ## Resolve the packages and the engines' jars anew (UPGRADE=1 takes newer versions)
	@test -x $(VENV)/uv || $(VENV)/python -m pip install --quiet uv
	@$(UV_COMPILE) $(if $(UPGRADE),--upgrade) -o requirements.lock
	@$(UV_COMPILE) $(if $(UPGRADE),--upgrade) --group dev -c requirements.lock -o requirements-dev.lock
	@$(VENV)/python -m deploy.local.relock

.PHONY: clean
clean: ## Delete the local run's data (HUB_HOME, .hub) except the engines' jars; asks first
	$(need_python)
	@$(PYTHON) -m deploy.local.clean
