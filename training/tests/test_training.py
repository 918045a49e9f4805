"""A short training of the bundled digits: resumed, repeated, written and read back."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from training import command, data, description, export, fit, folding, hardware, integers, model

EPOCHS = 3


def small_net():
    net = description.load("digits")
    layers = tuple(dataclasses.replace(layer, rows=100 if layer.name == "fc1" else None) for layer in net.layers)
    settings = {**net.training, "epochs": EPOCHS, "log_every": EPOCHS, "average": 0.9, "pruning": {"start": 1, "every": 1, "stages": 1}}
    return dataclasses.replace(net, layers=layers, training=settings)


def parts(net):
    return data.split_holdout(*data.load(data.DIGITS, "train"), net.holdout)


def trained(folder, stops):
    """Files of a training that is stopped after each of `stops` epochs and started again."""
    net = small_net()
    for epochs in stops:
        run = fit.Run(net, net.layers, net.training, model.macro, folder)
        result = fit.fit(run, *parts(net), epochs=epochs, report=lambda line: None)
    export.export(*result, parts(net), folder)
    return [(folder / name).read_bytes() for name in ("digits.yaml", "digits.safetensors", "digits.log")], result


@pytest.fixture(scope="module", autouse=True)
def compiled_once(tmp_path_factory):
    """The same functions are compiled for every run here: most of the time these tests take."""
    jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("compiled")))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    yield
    jax.config.update("jax_compilation_cache_dir", None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return folder, *trained(folder, [EPOCHS])


def test_last_epochs_see_images_as_they_are_interrupted_or_not(tmp_path):
    """One run, and one that is stopped at the switch and begins again behind it."""
    net = small_net()
    settings = {**net.training, "undistorted": 1}
    net = dataclasses.replace(net, training=settings)
    run = fit.Run(net, net.layers, settings, model.macro, tmp_path / "a")
    assert [run.at(epoch).distorted for epoch in range(EPOCHS)] == [True, True, False]
    images = parts(net)[0][0][:8]
    seen = [run.at(epoch).inputs(images, run.key) for epoch in (EPOCHS - 2, EPOCHS - 1)]
    assert [bool((x == run.digits(images)).all()) for x in seen] == [False, True]
    results = []
    for folder, stops in (("a", [EPOCHS]), ("b", [EPOCHS - 1, EPOCHS, EPOCHS])):
        for epochs in stops:
            run = fit.Run(net, net.layers, settings, model.macro, tmp_path / folder)
            result = fit.fit(run, *parts(net), epochs=epochs, report=lambda line: None)
        results.append(jax.tree.leaves(result[1]))
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))


def test_interrupted_training_gives_the_same_files(whole, tmp_path):
    files, _ = trained(tmp_path, [1, 2, EPOCHS])
    assert files == whole[1]


def test_checkpoint_of_other_settings_is_refused(whole):
    folder, net = whole[0], small_net()
    for other in (
        dataclasses.replace(net, training={**net.training, "learning_rate": 0.1}),
        dataclasses.replace(net, teacher={"layers": []}),
    ):
        run = fit.Run(other, other.layers, other.training, model.macro, folder)
        with pytest.raises(command.Refused, match=f"other settings; delete {folder} to start anew$"):
            fit.fit(run, *parts(other), report=lambda line: None)


def test_pruned_rows_are_zero_in_the_file(whole):
    network = integers.Network(whole[0] / "digits.yaml")
    assert network.tensors["fc1.weight"].any(axis=0).sum() <= 100
    assert all(set(np.unique(network.tensors[l.name + ".weight"])) <= {-1, 0, 1} for l in small_net().layers)


def rounded(params, statistics):
    """The model with the batch normalization that its file can hold."""
    layers = []
    for p, stats in zip(params[:-1], statistics):
        multiplier, bias, shift = folding.fold(p, stats)
        mean, variance = (np.asarray(s, np.float64) for s in stats)
        slope = multiplier.astype(np.float64) * folding.UNIT / 2.0**shift
        gamma = slope * np.sqrt(variance + model.EPSILON)
        layers.append({**p, "gamma": jnp.asarray(gamma), "beta": jnp.asarray(bias / 2.0**shift + mean * slope)})
    return [*layers, params[-1]]


def test_file_computes_what_training_computed(whole):
    """Without noise the sums of the file are those of the model with rounded multipliers, image by image."""
    folder, _, (compiled, params, _) = whole
    net = small_net()
    train, (images, _) = parts(net)
    key = jax.random.fold_in(compiled.run.key, 2)
    statistics = compiled.statistics(params, train[0], key)
    same = rounded(params, statistics)
    logits, _ = compiled.forward(same, statistics, compiled.run.digits(images), key, compiled.run.bank, hardware.IDEAL)
    sums = 16 * np.asarray(logits) / np.exp(params[-1]["log_scale"])
    copies = {layer.name: layer.copies for layer in net.layers}
    read = integers.Network(folder / "digits.yaml").sums(images, integers.Macro(), copies)
    # an activation within rounding of 32 bits of the middle between two may fall either way
    assert np.isclose(read, sums, atol=0.5).all(axis=1).mean() > 0.99


def test_stored_copies_change_only_the_blocks():
    """conv1 of the digits is a single block with or without copies: the same sums."""
    net = small_net()
    random = np.random.default_rng(5)
    w = random.integers(-1, 2, (4, 1, 3, 3)).astype(np.int8)
    layer = {"kind": "conv", "kernel": [3, 3], "outputs": 4}
    x = random.integers(0, 16, (3, 1, *net.image))
    read = []
    for copies in ((1, 1), (2, 2), (1, 2)):
        cells = [(rows, integers.shifted(w, copies)[rows]) for rows in integers.blocks(integers.shifted(w, copies))]
        acc = integers.accumulate(integers.patches(x, layer, copies), cells, integers.Macro(), 8)
        read.append(integers.positions(acc, copies, 4))
    assert np.array_equal(read[0], read[1]) and np.array_equal(read[0], read[2])
