"""The network as JAX functions: the macro's view (`macro`) and a plain float one for teachers (`plain`).

Parameters per layer: `w` latent weights, and for all but the last layer `gamma`, `beta` of the batch normalization, in steps of the
next activation. gamma stays positive because the multipliers of the macro are unsigned. `log_scale` of the last layer turns sums into logits.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from training import hardware as hw
from training import layout

EPSILON = 1e-3  # of the variance, in squared units
FIRST_GAMMA, FIRST_BETA = 4.0, 3.0  # half of a normal input's range lies inside 0..15
SMALLEST_GAMMA = 0.05
FIRST_LOG_SCALE = -3.0  # sums are some tens of units


@dataclass(frozen=True)
class Structure:
    """Which taps are kept, per layer: what changes the shape of the computation."""

    masks: tuple

    @staticmethod
    def full(layers, image):
        return Structure(tuple(np.ones(shape[1:], bool) for shape in weight_shapes(layers, image)))

    def stored(self, layers):
        return [layout.stored_rows(mask, layer.copies) for layer, mask in zip(layers, self.masks)]

    def rows(self, layers):
        return [int(stored.sum()) for stored in self.stored(layers)]


def weight_shapes(layers, image):
    (height, width), channels, shapes = image, 1, []
    for layer in layers:
        if layer.is_conv:
            shapes.append((layer.outputs, channels, *layer.kernel))
            height = (height - layer.kernel[0] + 1) // layer.pool
            width = (width - layer.kernel[1] + 1) // layer.pool
        else:
            shapes.append((layer.outputs, channels * height * width))
            height = width = 1
        channels = layer.outputs
    return shapes


def initial(layers, image, key, plain=False):
    params = []
    for shape, k in zip(weight_shapes(layers, image), jax.random.split(key, len(layers))):
        fan_in = np.prod(shape[1:])
        # ternary weights use their whole range from the start; float ones start as usual (He)
        limit = np.sqrt(6 / fan_in) if plain else 0.8
        params.append(
            {
                "w": jax.random.uniform(k, shape, minval=-limit, maxval=limit),
                "gamma": jnp.full(shape[0], 1.0 if plain else FIRST_GAMMA),
                "beta": jnp.full(shape[0], 0.0 if plain else FIRST_BETA),
            }
        )
    params[-1] = {"w": params[-1]["w"], "log_scale": jnp.asarray(0.0 if plain else FIRST_LOG_SCALE)}
    return params


def project(params):
    """Back into what the macro can hold, after an optimizer's step."""
    projected = [{**p, "w": jnp.clip(p["w"], -1, 1)} for p in params]
    for p in projected:
        if "gamma" in p:
            p["gamma"] = jnp.maximum(p["gamma"], SMALLEST_GAMMA)
    return projected


def products(x, layer, matrix):
    """Activations [batch, height, width, channels] times a matrix [rows, columns], at every place where the layer converts."""
    if layer.is_conv:
        return layout.correlate(x, matrix, layout.patch_shape(layer.kernel, layer.copies), layer.copies)
    flat = x.transpose(0, 3, 1, 2).reshape(len(x), -1)  # channel, row, column
    return (flat @ matrix)[:, None, None]


def max_pool(x, n):
    if n == 1:
        return x
    b, h, w, c = x.shape
    return x[:, : h // n * n, : w // n * n].reshape(b, h // n, n, w // n, n, c).max(axis=(2, 4))


class Converter:
    """Dot products through the macro's converters, with one chip and one stream of noise."""

    def __init__(self, key, bank, errors):
        self.key, self.bank, self.errors = key, bank, errors
        if errors.chip:
            self.offset, self.gain = hw.draw_slices(self._next_key())

    def _next_key(self):
        self.key, key = jax.random.split(self.key)
        return key

    def _normals(self, shape):
        return hw.NoiseBank.read(self.bank, self._next_key(), shape)

    def sums(self, x, layer, matrix, blocks):
        """Dot products in units, each row block converted on its own."""
        r = float(layer.range)
        lsb, outputs = hw.UNITS_PER_LSB * r, matrix.shape[1]
        slices = np.arange(outputs) % hw.SLICES
        if self.errors.chip:
            matrix = matrix * (1 + hw.CAPACITOR_SIGMA * self._normals(matrix.shape)) * self.gain[slices]
        by_block = (blocks.T[:, :, None] * matrix[:, None, :]).reshape(len(matrix), -1)
        d = hw.in_lsb(products(x, layer, by_block), lsb)
        d = d.reshape(*d.shape[:-1], len(blocks), outputs)
        if self.errors.chip:
            d = d + self.offset[slices] / r
        if self.errors.noise:
            d = d + self._normals(d.shape) * (hw.NOISE_LSB / r)
        return hw.adc(d).sum(axis=-2) * lsb


def macro(layers, structure, params, statistics, x, key, bank, errors=hw.REAL):
    """Logits and the batch statistics used. `statistics` None: those of this batch (training); x: [batch, height, width] digits 0..15."""
    converter, used = Converter(key, bank, errors), []
    stored = structure.stored(layers)
    x = x[..., None]
    for i, (layer, p) in enumerate(zip(layers, params)):
        w = hw.ternary(p["w"]) * structure.masks[i]
        matrix = layout.shifted(w, layer.copies) if layer.is_conv else w.T
        acc = converter.sums(x, layer, matrix, layout.blocks(stored[i]))
        acc = layout.positions(acc, layer.copies, layer.outputs)
        if "log_scale" in p:
            return acc[:, 0, 0] * jnp.exp(p["log_scale"]), used
        z, s = normalize(acc, p, statistics and statistics[i])
        used.append(s)
        x = max_pool(hw.activation(z), layer.pool)


def plain(layers, structure, params, statistics, x, key, bank, errors=None):
    """The same layers in floating point, without the macro."""
    del structure, key, bank, errors
    used = []
    x = x[..., None] / 15
    for i, (layer, p) in enumerate(zip(layers, params)):
        matrix = layout.shifted(p["w"], layer.copies) if layer.is_conv else p["w"].T
        acc = layout.positions(products(x, layer, matrix), layer.copies, layer.outputs)
        if "log_scale" in p:
            return acc[:, 0, 0] * jnp.exp(p["log_scale"]), used
        z, s = normalize(acc, p, statistics and statistics[i])
        used.append(s)
        x = max_pool(jax.nn.relu(z), layer.pool)


def normalize(acc, p, statistics):
    if statistics is None:
        mean = acc.mean(axis=(0, 1, 2))
        variance = jnp.square(acc - mean).mean(axis=(0, 1, 2))
    else:
        mean, variance = statistics
    slope = p["gamma"] * jax.lax.rsqrt(variance + EPSILON)
    return acc * slope + (p["beta"] - mean * slope), (mean, variance)
