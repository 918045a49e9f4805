"""Accuracy of a network file, in integers: `python -m training.evaluate NETWORK [--data DIR] [--noise]`."""

import argparse

from training import data, integers


def copies(text):
    """`conv1=2x2,conv2=1x2` to a table."""
    entries = [entry.split("=") for entry in text.split(",") if entry]
    return {name: tuple(int(n) for n in size.split("x")) for name, size in entries}


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", help="YAML file")
    parser.add_argument("--data", default=data.DIGITS, help="folder with the IDX files; default: the bundled digits")
    parser.add_argument("--holdout", type=int, help="the last N training images instead of the test set")
    parser.add_argument("--noise", action="store_true", help="draw each conversion's noise")
    parser.add_argument("--chip", action="store_true", help="draw what calibration leaves of a chip's mismatch")
    parser.add_argument("--seed", type=int, default=1, help="of both")
    parser.add_argument("--draws", type=int, default=1, help="evaluate with this many seeds")
    parser.add_argument("--copies", type=copies, default={}, help="shifted copies, which decide the row blocks: conv1=2x2,conv2=1x2")
    return parser.parse_args()


def main():
    arguments = parse()
    images, labels = data.load(arguments.data, "train" if arguments.holdout else "test")
    if arguments.holdout:
        _, (images, labels) = data.split_holdout(images, labels, arguments.holdout)
    network, results = integers.Network(arguments.network), []
    for seed in range(arguments.seed, arguments.seed + arguments.draws):
        macro = integers.Macro(arguments.noise, arguments.chip, seed)
        results.append(100 * integers.accuracy(network, images, labels, macro, arguments.copies))
        print(f"seed {seed}: {results[-1]:.2f} % of {len(images)} images")
    if len(results) > 1:
        print(f"mean {sum(results) / len(results):.2f} %, least {min(results):.2f} %, most {max(results):.2f} %")


if __name__ == "__main__":
    main()
