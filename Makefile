PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup clusters train page report docs bench gpu-check dist test test-slow lint types check format

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/installed ## create .venv with the exact versions of constraints.txt

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "charcells needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.12 setup"; exit 1; }
	@echo "installing into .venv: 2.2 GB with PyTorch's CPU wheels; see docs/first_run.md to get those" >&2
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

clusters: .venv/clusters ## install what launcher=slurm and launcher=ray need

.venv/clusters: .venv/installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,slurm,ray]'
	@touch $@

train: setup ## train on the embedded corpus (about a minute) and print a sample
	$(BIN)/python train.py

page: setup ## train three small models (about three minutes) and make page.html, in which they write side by side
	$(BIN)/python train.py -m cell=rnn,gru,lstm trainer.max_epochs=5 hydra.sweep.dir=runs/page \
		'hydra.sweep.subdir=$${cell.name}'
	$(BIN)/python -m charcells page sweep=runs/page out=page.html

report: setup ## write experiments/results/report.html and the table of verdicts in each README
	$(BIN)/python -m experiments.study.report

docs: setup ## build the site in docs/_build/html, offline, with warnings as errors, and check its links
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -b html docs docs/_build/html
	$(BIN)/python docs/check_links.py docs/_build/html

bench: .venv/bench ## measure charcells and reference implementations: an hour on two idle cores
	$(BIN)/python -m experiments.benchmarks

.venv/bench: .venv/installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,bench]'
	@touch $@

gpu-check: setup ## on a machine with a GPU: tests, speed, small runs side by side; at most eight minutes
	$(BIN)/python -m experiments.gpu_check

dist: setup ## build wheel and sdist in dist/ (tests/test_wheel.py tries both)
	$(BIN)/python -m build --outdir dist

test: setup ## run the tests, without the slow ones
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -n 2 --durations=12

test-slow: setup ## run the slow tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow -n 2

lint: setup ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup ## fix style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup ## check types
	$(BIN)/mypy

check: lint types ## lint and types
