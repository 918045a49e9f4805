#!/usr/bin/env python3
"""Does the RTL compute what the documentation says?

The ideal transfer is written here once more, in numpy and from docs/theory_of_operation.md
(sections 1 and 2) alone. Every weight format, activation width and range runs through
`capram cosim --stimulus` with several reference levels and numbers of outputs; codes and results
must be equal.

    ci/numpy_check.py target/release/capram
"""

import itertools
import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np

ROWS, SLICES, COLUMNS_PER_SLICE, PLANES = 64, 32, 4, 8
# name: digits of a weight, differential, weights it holds
FORMATS = {
    "single1": (1, False, [-1, 1]),
    "single2": (2, False, range(-2, 2)),
    "single3": (3, False, range(-4, 4)),
    "single4": (4, False, range(-8, 8)),
    "diff1": (1, True, range(-1, 2)),
    "diff2": (2, True, range(-3, 4)),
}
OPERATIONS = 24
CONFIG = pathlib.Path(__file__).parent.parent / "configs" / "ideal.yaml"


def stored_digits(name, weights):
    """Digits of stored weights, leftmost column (or pair) first: bits, or -1, 0, 1."""
    digits, differential, _ = FORMATS[name]
    exponents = range(digits)[::-1]
    if name == "single1":
        return [(weights + 1) // 2]
    if differential:
        return [np.sign(weights) * (abs(weights) >> i & 1) for i in exponents]
    return [weights >> i & 1 for i in exponents]


def digit_weights(name):
    """s_i, leftmost digit first."""
    digits, differential, _ = FORMATS[name]
    weights = [2**i for i in range(digits)[::-1]]
    if not differential and name != "single1":
        weights[0] = -weights[0]
    return weights


def codes_of(sums, denominator):
    """Number of the thresholds -63..63 that are <= S / (15 r), r = 1/denominator."""
    thresholds = np.arange(-63, 64)
    return (120 // denominator * thresholds <= 8 * sums[..., None]).sum(axis=-1)


def model(name, bits, denominator, level, stimulus):
    """Codes [operations, steps, slices] and results [operations, outputs], as documented."""
    _, differential, _ = FORMATS[name]
    outputs = stimulus["weights"].shape[2]
    units = -(-outputs // SLICES)
    # places without an output hold cells of 0; digits are [digit][plane, row, unit, slice]
    cells = []
    for digit in stored_digits(name, stimulus["weights"].astype(int)):
        padded = np.zeros((PLANES, ROWS, units * SLICES), int)
        padded[:, :, :outputs] = digit
        cells.append(padded.reshape(PLANES, ROWS, units, SLICES))
    reference = 0 if differential else ROWS // 2 * level
    activations, plane = stimulus["activations"].astype(int), stimulus["plane"]
    passes = [(activations >> 4, 16), (activations & 15, 1)] if bits > 4 else [(activations, 1)]
    codes, results = [], np.zeros((len(plane), units, SLICES), int)
    for x, pass_weight in passes:
        for unit in range(units):
            for digit, weight in zip(cells, digit_weights(name)):
                sums = np.einsum("om,oms->os", x, digit[plane][:, :, unit]) - reference
                code = codes_of(sums, denominator)
                y = 120 // denominator * (2 * code - 127) + 16 * reference
                if name == "single1":
                    y = 2 * y - 16 * x.sum(axis=1, keepdims=True)
                codes.append(code)
                results[:, unit] += pass_weight * weight * y
    return np.stack(codes, axis=1), results.reshape(len(plane), -1)[:, :outputs]


def make_stimulus(name, bits, outputs, random):
    """Random weights; activations from empty to full, so that sums reach both ends."""
    density = np.linspace(0, 1, OPERATIONS)[:, None]
    activations = random.integers(0, 2**bits, (OPERATIONS, ROWS))
    activations[random.random((OPERATIONS, ROWS)) > density] = 0
    activations[-1] = 2**bits - 1
    weights = random.choice(list(FORMATS[name][2]), (PLANES, ROWS, outputs))
    # some outputs with one sign, else sums stay in the middle
    weights[:, :, ::5] = abs(weights[:, :, ::5]).clip(max=max(FORMATS[name][2]))
    return {
        "weights": weights.astype(np.int8),
        "activations": activations.astype(np.uint8),
        "plane": random.integers(0, PLANES, OPERATIONS).astype(np.uint8),
    }


def case(program, folder, number, name, bits, denominator, level, outputs):
    """Runs one case; None, or what is wrong."""
    stimulus = make_stimulus(name, bits, outputs, np.random.default_rng(number))
    given, made = folder / f"{number}.npz", folder / f"{number}-results.npz"
    np.savez(given, **stimulus)
    command = [program, "cosim", "--config", CONFIG, "--stimulus", given, "--results", made]
    command += ["--weight-format", name, "--activation-bits", bits, "--threads", 1]
    command += ["--range", "1" if denominator == 1 else f"1/{denominator}"]
    command += ["--reference-level", level, "--failure-waves", folder / "failure.fst"]
    where = f"{name}, {bits} bits, range 1/{denominator}, level {level}, {outputs} outputs"
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        return f"{where}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
    wanted = dict(zip(["codes", "results"], model(name, bits, denominator, level, stimulus)))
    with np.load(made) as found:
        for array, dtype in [("codes", np.uint8), ("results", np.int32)]:
            if found[array].dtype != dtype or found[array].shape != wanted[array].shape:
                return f"{where}: {array} is {found[array].dtype} {found[array].shape}"
            if (found[array] != wanted[array]).any():
                at = tuple(int(i) for i in np.argwhere(found[array] != wanted[array])[0])
                return f"{where}: {array}{at} is {found[array][at]}, not {wanted[array][at]}"
    given.unlink()
    made.unlink()
    return None


def cases(name):
    """Every width and range with every number of outputs; the reference levels take turns."""
    digits, differential, _ = FORMATS[name]
    full = SLICES * (COLUMNS_PER_SLICE // (digits * (2 if differential else 1)))
    levels = itertools.cycle([15, 0, 8, 3, 11])
    outputs = sorted({1, 7, 32, full})
    for bits, denominator, count in itertools.product(range(1, 9), [1, 2, 4, 8], outputs):
        yield name, bits, denominator, next(levels), count


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PROGRAM   (for example target/release/capram)")
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        folder, numbers = pathlib.Path(folder), itertools.count()
        for name in FORMATS:
            run = lambda settings: case(sys.argv[1], folder, next(numbers), *settings)
            answers = list(pool.map(run, cases(name)))
            wrong = [answer for answer in answers if answer]
            print(f"{name}: {len(answers)} cases, {len(answers) - len(wrong)} equal", flush=True)
            if wrong:
                print(f"  first difference: {wrong[0]}")
            passed, failed = passed + len(answers) - len(wrong), failed + len(wrong)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
