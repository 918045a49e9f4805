"""The training loop: epochs, moving average of the weights, pruning, checkpoints."""

from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax

from training import checkpoint, data, hardware, model, pruning
from training.augmentation import augment

CALIBRATION_BATCHES = 40  # for the statistics of the averaged weights
EVALUATION_BATCH = 500


@dataclass
class Run:
    """One network being trained: what stays the same from batch to batch."""

    description: object
    layers: tuple
    settings: dict
    forward: Callable  # model.macro or model.plain
    folder: Path
    teacher: object = None  # pixels digits -> logits
    temperature: float = 2.0
    distorted: bool = True

    def at(self, epoch):
        """As this epoch has it: the last ones may see images as they are, on which the network will be used."""
        return replace(self, distorted=epoch < self.settings["epochs"] - self.settings.get("undistorted", 0))

    @cached_property
    def key(self):
        return jax.random.key(self.description.seed)

    @cached_property
    def bank(self):
        return hardware.NoiseBank(self.description.seed).values

    @property
    def plain(self):
        return self.forward is model.plain

    def inputs(self, images, key):
        # the barrier keeps XLA from recomputing the augmentation inside of what reads it
        augmentation = self.description.augmentation if self.distorted else {}
        return jax.lax.optimization_barrier(self.digits(augment(images, key, augmentation)))

    def digits(self, images):
        return data.digits_of(images.astype(jnp.int32), self.description.scaling).astype(jnp.float32)


def optimizer(settings, steps_per_epoch):
    steps = settings["epochs"] * steps_per_epoch
    rate = optax.warmup_cosine_decay_schedule(
        0, settings["learning_rate"], steps // 50, steps, settings["learning_rate"] * settings.get("last_rate", 0.0)
    )
    return optax.adam(rate)


def loss_of(run, logits, labels, teacher_logits):
    """Cross-entropy with the labels, and with the teacher's opinion where there is a teacher."""
    hard = optax.smooth_labels(jax.nn.one_hot(labels, logits.shape[-1]), run.settings.get("label_smoothing", 0.0))
    loss = optax.softmax_cross_entropy(logits, hard).mean()
    if teacher_logits is None:
        return loss
    t = run.temperature
    soft = jax.nn.softmax(teacher_logits / t)
    # its entropy subtracted, so that zero means agreement; t^2 keeps the gradient's size
    apart = optax.softmax_cross_entropy(logits / t, soft) + (soft * jnp.log(soft + 1e-9)).sum(-1)
    share = run.settings["distillation"]
    return (1 - share) * loss + share * t * t * apart.mean()


def make_step(run, structure, tx):
    """One batch: gradient, update, moving average."""
    decay = run.settings["average"]

    def step(state, images, labels, key, bank):
        image_key, macro_key = jax.random.split(key)
        x = run.inputs(images, image_key)
        teacher_logits = None if run.teacher is None else run.teacher(x)

        def loss(params):
            logits, _ = run.forward(run.layers, structure, params, None, x, macro_key, bank)
            return loss_of(run, logits, labels, teacher_logits)

        value, gradient = jax.value_and_grad(loss)(state["params"])
        updates, optimizer_state = tx.update(gradient, state["optimizer"], state["params"])
        params = optax.apply_updates(state["params"], updates)
        if not run.plain:
            params = model.project(params)
        average = jax.tree.map(lambda a, p: decay * a + (1 - decay) * p, state["average"], params)
        return {"params": params, "optimizer": optimizer_state, "average": average}, value

    return jax.jit(step, donate_argnums=0)


def initial_state(run, tx):
    params = model.initial(run.layers, run.description.image, jax.random.fold_in(run.key, 1), run.plain)
    state = {"params": params, "optimizer": tx.init(params), "average": params}
    # through numpy: separate buffers, as the step reuses those it is given, and no weak types, for which it would be compiled again
    return jax.tree.map(lambda leaf: jnp.asarray(np.array(leaf)), state)


class Compiled:
    """What runs on batches, compiled once for a structure."""

    def __init__(self, run, structure, tx):
        self.run, self.structure = run, structure
        self.step = make_step(run, structure, tx)
        self.forward = partial(run.forward, run.layers, structure)
        self.batch_statistics = jax.jit(self._batch_statistics)
        self.correct = jax.jit(self._correct, static_argnames="errors")

    def _batch_statistics(self, params, images, key, bank):
        return self.forward(params, None, self.run.inputs(images, key), key, bank)[1]

    def _correct(self, params, statistics, images, labels, key, bank, errors):
        logits, _ = self.forward(params, statistics, self.run.digits(images), key, bank, errors)
        return (logits.argmax(-1) == labels).sum()

    def statistics(self, params, images, key):
        """Mean and variance at every normalization for these weights, over batches of training images."""
        size, bank = self.run.settings["batch"], self.run.bank
        count = min(CALIBRATION_BATCHES, len(images) // size)
        parts = [
            self.batch_statistics(params, images[i * size : (i + 1) * size], jax.random.fold_in(key, i), bank) for i in range(count)
        ]
        return jax.tree.map(lambda *values: sum(values) / count, *parts)

    def accuracy(self, params, statistics, images, labels, key, errors):
        """Of the training code's own model; `evaluate.py` computes in integers."""
        right = 0
        for i in range(0, len(images), EVALUATION_BATCH):
            part = slice(i, i + EVALUATION_BATCH)
            drawn = jax.random.fold_in(key, i)
            right += int(self.correct(params, statistics, images[part], labels[part], drawn, self.run.bank, errors))
        return right / len(images)


def prepare_structure(run, epoch, structure, params):
    full = model.Structure.full(run.layers, run.description.image)
    settings = run.settings.get("pruning")
    if run.plain or not settings:
        return structure
    return pruning.prune(run.layers, params, structure, full.rows(run.layers), pruning.fraction_at(epoch, settings))


def train_epoch(compiled, state, train, epoch):
    run, (images, labels) = compiled.run, train
    size = run.settings["batch"]
    order = np.random.default_rng([run.description.seed, epoch]).permutation(len(images))
    losses = []
    for i in range(len(images) // size):
        chosen = order[i * size : (i + 1) * size]
        key = jax.random.fold_in(jax.random.fold_in(run.key, 1000 + epoch), i)
        state, loss = compiled.step(state, images[chosen], labels[chosen], key, run.bank)
        losses.append(loss)
    return state, float(np.mean(losses))


def log_line(compiled, params, train, holdout, epoch, loss):
    """The log's line of a finished epoch, for the averaged weights."""
    run = compiled.run
    key = jax.random.fold_in(run.key, 2)
    statistics = compiled.statistics(params, train[0], key)
    figures = [compiled.accuracy(params, statistics, *holdout, key, errors) for errors in (hardware.IDEAL, hardware.REAL)]
    rows = "/".join(str(n) for n in compiled.structure.rows(run.layers))
    return f"{epoch + 1},{loss:.4f},{100 * figures[0]:.2f},{100 * figures[1]:.2f},{rows}"


LOG_HEADER = "epoch,loss,holdout ideal ADC %,holdout noise and mismatch %,rows per layer"


def fit(run, train, holdout, epochs=None, report=print):
    """Trains until `epochs` (all of them by default), from the last checkpoint if there is one: (compiled, averaged weights, log)."""
    last = min(epochs or run.settings["epochs"], run.settings["epochs"])
    tx = optimizer(run.settings, len(train[0]) // run.settings["batch"])
    state = initial_state(run, tx)
    structure = model.Structure.full(run.layers, run.description.image)
    path, first, log = run.folder / "checkpoint.npz", 0, []
    settings = run.description.fingerprint()
    if path.exists():
        (state, masks), meta = checkpoint.load(path, (state, structure.masks), settings)
        structure = model.Structure(tuple(np.asarray(m, bool) for m in masks))
        first, log = meta["epoch"], meta["log"]
        report(f"continuing after epoch {first}")
    compiled = Compiled(run.at(first - 1), structure, tx)
    for epoch in range(first, last):
        structure = prepare_structure(run, epoch, structure, state["params"])
        now = run.at(epoch)
        if structure.rows(run.layers) != compiled.structure.rows(run.layers) or now.distorted != compiled.run.distorted:
            compiled = Compiled(now, structure, tx)
        state, loss = train_epoch(compiled, state, train, epoch)
        if (epoch + 1) % run.settings.get("log_every", 1) == 0:
            log.append(log_line(compiled, state["average"], train, holdout, epoch, loss))
            report(log[-1])
        checkpoint.save(path, (state, structure.masks), {"settings": settings, "epoch": epoch + 1, "log": log})
    return compiled, state["average"], log
