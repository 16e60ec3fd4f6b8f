# `make` does everything; `make help` lists what else there is.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export UV_LINK_MODE := copy
export UV_NO_PROGRESS := 1
# Where Python may not write bytecode (PYTHONDONTWRITEBYTECODE, read-only images) each command would compile all it imports: 3 s.
export UV_COMPILE_BYTECODE := 1
COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.DEFAULT_GOAL := all
.PHONY: all repro test smoke reruns faults places fuzz label-studio browser visualize verify lock document deps assets transformer s3 ray ray-test gpu gpu-test brat hub optuna clean help

all: .venv/installed ## Set up, and run the whole project with spaCy: data to wheel
	python scripts/unlock.py
	python -m spacy project run all

repro: .venv/installed ## The same with DVC
	python scripts/unlock.py
	dvc repro

test: .venv/tested ## Set up, and run the tests
	python -m pytest

smoke: .venv/tested ## Run both engines on a small profile in clean clones, and compare their outputs
	python -m pytest -m smoke

faults: .venv/tested ## Kill, interrupt and starve runs, and look whether the next one puts all right
	python -m pytest -m faults

reruns: .venv/tested ## Change one thing after another, and check what each engine reruns
	python -m pytest -m reruns

places: .venv/tested ## Run it in odd places, without a network, and with a DVC remote
	python -m pytest -m places

fuzz: .venv/tested requirements-fuzz.txt ## Try inputs that nobody thought of on the reader and the check, for ten minutes
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-fuzz.txt
	python -m pytest -m fuzz

label-studio: .venv/tested ## Send texts to a real Label Studio server, and take them back
	python -m pytest -m label_studio

browser: .venv/tested requirements-visualize.txt ## Test the report, and the page of `make visualize`, in headless Chromium
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-visualize.txt
	python -m pytest -m browser

verify: .venv/installed ## Repeat the committed run in a fresh clone, and compare its outputs with dvc.lock
	python scripts/verify.py

deps: .venv/installed ## Write the deps on code of project.yml, and the stages of dvc.yaml
	python scripts/code_deps.py
	python scripts/dvc_stages.py

document: .venv/installed ## Write the table of commands in README.md from project.yml
	python -m spacy project document --output README.md

lock: .venv/installed ## Pin the newest allowed versions, with hashes
	$(COMPILE) --upgrade requirements.in -o requirements.txt
	$(COMPILE) -c requirements.txt requirements-transformer.in -o requirements-transformer.txt
	$(COMPILE) -c requirements.txt -c requirements-transformer.txt requirements-hub.in -o requirements-hub.txt
	$(COMPILE) -c requirements.txt -c requirements-hub.txt requirements-test.in -o requirements-test.txt
	$(COMPILE) -c requirements.txt -c requirements-transformer.txt requirements-gpu.in -o requirements-gpu.txt
	$(COMPILE) -c requirements.txt requirements-s3.in -o requirements-s3.txt
	$(COMPILE) -c requirements.txt -c requirements-test.txt requirements-ray.in -o requirements-ray.txt
	$(COMPILE) -c requirements.txt requirements-brat.in -o requirements-brat.txt
	$(COMPILE) -c requirements.txt -c requirements-brat.txt requirements-visualize.in -o requirements-visualize.txt
	$(COMPILE) -c requirements.txt requirements-optuna.in -o requirements-optuna.txt
	$(COMPILE) requirements-fuzz.in -o requirements-fuzz.txt
	$(COMPILE) requirements-label-studio.in -o requirements-label-studio.txt

assets: .venv/installed ## Download the other data sets that project.yml names
	python scripts/assets.py --extra

transformer: .venv/installed requirements-transformer.txt ## Install what word vectors and transformers need
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-transformer.txt

s3: .venv/installed requirements-s3.txt ## Install what a DVC remote on S3 needs
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-s3.txt

ray: .venv/installed requirements-ray.txt ## Install Ray, for vars.engine ray, and what it takes to read Parquet
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-ray.txt

ray-test: .venv/tested requirements-ray.txt ## Test bulk work on a real Ray of two workers on this machine
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-ray.txt
	python -m pytest -m ray

gpu: .venv/installed requirements-gpu.txt ## Install what vars.gpu_id needs (NVIDIA, CUDA 13)
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-gpu.txt

gpu-test: .venv/tested requirements-gpu.txt requirements-ray.txt ## Test training and bulk work on a GPU of this machine
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-gpu.txt -r requirements-ray.txt
	python -m pytest -m gpu

brat: .venv/installed requirements-brat.txt ## Install what it takes to read brat standoff
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-brat.txt

visualize: .venv/installed requirements-visualize.txt ## Open a page: try both pipelines on a text, browse errors and data
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-visualize.txt
	python -m spacy project run visualize

hub: .venv/installed requirements-hub.txt ## Install what `push-hub` needs
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-hub.txt

optuna: .venv/installed requirements-optuna.txt ## Install what a sweep with Optuna needs
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-optuna.txt

clean: ## Remove everything that was made, but not the environment and the DVC cache
	git clean -fdX corpus training packages project.lock

help: ## Show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

# uv is installed by pip from the lock, with its hashes, and installs the rest from the lock.
.venv/uv: requirements.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info[:2] != (3, 11) and 'Python 3.11 is needed; say which with: make PYTHON=...')"
	$(PYTHON) -m venv .venv
	sed -n '/^uv==/,/^    # via/p' requirements.txt > .venv/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt
	touch .venv/uv

.venv/installed: .venv/uv
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements.txt
	touch .venv/installed

.venv/tested: .venv/installed requirements-test.txt
	uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-test.txt
	touch .venv/tested
