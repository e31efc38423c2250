# Two commands for newcomers: `make demo` and `make test`. Both set up .venv by themselves.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin

.PHONY: help demo test lint types docs wheel unit browser golden screenshots bench kill kill-import fuzz hostile fuzz-guided growth changes damage isolation spawn clean

help:
	@echo "make demo    set up, convert the bundled example, show the report"
	@echo "make test    set up, lint, check types, build documents and package, run the tests"
	@echo "make docs    build the documents as a site below out/site, strictly"
	@echo "make wheel   build the package, install it afresh, run every command of the README from an empty folder"
	@echo "make browser install the Chromium that the tests of the preview page use, where it is missing"
	@echo "make golden  rewrite the fixtures' expected files; review the diff"
	@echo "make screenshots  renew the pictures of the preview page in docs/images"
	@echo "make bench   measure speed and memory against the limits (a few minutes)"
	@echo "make kill    end a batch with kill -9 at 500 random moments, resume it, compare (a few minutes)"
	@echo "make kill-import  end an import with kill -9 at every request and at 100 random moments, run it again (a few minutes)"
	@echo "make fuzz    convert randomly broken inputs (SEED=1 COUNT=2000 FORMAT=coco; a few minutes)"
	@echo "make hostile try 10,000 hostile inputs of every kind: sources, archives, option files, names, state (SEED=1 COUNT=10000)"
	@echo "make fuzz-guided  let atheris learn what breaks the readers and the rest (SECONDS=600 for each TARGET)"
	@echo "make growth  measure how time and memory grow with each dimension of a source (a quarter of an hour)"
	@echo "make changes write sources while they are read, 100 times at random moments (a few minutes)"
	@echo "make damage  damage the state of batches 1,000 times at random, resume, compare (a few minutes)"
	@echo "make isolation  a record that hangs, aborts or takes all memory, in sets of every format and size (a quarter of an hour)"
	@echo "make spawn   run all tests with processes that start afresh and share nothing, as on Windows"
	@echo "make clean   remove what the other targets made"

demo: .venv/demo
	@rm -rf out/demo
	$(BIN)/to-labelbox convert fixtures/coco/demo/input -o out/demo
	$(BIN)/to-labelbox validate out/demo

# What needs one core runs two at a time, and shows its output in one piece when it is done.
test: lint
	@$(MAKE) --no-print-directory -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) types docs wheel
	@$(MAKE) --no-print-directory unit

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

types: .venv/dev
	$(BIN)/mypy

# The variable keeps an advertisement out of the terminal. That the notebook shows what its cells give is a test of `make unit`.
docs: .venv/dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

wheel: .venv/dev
	@rm -rf out/wheel && mkdir -p out/wheel
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir out/wheel .
	$(BIN)/twine check --strict out/wheel/*.whl
	$(PYTHON) -m venv out/wheel/venv
	out/wheel/venv/bin/$(PIP_INSTALL) out/wheel/*.whl
	PATH="$(CURDIR)/out/wheel/venv/bin:$$PATH" python tests/doc_commands.py README.md docs/index.md
	@rm -rf out/wheel/venv

unit: .venv/dev browser
	$(BIN)/pytest -q -n 2

# Without a browser its tests are skipped, and say so; nothing else depends on it.
browser:
	@if command -v chromedriver >/dev/null && { command -v chromium || command -v google-chrome; } >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		{ apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium chromium-driver; } >/dev/null 2>&1 \
			|| echo "Chromium could not be installed; the tests of the preview page will be skipped" >&2; \
	else echo "no Chromium with chromedriver; as root: apt-get install chromium chromium-driver" >&2; fi

golden: .venv/dev
	$(BIN)/pytest -q tests/test_golden.py --update-golden

screenshots: .venv/dev browser
	$(BIN)/python docs/screenshots.py

bench: .venv/dev
	$(BIN)/python benchmarks/all.py
	$(BIN)/python benchmarks/scaling.py
	$(BIN)/python benchmarks/batch.py

kill: .venv/dev
	TO_LABELBOX_KILLS=500 $(BIN)/pytest -q tests/core/batches -k killed

# Against the stand-in for Labelbox of the tests; another SEED takes other moments.
kill-import: .venv/dev
	TO_LABELBOX_IMPORT_KILLS=all $(BIN)/pytest -q -s tests/formats/labelbox/importing/test_kill.py

# Another SEED breaks other things; FORMAT restricts it to the fixtures of one format.
fuzz: SEED ?= $(shell date +%s)
fuzz: COUNT ?= 2000
fuzz: .venv/dev
	$(BIN)/python tests/fuzz.py $(SEED) $(COUNT) $(FORMAT)

hostile: SEED ?= $(shell date +%s)
hostile: COUNT ?= 10000
hostile: .venv/dev
	$(BIN)/python tests/hostile.py $(SEED) $(COUNT)

# atheris has wheels for Linux and macOS only, so it is no part of the dev extra.
fuzz-guided: SECONDS ?= 600
fuzz-guided: .venv/dev
	$(BIN)/$(PIP_INSTALL) 'atheris>=3.0'
	$(BIN)/python tests/fuzz_guided.py $(SECONDS) $(TARGET)

growth: .venv/dev
	$(BIN)/python benchmarks/growth.py

changes: .venv/dev
	TO_LABELBOX_CHANGES=100 $(BIN)/pytest -q tests/core/conversion/test_source_that_changes.py

damage: .venv/dev
	TO_LABELBOX_DAMAGES=1000 $(BIN)/pytest -q tests/core/batches/test_damaged_state.py

isolation: .venv/dev
	TO_LABELBOX_BOMBS=all $(BIN)/pytest -q -n 2 tests/core/conversion/test_isolation.py tests/core/conversion/test_bombs.py

spawn: .venv/dev
	TO_LABELBOX_START_METHOD=spawn $(BIN)/pytest -q -n 2

clean:
	rm -rf .venv out .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Most modules of the tools are never loaded; those that are get compiled then.
PIP_INSTALL := pip install --quiet --disable-pip-version-check --no-compile

.venv/demo: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; say where with make PYTHON=…" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/$(PIP_INSTALL) -e .
	@touch $@

.venv/dev: .venv/demo
	$(BIN)/$(PIP_INSTALL) -e '.[dev,docs]'
	@touch $@
