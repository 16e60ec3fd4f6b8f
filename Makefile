# `make` does everything; `make help` lists what else there is.
BIN := .venv/bin
SEARCHED := $(PATH)
export PATH := $(CURDIR)/$(BIN):$(PATH)
export UV_LINK_MODE := copy
export UV_NO_PROGRESS := 1
# Where Python may not write bytecode (PYTHONDONTWRITEBYTECODE, read-only images) each command would compile all it imports: 3 s.
export UV_COMPILE_BYTECODE := 1

EXTRAS := brat gpu hub optuna ray s3 transformer
SUITES := slow alone smoke reruns faults places fuzz label-studio browser ray gpu
# A process per core shares the tests, 8 at most; one that has none left takes half of what another has.
SHARED := -n logical --maxprocesses 8 --dist worksteal

.DEFAULT_GOAL := all
.PHONY: all repro setup $(EXTRAS) visualize test test-all $(SUITES:%=test-%) lint format types verify deps document lock assets clean help

all: .venv/base.installed ## Set up, and run the whole project with spaCy: data to wheel
	python scripts/unlock.py
	python -m spacy project run all

repro: .venv/base.installed ## The same with DVC
	python scripts/unlock.py
	dvc repro

setup: .venv/base.installed ## Set up: an environment in .venv, of PYTHON=... or of the newest Python 3.11 to 3.14 on the PATH

# `make NAME` ## Install an extra: brat gpu hub optuna ray s3 transformer (pyproject.toml says what each is for)
$(EXTRAS): %: .venv/%.installed

visualize: .venv/visualize.installed ## Open a page: try both pipelines on a text, browse errors and data
	python -m spacy project run visualize

test: .venv/test.installed ## Set up, and run the tests, but for those with a marker
	python -m pytest $(SHARED)

# `make test-NAME` ## Run the tests with a marker: slow alone smoke reruns faults places fuzz label-studio browser ray gpu (pyproject.toml)
$(SUITES:%=test-%): test-%: .venv/test.installed
	python -m pytest $(JOINT) -m $(subst -,_,$*)

# Each test has a project of its own; the other suites start servers, stop what runs, or measure.
test-slow test-reruns test-places: JOINT := $(SHARED)

test-browser: .venv/visualize.installed
test-fuzz: .venv/fuzz.installed
test-gpu: .venv/gpu.installed
test-gpu test-ray: .venv/ray.installed

test-all: test-slow test-alone test-smoke test-browser test-label-studio ## Run what .ci/run runs besides `make test`

lint: .venv/dev.installed ## Look for mistakes in the code
	ruff check .

format: .venv/dev.installed ## Format the code
	ruff format .

types: .venv/dev.installed ## Check the types of the code
	mypy scripts/

verify: .venv/base.installed ## Repeat the committed run in a fresh clone, and compare its outputs with dvc.lock
	python scripts/verify.py

deps: .venv/base.installed ## Write the deps on code of project.yml, and the stages of dvc.yaml
	python scripts/code_deps.py
	python scripts/dvc_stages.py

document: .venv/base.installed ## Write the table of commands in README.md from project.yml
	python -m spacy project document --output README.md

lock: .venv/base.installed ## Pin what pyproject.toml asks for in requirements/; UPGRADE=1: the newest versions that it allows
	python scripts/lock.py $(if $(UPGRADE),--upgrade)

assets: .venv/base.installed ## Download the other data sets that project.yml names
	python scripts/assets.py --extra

clean: ## Remove everything that was made, but not the environment and the DVC cache
	git clean -fdX corpus training packages project.lock

help: ## Show this list
	@sed -n 's/^# `make \([A-Za-z-]*\)` ##/\1: ##/; s/^\([A-Za-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

# Prints the version of a Python that we can use. Others fail: pyenv has commands for Pythons that are switched off, Debian Pythons without venv.
USABLE := -c "import ensurepip, sys, venv; v = sys.version_info[:2]; (3, 11) <= v <= (3, 14) or sys.exit(1); print(*v, sep='.')" 2>/dev/null
# Another Python was asked for than the environment has: make it again.
ifdef PYTHON
ifneq ($(shell $(BIN)/python $(USABLE)),$(shell PATH='$(SEARCHED)' '$(PYTHON)' $(USABLE)))
.PHONY: .venv/uv
endif
endif

# uv is installed by pip from the lock, with its hashes, and installs the rest from the locks.
.venv/uv: requirements/base.txt
	@PATH='$(SEARCHED)'; \
	for python in $(if $(PYTHON),'$(PYTHON)',$(BIN)/python python3.14 python3.13 python3.12 python3.11 python3 python); do \
		if version=$$("$$python" $(USABLE)); then break; fi; \
	done; \
	if test -z "$$version"; then \
		echo "$(if $(PYTHON),$(PYTHON) is not a,No) Python 3.11, 3.12, 3.13 or 3.14 that can make an environment$(if $(PYTHON),, was found on the PATH)." \
			"Install one (on Debian with its -venv package), or say which: make PYTHON=..." >&2; \
		exit 1; \
	fi; \
	if ! test -f .venv/uv || test "$$version" != "$$($(BIN)/python $(USABLE))"; then \
		rm -rf .venv && "$$python" -m venv .venv; \
	fi
	sed -n '/^uv==/,/[^\\]$$/p' requirements/base.txt > .venv/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt
	touch .venv/uv

.venv/base.installed: .venv/uv pyproject.toml
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements/base.txt
	uv pip install --quiet --offline --no-deps --no-build-isolation --python $(BIN)/python --editable .
	touch $@

.venv/%.installed: requirements/%.txt .venv/base.installed
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements/base.txt -r $<
	touch $@
