# make run     set up, then run the main job
# make test    set up, then run every check: lint, types, import contracts, tests
# make bench   time a decode pass, the drawing of generations and the main job
# make validate-dram   hold the DRAM reference model against recorded runs of other simulators
# make cost-curves   simulate what passes of more rows cost, and write docs/cost-of-a-token.md
# make multi-token-page   simulate folk claims about multi-token decoding, and write the page on it
# make attribution-page   simulate what shares of causes promise, and write docs/attribution.md
# make clean   remove what was built here

PYTHON ?= python3
BIN := .venv/bin
CHIP ?= chips/ddr_npu.yaml
WORKLOAD ?= workloads/llama2_mtp.yaml

.PHONY: run test setup bench validate-dram cost-curves multi-token-page attribution-page schemas traces clean

run: .venv/installed
	$(BIN)/accsim run $(CHIP) $(WORKLOAD)

test: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto

setup: .venv/installed-dev

bench: .venv/installed-dev
	$(BIN)/python benchmarks/decode_pass.py
	$(BIN)/python benchmarks/generations.py
	$(BIN)/python benchmarks/main_job.py

validate-dram: .venv/installed-dev
	$(BIN)/python benchmarks/validate_dram.py

cost-curves: .venv/installed-dev
	$(BIN)/python benchmarks/cost_curves.py

multi-token-page: .venv/installed-dev
	$(BIN)/python benchmarks/multi_token_page.py

attribution-page: .venv/installed-dev
	$(BIN)/python benchmarks/attribution_page.py

# Generated files that are kept in the repository.
schemas: .venv/installed
	$(BIN)/accsim schema chip > chips/chip.schema.json
	$(BIN)/accsim schema workload > workloads/workload.schema.json
	$(BIN)/accsim schema mapping > docs/mapping.schema.json
	$(BIN)/accsim glossary --markdown > docs/glossary.md

traces: .venv/installed
	$(BIN)/python -m accsim.tracing.shipped traces

.venv/bin/python:
	PYTHON="$(PYTHON)" sh scripts/make_venv.sh .venv

.venv/installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/installed-dev: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ .venv/installed

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
