"""Accuracy of a network file, in integers: `python -m training.evaluate NETWORK [--data DIR] [--noise]`."""

import argparse

from training import data, integers


def copies(text):
    """`conv1=2x2,conv2=1x2` to a table."""
    entries = [entry.split("=") for entry in text.split(",") if entry]
    return {name: tuple(int(n) for n in size.split("x")) for name, size in entries}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", help="YAML file")
    parser.add_argument("--data", default=data.DIGITS, help="folder with the IDX files; default: the bundled digits")
    parser.add_argument("--holdout", type=int, help="the last N training images instead of the test set")
    parser.add_argument("--noise", action="store_true", help="draw each conversion's noise")
    parser.add_argument("--chip", action="store_true", help="draw what calibration leaves of a chip's mismatch")
    parser.add_argument("--seed", type=int, default=1, help="of both")
    parser.add_argument("--copies", type=copies, default={}, help="shifted copies, which decide the row blocks: conv1=2x2,conv2=1x2")
    arguments = parser.parse_args()
    images, labels = data.load(arguments.data, "train" if arguments.holdout else "test")
    if arguments.holdout:
        _, (images, labels) = data.split_holdout(images, labels, arguments.holdout)
    macro = integers.Macro(arguments.noise, arguments.chip, arguments.seed)
    result = integers.accuracy(integers.Network(arguments.network), images, labels, macro, arguments.copies)
    print(f"{100 * result:.2f} % of {len(images)} images ({round((1 - result) * len(images))} wrong)")


if __name__ == "__main__":
    main()
