"""Trains a network and writes it to `networks/`: `python -m training.train NAME [--data DIR]`."""

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import jax

from training import command, data, description, export, fit, model

ROOT = Path(__file__).parent.parent


def progress(prefix):
    start = time.monotonic()
    return lambda line: print(f"{prefix} {line}  [{time.monotonic() - start:.0f} s]", flush=True)


def teacher_of(net, train, holdout, folder):
    """A float network of the same kind, larger: what it is unsure about teaches more than the labels do."""
    if net.teacher is None:
        return None
    layers = tuple(description.layer(e) for e in net.teacher["layers"])
    augmentation, training = net.teacher.get("augmentation", net.augmentation), net.teacher["training"]
    own = dataclasses.replace(net, layers=layers, training=training, augmentation=augmentation, teacher=None)
    run = fit.Run(own, layers, training, model.plain, folder / "teacher")
    compiled, params, _ = fit.fit(run, train, holdout, report=progress("teacher"))
    # measured on images as the pupil will see them
    teaching = fit.Compiled(dataclasses.replace(run, description=net), compiled.structure, None)
    statistics = teaching.statistics(params, train[0], jax.random.fold_in(run.key, 3))
    return lambda x: model.plain(layers, compiled.structure, params, statistics, x, None, None)[0]


def train(net, folder, data_folder, epochs=None):
    """(compiled, averaged weights, log, (train, hold-out)) of a network, trained as far as `epochs`."""
    images, labels = data.load(data_folder, "train")
    data.check_fit(images, labels, net.image, len(net.labels))
    parts = data.split_holdout(images, labels, net.holdout)
    teacher = teacher_of(net, *parts, folder)
    run = fit.Run(net, net.layers, net.training, model.macro, folder, teacher, net.training.get("temperature", 2.0))
    return *fit.fit(run, *parts, epochs=epochs, report=progress(net.name)), parts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", help="a name in training/nets/ or a YAML file")
    parser.add_argument("--data", help="folder with the IDX files; default: the bundled digits")
    parser.add_argument("--out", type=Path, default=ROOT / "networks")
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "training", help="checkpoints; an interrupted run continues")
    parser.add_argument("--epochs", type=command.positive, help="stop after this epoch and export what there is")
    arguments = parser.parse_args()
    net = description.load(arguments.network)
    if arguments.data is None and net.name != "digits":
        parser.error(f"{net.name} needs --data")
    result = train(net, arguments.work / net.name, arguments.data or data.DIGITS, arguments.epochs)
    export.export(*result, arguments.out)


if __name__ == "__main__":
    sys.exit(command.run(main))
