"""Accuracy of a network file, in integers: `python -m training.evaluate NETWORK [--data DIR] [--noise] [--chip]`."""

import argparse
import sys
from pathlib import Path

from training import command, data, integers

NETWORKS = Path(__file__).parent.parent / "networks"


def copies(text):
    """`conv1=2x2,conv2=1x2` to a table."""
    result = {}
    for entry in text.split(","):
        name, _, size = entry.partition("=")
        down, _, across = size.partition("x")
        result[name] = command.positive(down), command.positive(across)
    return result


def path_of(name):
    """The file, or that of a bare name in `networks/`."""
    return Path(name) if Path(name).suffix else NETWORKS / f"{name}.yaml"


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", type=path_of, help="YAML file, or a name in networks/")
    parser.add_argument("--data", default=data.DIGITS, help="folder with the IDX files; default: the bundled digits")
    parser.add_argument("--holdout", type=command.positive, help="the last N training images instead of the test set")
    parser.add_argument("--noise", action="store_true", help="draw each conversion's noise")
    parser.add_argument("--chip", action="store_true", help="draw a chip's mismatch, in the size that training uses")
    parser.add_argument("--seed", type=int, default=1, help="of both")
    parser.add_argument("--draws", type=command.positive, default=1, help="evaluate with this many seeds")
    parser.add_argument("--copies", type=copies, default={}, help="shifted copies, which decide the row blocks: conv1=2x2,conv2=1x2")
    arguments = parser.parse_args()
    if arguments.seed < 0:
        parser.error("--seed: from 0 on")
    return arguments


def main():
    arguments = parse()
    network, results = integers.Network(arguments.network), []
    images, labels = data.load(arguments.data, "train" if arguments.holdout else "test")
    data.check_fit(images, labels, network.file["input"]["shape"][1:], len(network.file["labels"]))
    if arguments.holdout:
        _, (images, labels) = data.split_holdout(images, labels, arguments.holdout)
    for seed in range(arguments.seed, arguments.seed + arguments.draws):
        macro = integers.Macro(arguments.noise, arguments.chip, seed)
        results.append(100 * integers.accuracy(network, images, labels, macro, arguments.copies))
        print(f"seed {seed}: {results[-1]:.2f} % of {len(images)} images")
    if len(results) > 1:
        print(f"mean {sum(results) / len(results):.2f} %, least {min(results):.2f} %, most {max(results):.2f} %")


if __name__ == "__main__":
    sys.exit(command.run(main))
