# Two commands matter: `make run` and `make test`. Each makes the environment that it needs.

PYTHON ?= python3
CORES ?= all
GPU ?=
PROFILE ?=
DATA ?= ../shared/data
CASE ?= all
N ?= 10
SEED ?= 2
WORKERS ?= 2

# TensorFlow's CPU and CUDA builds exclude each other, so each has an environment of its own.
VENV := $(if $(GPU),.venv-gpu,.venv)
RUNTIME := $(if $(GPU),requirements-gpu.txt,requirements.txt)
IN_VENV := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"
# On a cluster the profile says how many jobs there may be at a time.
SNAKEMAKE := $(IN_VENV) snakemake $(if $(PROFILE),--profile profiles/$(PROFILE),--cores $(CORES))

.PHONY: help install run example examples test test-fast test-resume test-slurm fuzz lint format bench report lock clean

help:  ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | awk -F: '{printf "  make %-12s%s\n", $$1, $$2}'

install: $(VENV)/.runtime $(if $(PROFILE),$(VENV)/.cluster)  ## Make the environment (GPU=1: TensorFlow with CUDA)

run: install  ## Run the default configuration to its report (on a cluster by PROFILE=slurm)
	$(SNAKEMAKE)
	@echo "The report: $(CURDIR)/results/report.html"

example: install  ## Run config/examples/NAME.yaml on data sets in DATA
	@test -f "config/examples/$(NAME).yaml" || { \
	  echo "There is no example '$(NAME)'. NAME is one of:" $(basename $(notdir $(wildcard config/examples/*.yaml))); exit 2; }
	$(SNAKEMAKE) --configfile config/examples/$(NAME).yaml --config data_folder=$(DATA)
	@echo "The report: $(CURDIR)/results/report.html"

examples: install  ## Run all examples into results/examples/, those on data sets as far as DATA has them
	$(IN_VENV) python config/examples/run.py --cores $(CORES) --data $(DATA)

report: install  ## Write Snakemake's own report of the results to report.zip
	$(SNAKEMAKE) --report report.zip

# Tests of a file stay in one process: they share what is costly to make.
test: $(VENV)/.development  ## Run all tests, in WORKERS processes
	$(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-fast: $(VENV)/.development  ## Run the tests that take no more than seconds
	$(VENV)/bin/python -m pytest -m "not slow and not tensorflow"

test-resume: $(VENV)/.development  ## Kill the workflow N times at moments drawn by SEED, and compare
	RESUME_KILLS=$(N) RESUME_SEED=$(SEED) RESUME_WHOLE=1 $(VENV)/bin/python -m pytest -q -s tests/workflow/test_kills.py

test-slurm: $(VENV)/.development $(VENV)/.cluster  ## Run the workflow through a SLURM on this machine
	$(VENV)/bin/python -m pytest -raP -m slurm tests/slurm

fuzz: $(VENV)/.development  ## Try N seeds of spoiled files and configurations, from SEED on
	FUZZ_SEED=$(SEED) FUZZ_TRIES=$(N) $(VENV)/bin/python -m pytest -q -s tests/data/test_withstand.py

lint: $(VENV)/.development  ## Check style and workflow
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/snakefmt --check Snakefile workflow
	$(IN_VENV) snakemake --lint

format: $(VENV)/.development  ## Bring code into shape
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(VENV)/bin/snakefmt Snakefile workflow

bench: install $(if $(filter all ingest encoding training,$(CASE)),.venv-peers/.installed)  ## Measure one CASE, or all, into results/bench/
	$(IN_VENV) DATA="$(DATA)" python benchmarks/$(CASE).py

lock:  ## Resolve requirements*.in anew into requirements*.txt
	uv pip compile $(LOCK) requirements.in -o requirements.txt
	uv pip compile $(LOCK) requirements-dev.in -o requirements-dev.txt
	uv pip compile $(LOCK) requirements-gpu.in -o requirements-gpu.txt --no-emit-package tensorflow-cpu
	uv pip compile $(LOCK) benchmarks/requirements-peers.in -o benchmarks/requirements-peers.txt \
	  --override benchmarks/overrides-peers.txt --no-emit-package torch
	uv pip compile $(LOCK) requirements-cluster.in -o requirements-cluster.txt

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

clean:  ## Remove results and environments
	rm -rf results logs .snakemake .venv .venv-gpu .venv-peers

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Seqarena needs Python 3.11 or newer; name one by make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(RUNTIME) | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r $(RUNTIME)
	@touch $@

$(VENV)/.cluster: requirements-cluster.txt | $(VENV)/.runtime
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements-cluster.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt | $(VENV)/.runtime
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

# What the benchmarks compare with. PyTorch's ordinary package for Linux brings gigabytes of CUDA, so its
# CPU build is taken where there is one of that name.
.venv-peers/.installed: benchmarks/requirements-peers.txt benchmarks/requirements-torch.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --no-deps --require-hashes -r benchmarks/requirements-peers.txt
	.venv-peers/bin/python -m pip install --quiet --no-deps --require-hashes -r benchmarks/requirements-torch.txt || \
	  echo "No CPU build of PyTorch is found here: cases run without PyTorch and tangermeme"
	@touch $@
