#!/usr/bin/env python3
"""Is a network placed, programmed and computed as the documentation says?

Written from docs/networks.md and docs/theory_of_operation.md (sections 1 to 4) alone, in numpy:

1. The network without converters, by convolution with the weights of the safetensors file, against
   the SRAM image and program of `capram map` with converters that never round or clip: every layer's
   outputs on images, and every accumulator on random activations.
2. The same program with the ideal converters against `capram infer --backend ideal`: every prediction,
   and the operations, conversions and clipped codes of every layer.
3. Single bits of the SRAM image, flipped: the first comparison must find each of them.

    ci/network_check.py target/release/capram networks/digits.yaml
    ci/network_check.py target/release/capram networks/lenet5-mnist.yaml --data FOLDER --limit 500

Without --data the images are the bundled digits where they fit, else random ones.
"""

import argparse
import csv
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import yaml
from numpy.lib.stride_tricks import sliding_window_view
from safetensors.numpy import load_file

DIGITS = pathlib.Path(__file__).parent.parent / "data" / "digits"
RANDOM_IMAGES = 200
PROBES, PLANTED, CHUNK = 3, 40, 500
# name: digits of a weight, differential; in the order of the OPERATION word
FORMATS = {
    "single1": (1, False),
    "single2": (2, False),
    "single3": (3, False),
    "single4": (4, False),
    "diff1": (1, True),
    "diff2": (2, True),
}


class Wrong(Exception):
    """What is not as documented."""


def demand(condition, what):
    if not condition:
        raise Wrong(what)


def same(found, wanted, what):
    """Demands equal arrays; says where the first difference is."""
    demand(found.shape == wanted.shape, f"{what}: shape {found.shape}, not {wanted.shape}")
    if (found != wanted).any():
        different = np.argwhere(found != wanted)
        at = tuple(int(i) for i in different[0])
        values = f"{found[at]}, not {wanted[at]}"
        raise Wrong(f"{what}: {len(different)} of {found.size} differ, the first at {at}: {values}")


def clipped(values, shift, bits):
    """clip((values + round) >> shift, 0, 2^bits - 1)."""
    return ((values + (1 << shift >> 1)) >> shift).clip(0, (1 << bits) - 1)


def pair(layer, key, default):
    return tuple(layer.get(key, default))


class Network:
    """The file's layers, with tensors in place of their names."""

    def __init__(self, path):
        with open(path) as file:
            self.file = yaml.safe_load(file)
        tensors = load_file(path.parent / self.file["weights"])
        self.tensors = {name: tensor.astype(np.int64) for name, tensor in tensors.items()}
        self.layers = {layer["name"]: layer for layer in self.file["layers"]}
        self.sources = {}
        before = "image"
        for name, layer in self.layers.items():
            given = layer.get("from", before)
            self.sources[name] = given if isinstance(given, list) else [given]
            before = name
        self.last = before

    def scaled(self, pixels):
        scaling, bits = self.file["input"]["scaling"], self.file["input"]["bits"]
        values = pixels.astype(np.int64) * scaling["multiplier"] + scaling["bias"]
        return clipped(values, scaling["shift"], bits)

    def matrix(self, name):
        """Weights [output, row] of a layer, its own or those of another one in another order."""
        weights = self.layers[name]["weights"]
        if isinstance(weights, str):
            tensor = self.tensors[weights]
            return tensor.reshape(len(tensor), -1)
        owner = self.matrix(weights["of"])
        outputs = weights.get("outputs", range(owner.shape[0]))
        rows = weights.get("rows", range(owner.shape[1]))
        return owner[np.ix_(list(outputs), list(rows))]

    def dots(self, name, x):
        """Dot products [image, output, row, column] of a layer, by convolution."""
        layer, weights = self.layers[name], self.matrix(name)
        if layer["kind"] == "fully_connected":
            return (x.reshape(len(x), -1) @ weights.T)[:, :, None, None]
        (down, right), (high, wide) = pair(layer, "stride", (1, 1)), pair(layer, "padding", (0, 0))
        x = np.pad(x, ((0, 0), (0, 0), (high, high), (wide, wide)))
        windows = sliding_window_view(x, layer["kernel"], axis=(2, 3))[:, :, ::down, ::right]
        groups = layer.get("groups", 1)
        parts = zip(np.split(windows, groups, axis=1), np.split(weights, groups))
        shape = (x.shape[1] // groups, *layer["kernel"])
        dot = lambda part, own: np.einsum(
            "ncyxij,ocij->noyx", part, own.reshape(-1, *shape), optimize=True
        )
        return np.concatenate([dot(part, own) for part, own in parts], axis=1)

    def finished(self, name, sums):
        """From sums in sixteenths to what a layer gives."""
        layer = self.layers[name]
        column = lambda tensor: self.tensors[tensor][None, :, None, None]
        how = layer.get("requantize")
        if how is None:
            return sums + column(layer["bias"]) if "bias" in layer else sums
        products = sums * column(how["multiplier"]) + column(how["bias"])
        return clipped(products, how["shift"], how["bits"])

    def host(self, name, inputs):
        """Layers that the host computes."""
        layer, x = self.layers[name], inputs[0]
        kind = layer["kind"]
        if kind == "flatten":
            return x.reshape(len(x), -1, 1, 1)
        if kind == "add":
            t, u = (self.tensors[tensor][None, :, None, None] for tensor in layer["multipliers"])
            bias = self.tensors[layer["bias"]][None, :, None, None]
            return clipped(x * t + inputs[1] * u + bias, layer["shift"], layer["bits"])
        demand(kind in ("max_pool", "average_pool"), f"{name}: kind {kind} is not the host's")
        down, right = pair(layer, "stride", layer["kernel"])
        windows = sliding_window_view(x, layer["kernel"], axis=(2, 3))[:, :, ::down, ::right]
        size = windows.shape[-1] * windows.shape[-2]
        if kind == "max_pool":
            return windows.max(axis=(-2, -1))
        return (windows.sum(axis=(-2, -1)) + size // 2) // size

    def run(self, pixels, macro):
        """What every layer gives; `macro` computes the sums of those that have weights."""
        given = {"image": self.scaled(pixels)}
        for name, layer in self.layers.items():
            inputs = [given[source] for source in self.sources[name]]
            if "weights" in layer:
                given[name] = macro(name, inputs[0])
            else:
                given[name] = self.host(name, inputs)
        return given

    def exact(self, pixels):
        return self.run(pixels, lambda name, x: self.finished(name, 16 * self.dots(name, x)))


class Macro:
    """The array and the host's work, from the JSON of `capram map --program`."""

    def __init__(self, program, network):
        self.network, self.program = network, program
        geometry = program["geometry"]
        self.rows, self.columns = geometry["mac_rows"], geometry["columns"]
        self.per_slice = geometry["columns_per_slice"]
        self.slices = self.columns // self.per_slice
        words = np.array(program["sram"], np.uint32).reshape(8 * self.rows, -1)
        bits = words[:, :, None] >> np.arange(32, dtype=np.uint32) & 1
        # [plane, MAC row, column]: physical row 8 m + k
        bits = bits.reshape(8 * self.rows, -1)
        demand(not bits[:, self.columns :].any(), "SRAM: bits beyond the last column")
        bits = bits[:, : self.columns].reshape(self.rows, 8, self.columns)
        self.bits = bits.transpose(1, 0, 2).astype(np.int64)
        self.used = np.zeros(self.bits.shape, bool)
        self.counts = {name: np.zeros(3, np.int64) for name in network.layers}
        self.stages = {name: [] for name in network.layers}
        for stage in program["stages"]:
            self.stages[stage["layer"]].append(stage)
        self.random = np.random.default_rng(2)

    def check_words(self):
        """OPERATION words, the number of steps, and that idle cells store 0."""
        steps = 0
        for stage in self.program["stages"]:
            for operation in (o for burst in stage.get("bursts", []) for o in burst["operations"]):
                o = operation
                digits = FORMATS[o["format"]][0]
                steps += (2 if o["activation_bits"] > 4 else 1) * o["units"] * digits
                fields = [o["plane"], list(FORMATS).index(o["format"]), o["activation_bits"] - 1]
                fields += [["1", "1/2", "1/4", "1/8"].index(o["range"]), o["level"], o["slot"]]
                fields += [o["units"] - 1, int(o["clear"]), int(o["emit"]), o["bank"]]
                places = [0, 3, 6, 9, 11, 15, 19, 21, 22, 23]
                word = sum(field << place for field, place in zip(fields, places))
                demand(o["word"] == word, f"{stage['layer']}: OPERATION {o['word']}, not {word}")
        demand(self.program["conversion_steps"] == steps, f"{steps} conversion steps were counted")
        # Rows that read nothing but padding have cells all the same.
        padded = any(sum(pair(layer, "padding", ())) for layer in self.network.layers.values())
        idle = self.bits[~self.used]
        demand(padded or not idle.any(), "SRAM: a cell that no operation uses stores a 1")

    def convert(self, operation, x, exact):
        """An operation's results [image, output] in sixteenths, and its clipped codes."""
        digits, differential = FORMATS[operation["format"]]
        width = 2 if differential else 1
        plane = self.bits[operation["plane"]].reshape(self.rows, self.slices, self.per_slice)
        reference = 0 if differential else self.rows // 2 * operation["level"]
        denominator = int(operation["range"].split("/")[-1])
        results, ends = np.zeros((len(x), operation["units"], self.slices), np.int64), 0
        for unit in range(operation["units"]):
            for digit in range(digits):
                column = (unit * digits + digit) * width
                cells = plane[:, :, column]
                if differential:
                    cells = cells - plane[:, :, column + 1]
                sums = np.rint(x.astype(float) @ cells).astype(np.int64) - reference
                y = 16 * sums
                if not exact:
                    # thresholds -63..63 that are <= S / (15 r)
                    codes = (sums * denominator // 15 + 64).clip(0, 127)
                    ends += np.isin(codes, (0, 127)).sum()
                    y = 120 // denominator * (2 * codes - 127)
                y += 16 * reference
                if operation["format"] == "single1":
                    y = 2 * y - 16 * x.sum(axis=1, keepdims=True)
                weight = 1 << digits - 1 - digit
                if digit == 0 and digits > 1 and not differential:
                    weight = -weight
                results[:, unit] += weight * y
        return results.reshape(len(x), -1), ends

    def layer(self, name, x, exact, accumulators=False):
        """What a layer gives for its input [image, channel, row, column]; its sums, if asked for."""
        shape = self.network.dots(name, x[:1]).shape[1:]
        into = np.zeros((len(x), int(np.prod(shape))), np.int64)
        writes = np.zeros(into.shape[1], int)
        for stage in self.stages[name]:
            self.stage(stage, x.reshape(len(x), -1), exact, accumulators, into, writes)
        demand((writes == 1).all(), f"{name}: elements are not given once each")
        bias = self.network.layers[name].get("bias")
        into = into.reshape(-1, *shape)
        if bias and not accumulators:
            into = into + self.network.tensors[bias][None, :, None, None]
        return into

    def stage(self, stage, x, exact, accumulators, into, writes):
        images = len(x)
        # Whatever was there before must not matter.
        fill = lambda *shape: self.random.integers(0, 16, shape)
        slots, sums = fill(16, images, self.rows), fill(2, images, self.columns)
        ready, results = fill(2, images, self.columns), fill(2, images, self.columns)
        multipliers, biases = fill(2, self.columns), fill(2, self.columns)
        for table in stage["tables"]:
            place = table["bank"], table["output"]
            multipliers[place], biases[place] = table["multiplier"], table["bias"]

        def load(burst):
            for vector in burst["vectors"]:
                sources = np.array([-1 if s is None else s for s in vector["sources"]])
                values = np.where(sources >= 0, x[:, sources], 0)
                demand((values < 1 << vector["bits"]).all(), f"{stage['layer']}: values too large")
                slot = vector["slot"]
                if vector["bits"] > 4:
                    slots[slot], slots[slot + 1] = values >> 4, values & 15
                else:
                    slots[slot] = values

        def operate(operation, vector, kept):
            bank, units = operation["bank"], operation["units"]
            outputs = np.s_[: units * self.slices]
            self.mark(operation, vector, kept)
            if operation["clear"]:
                sums[bank][:, outputs] = 0
            slot = operation["slot"]
            wide = operation["activation_bits"] > 4
            for digits, weight in ((slot, 16), (slot + 1, 1)) if wide else ((slot, 1),):
                made, ends = self.convert(operation, slots[digits], exact)
                sums[bank][:, outputs] += weight * made
                steps = units * FORMATS[operation["format"]][0]
                self.counts[stage["layer"]] += [0, images * steps * self.slices, ends]
            self.counts[stage["layer"]][0] += images
            if not exact:
                sums[bank] = sums[bank].astype(np.int32)
            if operation["emit"]:
                results[bank][:, outputs] = sums[bank][:, outputs]
                if stage["requantize"]:
                    how = stage["requantize"]
                    products = sums[bank] * multipliers[bank] + biases[bank]
                    quantized = clipped(products, how["shift"], how["bits"])
                    ready[bank][:, outputs] = quantized[:, outputs]

        def read(burst):
            how = burst["read"]
            if how is None:
                return
            bank = how["bank"]
            quantized = stage["requantize"] and not accumulators
            values = (ready if quantized else results if stage["requantize"] else sums)[bank]
            for output, target in enumerate(how["targets"], how["first"]):
                if target is not None:
                    into[:, target] = values[:, output]
                    writes[target] += 1

        # The host is as early with vectors, and as late with reads, as it may be.
        bursts = stage["bursts"]
        load(bursts[0])
        for number, burst in enumerate(bursts):
            if number + 1 < len(bursts):
                load(bursts[number + 1])
            following = (b["read"] for b in bursts[number:] if b["read"])
            kept = next(following)
            vectors = {vector["slot"]: vector for vector in burst["vectors"]}
            for operation in burst["operations"]:
                vector = vectors[operation["slot"]]
                demand(
                    vector["bits"] == operation["activation_bits"],
                    f"{stage['layer']}: a vector of other width than its operation",
                )
                operate(operation, vector, kept)
            if number > 0:
                read(bursts[number - 1])
        read(bursts[-1])

    def mark(self, operation, vector, kept):
        """Remembers the cells that take part: rows with an element, columns of kept outputs."""
        digits, differential = FORMATS[operation["format"]]
        width = digits * (2 if differential else 1)
        rows = [m for m, source in enumerate(vector["sources"]) if source is not None]
        columns = []
        for output, target in enumerate(kept["targets"], kept["first"]):
            if target is not None:
                unit, place = divmod(output, self.slices)
                start = self.per_slice * place + width * unit
                columns += range(start, start + width)
        self.used[operation["plane"]][np.ix_(rows, columns)] = True

    def run(self, pixels, exact):
        return self.network.run(pixels, lambda name, x: self.layer(name, x, exact))

    def check_accumulators(self, shapes):
        """Random activations into every layer: no weight, and no row, hides."""
        for name, shape in shapes.items():
            bits = self.network.layers[name]["activation_bits"]
            x = np.random.default_rng(3).integers(1, 1 << bits, (PROBES, *shape))
            sums = self.layer(name, x, exact=True, accumulators=True)
            same(sums, 16 * self.network.dots(name, x), f"{name}: accumulators")


def idx(path):
    """An array of unsigned bytes from an IDX file, plain or packed."""
    packed = path.with_name(path.name + ".gz")
    data = path.read_bytes() if path.exists() else gzip.decompress(packed.read_bytes())
    sizes = np.frombuffer(data, ">u4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def random_images(folder, shape, classes):
    """Random images, from dark to bright, written in one of the two official formats."""
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (RANDOM_IMAGES, *shape), np.uint8)
    light = np.linspace(0.1, 1, RANDOM_IMAGES)[:, None, None, None]
    pixels[random.random(pixels.shape) > light] = 0
    labels = random.integers(0, min(classes, 10), RANDOM_IMAGES, np.uint8)
    if shape[0] == 1:
        head = lambda kind, *sizes: bytes([0, 0, 8, kind]) + np.array(sizes, ">u4").tobytes()
        images = head(3, RANDOM_IMAGES, *shape[1:]) + pixels.tobytes()
        (folder / "t10k-images-idx3-ubyte").write_bytes(images)
        (folder / "t10k-labels-idx1-ubyte").write_bytes(head(1, RANDOM_IMAGES) + labels.tobytes())
        return pixels
    demand(tuple(shape) == (3, 32, 32), f"images of {shape} can not be written as a data set")
    rows = np.concatenate([labels[:, None], pixels.reshape(RANDOM_IMAGES, -1)], axis=1)
    (folder / "test_batch.bin").write_bytes(rows.tobytes())
    return pixels


def images_of(folder):
    if (folder / "test_batch.bin").exists():
        rows = np.frombuffer((folder / "test_batch.bin").read_bytes(), np.uint8)
        return rows.reshape(-1, 3073)[:, 1:].reshape(-1, 3, 32, 32)
    return idx(folder / "t10k-images-idx3-ubyte")[:, None]


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    demand(done.returncode == 0, f"capram {command[1]}: exit code {done.returncode}: {done.stderr.strip()}")


def compare(macro, network, pixels, shapes):
    """Without converters: the program against the network."""
    macro.check_accumulators(shapes)
    macro.check_words()
    for first in range(0, len(pixels), CHUNK):
        chunk = pixels[first : first + CHUNK]
        found, wanted = macro.run(chunk, exact=True), network.exact(chunk)
        for name in network.layers:
            same(found[name], wanted[name], f"{name} without converters, images from {first}")


def compare_inference(macro, network, pixels, report, predictions):
    """With ideal converters: the program against `capram infer`."""
    macro.counts = {name: np.zeros(3, np.int64) for name in network.layers}
    chunks = [pixels[first : first + CHUNK] for first in range(0, len(pixels), CHUNK)]
    last = [macro.run(chunk, exact=False)[network.last].reshape(len(chunk), -1) for chunk in chunks]
    same(predictions, np.concatenate(last).argmax(axis=1), "predictions")
    for layer in report["layers"]:
        keys = ("operations", "conversions", "clipped_codes")
        found = np.array([layer[key] for key in keys])
        same(found, macro.counts[layer["name"]], f"{layer['name']}: {', '.join(keys)}")
    return sum(count[2] for count in macro.counts.values())


def flipped(program, plane, row, column):
    sram = list(program["sram"])
    words = len(sram) // (8 * program["geometry"]["mac_rows"])
    sram[(8 * row + plane) * words + column // 32] ^= 1 << column % 32
    return {**program, "sram": sram}


def check_plants(macro, network, shapes):
    """Flipped bits in use must be found; returns how many."""
    cells = np.argwhere(macro.used)
    chosen = np.random.default_rng(4).choice(cells, min(PLANTED, len(cells)), replace=False)
    for cell in chosen:
        planted = Macro(flipped(macro.program, *map(int, cell)), network)
        try:
            planted.check_accumulators(shapes)
        except Wrong:
            continue
        raise Wrong(f"plane, row, column {cell.tolist()} of the SRAM was flipped: not found")
    return len(chosen)


def check(arguments, folder):
    network = Network(arguments.network)
    shape, classes = network.file["input"]["shape"], len(network.file["labels"])
    data = arguments.data or (DIGITS if shape == [1, 8, 8] else None)
    pixels = images_of(data) if data else random_images(folder, shape, classes)
    pixels = pixels[: arguments.limit]

    program, config = folder / "program.json", ["--config", arguments.config]
    call(arguments.program, "map", arguments.network, *config, "--program", program)
    program = json.loads(program.read_text())
    demand(program["schema"] == "capram.program/1", f"schema {program['schema']}")
    inputs = network.exact(pixels[:1])
    layers = [name for name, layer in network.layers.items() if "weights" in layer]
    shapes = {name: inputs[network.sources[name][0]].shape[1:] for name in layers}

    macro = Macro(program, network)
    macro.check_accumulators(shapes)
    if arguments.plant:
        cell = np.random.default_rng().choice(np.argwhere(macro.used)).tolist()
        print(f"flipped: plane, row, column {cell}")
        macro = Macro(flipped(program, *cell), network)
    compare(macro, network, pixels, shapes)
    steps = program["conversion_steps"]
    print(f"{len(layers)} layers, {steps} steps: accumulators and outputs of {len(pixels)} images equal")

    report, predictions = folder / "report.json", folder / "predictions.csv"
    run = ["infer", arguments.network, *config, "--backend", "ideal", "--data", data or folder]
    run += ["--limit", len(pixels), "--json", report, "--predictions", predictions]
    call(arguments.program, *run)
    with open(predictions) as file:
        predicted = np.array([int(row["prediction"]) for row in csv.DictReader(file)])
    report = json.loads(report.read_text())
    ends = compare_inference(macro, network, pixels, report, predicted)
    print(f"{len(pixels)} predictions and {ends} clipped codes equal those of the ideal backend")
    print(f"{check_plants(macro, network, shapes)} flipped bits, each found")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="for example target/release/capram")
    parser.add_argument("network", type=pathlib.Path, help="its YAML file")
    parser.add_argument("--data", type=pathlib.Path, help="folder with images, as of capram infer")
    parser.add_argument("--limit", type=int, help="images [default: all]")
    parser.add_argument("--config", default="capram65", help="as of capram")
    parser.add_argument("--plant", action="store_true", help="flip a bit first: this must fail")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            check(arguments, pathlib.Path(folder))
        except (Wrong, OSError) as wrong:
            sys.exit(f"{arguments.network}: {wrong}")


if __name__ == "__main__":
    main()
