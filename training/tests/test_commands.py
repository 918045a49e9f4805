"""What the commands refuse: one line, exit code 2."""

import copy
import sys

import numpy as np
import pytest

from training import command, evaluate, integers, reading, train

DIGITS = reading.load(evaluate.path_of("digits"))


def refusal(monkeypatch, capsys, module, *arguments):
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    assert command.run(module.main) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    return err.strip()


@pytest.mark.parametrize(
    "module, arguments, words",
    [
        (evaluate, ["absent"], "absent.yaml: No such file or directory"),
        (evaluate, ["digits", "--data", "/absent"], "/absent/t10k-images-idx3-ubyte.gz: No such file or directory"),
        (evaluate, ["digits", "--copies", "conv9=1x2"], "--copies: layer conv9; allowed here: conv1"),
        (evaluate, ["digits", "--copies", "fc1=1x2"], "--copies: layer fc1; allowed here: conv1"),
        (evaluate, ["digits", "--copies", "conv1=3x1"], "--copies: 3 x 1 of conv1; allowed: what divides its 4 x 4 positions"),
        (evaluate, ["digits", "--holdout", 1438], "1438 images held back; allowed: 1..1437"),
        (evaluate, ["lenet5-mnist"], "images of 8 x 8 pixels; the network's are 28 x 28 (--data)"),
        (train, ["absent"], "no network 'absent'; allowed: digits, lenet5-mnist, or a YAML file"),
        (train, ["absent.yaml"], "absent.yaml: No such file or directory"),
        (train, ["digits", "--data", "/absent"], "/absent/train-images-idx3-ubyte.gz: No such file or directory"),
    ],
)
def test_refused(monkeypatch, capsys, module, arguments, words):
    assert refusal(monkeypatch, capsys, module, *arguments).endswith(words)


@pytest.mark.parametrize(
    "module, option, value",
    [
        (evaluate, "--holdout", 0),
        (evaluate, "--draws", 0),
        (evaluate, "--seed", -1),
        (evaluate, "--copies", "conv1=0x1"),
        (train, "--epochs", 0),
    ],
)
def test_wrong_numbers(monkeypatch, capsys, module, option, value):
    monkeypatch.setattr(sys, "argv", ["command", "digits", option, str(value)])
    with pytest.raises(SystemExit) as refused:
        module.main()
    assert refused.value.code == 2


CHANGES = {
    "kind": ({"kind": "average_pool"}, "conv1: kind average_pool; allowed here: conv, fully_connected, max_pool, flatten"),
    "stride": ({"stride": [2, 2]}, "conv1: stride [2, 2]; allowed here: [1, 1]"),
    "padding": ({"padding": [1, 1]}, "conv1: padding [1, 1]; allowed here: [0, 0]"),
    "groups": ({"groups": 2}, "conv1: groups 2; allowed here: 1"),
    "from": ({"from": "fc1"}, "conv1: from fc1; allowed here: image"),
    "format": ({"format": "diff2"}, "conv1: format diff2; allowed here: diff1"),
    "bits": ({"activation_bits": 5}, "conv1: activation_bits 5; allowed here: 1, 2, 3, 4"),
    "range": ({"range": "1/3"}, "conv1: range 1/3; allowed here: 1, 1, 1/2, 1/4, 1/8"),
    "outputs": ({"outputs": 8}, "conv1: conv1.weight is int8 [16, 1, 5, 5]; allowed here: int8 [8, 1, 5, 5]"),
    "kernel": ({"kernel": [9, 9]}, "conv1: a kernel larger than what it reads"),
    "shared": ({"weights": {"of": "fc1"}}, "conv1: tensor {'of': 'fc1'}; allowed here: "),
}


@pytest.mark.parametrize("case", CHANGES)
def test_layers_that_are_not_computed(case):
    change, words = CHANGES[case]
    file, tensors = copy.deepcopy(DIGITS)
    file["layers"][0].update(change)
    with pytest.raises(command.Refused) as refused:
        reading.shapes(file, tensors)
    assert str(refused.value).startswith(words)


def test_unknown_keys_and_sums_inside():
    file, tensors = copy.deepcopy(DIGITS)
    file["layers"][1]["level"] = 3
    with pytest.raises(command.Refused, match="fc1: key level; allowed here: name, kind"):
        reading.shapes(file, tensors)
    del file["layers"][1]["level"], file["layers"][1]["requantize"]
    with pytest.raises(command.Refused, match="fc1: sums inside the network"):
        reading.shapes(file, tensors)


def test_defaults_may_be_said():
    """As imported networks say them."""
    file, tensors = copy.deepcopy(DIGITS)
    file["layers"][0].update({"stride": [1, 1], "padding": [0, 0], "groups": 1, "from": "image"})
    assert reading.shapes(file, tensors) == {"conv1": [16, 4, 4], "fc1": [64, 1, 1], "fc2": [10, 1, 1]}


def test_garbage_is_no_network(tmp_path):
    for text in (b"\xff", b"[", b"a", b"{weights: absent}", b"{weights: 3}"):
        (tmp_path / "net.yaml").write_bytes(text)
        with pytest.raises((command.Refused, FileNotFoundError)):
            integers.Network(tmp_path / "net.yaml")


def test_weights_beyond_ternary():
    file, tensors = copy.deepcopy(DIGITS)
    tensors["conv1.weight"] = np.full_like(tensors["conv1.weight"], -2)
    with pytest.raises(command.Refused, match="conv1: weights beyond -1..1"):
        reading.shapes(file, tensors)
