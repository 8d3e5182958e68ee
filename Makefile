# The front door. Every target works on a fresh machine with Python 3.11+ and nothing else of ours.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test test-newest lint types docs build wheel-check bench check clean

# One stamp per set of extras: installing again costs nothing while pyproject.toml stays as it is.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("genhub needs Python 3.11 or newer; name one by make PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.%: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[$*]'
	@touch $@

demo: $(VENV)/.cli  ## run the example campaign on the embedded simulators
	$(BIN)/genhub run examples/launch.toml --sim --out .demo --journal .demo/launch.db
	@echo
	$(BIN)/genhub ledger --by account --journal .demo/launch.db

test: $(VENV)/.test  ## all tests
	$(BIN)/python -m pytest -q

test-newest:  ## all tests under the newest Python, in a Debian of its own (as root)
	scripts/newest-python $(MAKE) test

coverage: $(VENV)/.test
	$(BIN)/coverage erase && $(BIN)/coverage run -m pytest -q && $(BIN)/coverage combine -q && $(BIN)/coverage report

lint: $(VENV)/.lint
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.test $(VENV)/.lint
	$(BIN)/mypy
	$(BIN)/pyright

docs: $(VENV)/.docs
	$(BIN)/mkdocs build --strict -q

build: $(VENV)/.lint
	rm -rf dist
	$(BIN)/python -m build -q
	$(BIN)/check-wheel-contents dist/*.whl

wheel-check: build  ## the main job from the built wheel, in a fresh environment, outside the repo
	PYTHON=$(PYTHON) scripts/wheel-check dist

bench: bench-import

bench-import: $(VENV)/.bench  ## import, memory and size of genhub alone
	$(BIN)/python -m benchmarks.footprint --no-peers

bench-%: $(VENV)/.bench  ## bench-overhead, -fleet, -scale, -journal, -soak, -footprint, -routing, -lost-response: see docs/benchmarks.md
	$(BIN)/python -m benchmarks.$(subst -,_,$*)

check: test lint types docs wheel-check  ## all of CI but `test-newest`

clean:
	rm -rf $(VENV) dist site .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
