# make run     set up, then run the main job
# make test    set up, then run every check: lint, types, import contracts, tests
# make slow-commands   run the commands of the docs, those too that take minutes
# make bench   time a decode pass, the drawing of generations and the main job
# make validate-dram   hold the DRAM reference model against recorded runs of other simulators
# make cost-curves   simulate what passes of more rows cost, and write docs/cost-of-a-token.md
# make multi-token-page   simulate folk claims about multi-token decoding, and write the page on it
# make attribution-page   simulate what shares of causes promise, and write docs/attribution.md
# make docs    the documentation as a site in site/, which needs no network to be read
# make clean   remove what was built here

PYTHON ?= python3
BIN := .venv/bin
CHIP ?= chips/ddr_npu.yaml
WORKLOAD ?= workloads/llama2_mtp.yaml

.PHONY: run test setup slow-commands bench validate-dram cost-curves multi-token-page attribution-page schemas docs traces clean

run: .venv/installed
	$(BIN)/accsim run $(CHIP) $(WORKLOAD)

test: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto

setup: .venv/installed-dev

slow-commands: .venv/installed-dev
	SLOW_COMMANDS=1 $(BIN)/pytest -n auto tests/docs/test_commands.py

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
	$(BIN)/accsim schema sweep > sweeps/sweep.schema.json
	$(BIN)/accsim schema mapping > docs/mapping.schema.json
	$(BIN)/accsim schema chip --markdown > docs/chip-file.md
	$(BIN)/accsim schema workload --markdown > docs/workload-file.md
	$(BIN)/accsim schema mapping --markdown > docs/mapping-file.md
	$(BIN)/accsim schema sweep --markdown > docs/sweep-file.md
	$(BIN)/python -m accsim.cli.reference > docs/cli.md
	$(BIN)/accsim glossary --markdown > docs/glossary.md

# A link or page that is missing is an error.
docs: .venv/installed-dev
	$(BIN)/zensical build --clean --strict

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
	rm -rf .venv build dist site .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
