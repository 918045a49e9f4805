"""Writes a trained network to the format of docs/networks.md, and its training log; reads it back and checks it in integers."""

import jax
import numpy as np
from safetensors.numpy import save

from training import fit, integers, writing
from training.folding import fold
from training.hardware import ternary

HEAD = """\
schema: capram.network/1
name: {name}
source: trained with `python -m training.train {name}`, seed {seed}
weights: {name}.safetensors
input:
  shape: [1, {height}, {width}]
  bits: 4
  scaling: {{multiplier: {scaling[multiplier]}, bias: {scaling[bias]}, shift: {scaling[shift]}}}
labels: [{labels}]
layers:
"""


def ternary_of(p, mask):
    """Latent weights and what is kept of them, as the file's int8."""
    return np.asarray(ternary(p["w"]) * mask).astype(np.int8)


def layer_text(layer, shift):
    lines = [f"  - name: {layer.name}", f"    kind: {layer.kind}", f"    outputs: {layer.outputs}"]
    if layer.is_conv:
        lines.append(f"    kernel: [{layer.kernel[0]}, {layer.kernel[1]}]")
    lines += [f"    weights: {layer.name}.weight", "    format: diff1", "    activation_bits: 4", f"    range: {layer.range}"]
    if shift is not None:
        lines.append(f"    requantize: {{bits: 4, shift: {shift}, multiplier: {layer.name}.multiplier, bias: {layer.name}.bias}}")
    if layer.pool > 1:
        lines.append(f"  - {{name: {layer.name}_pool, kind: max_pool, kernel: [{layer.pool}, {layer.pool}]}}")
    return "\n".join(lines) + "\n"


def write(net, structure, params, statistics, folder):
    """The network's two files; the same network gives the same bytes."""
    text = HEAD.format(
        name=net.name,
        seed=net.seed,
        height=net.image[0],
        width=net.image[1],
        scaling=net.scaling,
        labels=", ".join(f'"{label}"' for label in net.labels),
    )
    tensors = {}
    for i, (layer, p, mask) in enumerate(zip(net.layers, params, structure.masks)):
        tensors[f"{layer.name}.weight"] = ternary_of(p, mask)
        shift = None
        if i < len(statistics):
            tensors[f"{layer.name}.multiplier"], tensors[f"{layer.name}.bias"], shift = fold(p, statistics[i])
        text += layer_text(layer, shift)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{net.name}.yaml"
    writing.replace({folder / f"{net.name}.safetensors": save(tensors), path: text.encode()})
    return path


def check(path, net, images, labels):
    """Hold-out accuracy of the written file, in integers: (description, percent) pairs."""
    network = integers.Network(path)
    copies = {layer.name: layer.copies for layer in net.layers}
    macros = {
        "ideal macro": integers.Macro(),
        "noise": integers.Macro(noise=True),
        "noise and residual mismatch": integers.Macro(noise=True, chip=True),
    }
    return [(name, 100 * integers.accuracy(network, images, labels, macro, copies)) for name, macro in macros.items()]


def export(compiled, params, log, parts, folder):
    """The averaged weights, with statistics measured for them."""
    net, (train, holdout) = compiled.run.description, parts
    statistics = compiled.statistics(params, train[0], jax.random.fold_in(compiled.run.key, 2))
    path = write(net, compiled.structure, params, statistics, folder)
    results = check(path, net, *holdout)
    checked = [f"# file, hold-out of {len(holdout[0])}, {name}: {value:.2f} %" for name, value in results]
    log_text = "\n".join([fit.LOG_HEADER, *log, *checked]) + "\n"
    writing.replace({path.with_suffix(".log"): log_text.encode()})
    print("\n".join([*checked, f"wrote {path}"]))
