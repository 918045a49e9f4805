"""Random shifts, rotations, scalings, shears and smooth distortions of images, batch by batch."""

import jax
import jax.numpy as jnp
import numpy as np


def affine(key, n, settings):
    """2x2 matrices and shifts, from output to input coordinates."""
    keys = jax.random.split(key, 4)

    def uniform(k, shape, name):
        limit = settings.get(name, 0)
        return jax.random.uniform(k, shape, minval=-limit, maxval=limit)

    angle = uniform(keys[0], (n,), "rotate_degrees") * (np.pi / 180)
    scale = 1 + uniform(keys[1], (n, 2), "scale")
    shear = uniform(keys[2], (n,), "shear")
    shift = uniform(keys[3], (n, 2), "shift_pixels")
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    rotation = jnp.stack([jnp.stack([cos, sin], -1), jnp.stack([shear - sin, cos], -1)], -2)
    return rotation * scale[:, :, None], shift


def smooth(size, knots):
    """[size, knots]: linear interpolation between knots, so that a coarse random grid makes a smooth field."""
    at = np.linspace(0, knots - 1, size)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(knots))).astype(np.float32)


def field(key, n, shape, settings):
    """Smooth displacements [n, 2, height, width] in pixels."""
    knots = settings.get("elastic_knots", 5)
    coarse = settings["elastic_pixels"] * jax.random.normal(key, (n, 2, knots, knots))
    return jnp.einsum("yi,naij,xj->nayx", smooth(shape[0], knots), coarse, smooth(shape[1], knots))


def sample(images, y, x):
    """Bilinear; zero outside."""
    n, height, width = images.shape
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1)))
    y, x = jnp.clip(y + 1, 0, height + 0.999), jnp.clip(x + 1, 0, width + 0.999)
    y0, x0 = jnp.floor(y).astype(jnp.int32), jnp.floor(x).astype(jnp.int32)
    fy, fx = y - y0, x - x0
    flat = padded.reshape(n, -1)

    def at(dy, dx):
        index = (y0 + dy) * (width + 2) + x0 + dx
        return jnp.take_along_axis(flat, index.reshape(n, -1), axis=1).reshape(index.shape)

    upper = at(0, 0) * (1 - fx) + at(0, 1) * fx
    lower = at(1, 0) * (1 - fx) + at(1, 1) * fx
    return upper * (1 - fy) + lower * fy


def augment(images, key, settings):
    """Distorted copies of pixel images [n, height, width], as integers again."""
    if not settings:
        return images.astype(jnp.int32)
    n, height, width = images.shape
    affine_key, field_key = jax.random.split(key)
    matrix, shift = affine(affine_key, n, settings)
    centre = np.array([(height - 1) / 2, (width - 1) / 2], np.float32)
    grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), -1).astype(np.float32) - centre
    target = jnp.einsum("nab,yxb->nayx", matrix, grid) + (shift + centre)[:, :, None, None]
    if settings.get("elastic_pixels"):
        target = target + field(field_key, n, (height, width), settings)
    return jnp.floor(sample(images.astype(jnp.float32), target[:, 0], target[:, 1]) + 0.5).astype(jnp.int32)
