"""The description of a network to train: `nets/NAME.yaml`."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path

import yaml

from training.command import Refused

NETS = Path(__file__).parent / "nets"


@dataclass(frozen=True)
class Layer:
    """A weight layer with what follows it: requantization and, for a convolution, pooling."""

    name: str
    kind: str  # conv or fully_connected
    outputs: int
    range: Fraction
    kernel: tuple = ()
    copies: tuple = (1, 1)
    pool: int = 1
    rows: int | None = None  # stored rows to prune to

    @property
    def is_conv(self):
        return self.kind == "conv"


def layer(entry):
    entry = dict(entry)
    entry["range"] = Fraction(entry.get("range", "1"))
    for key in ("kernel", "copies"):
        if key in entry:
            entry[key] = tuple(entry[key])
    return Layer(**entry)


@dataclass(frozen=True)
class Description:
    name: str
    seed: int
    image: tuple  # height, width
    scaling: dict  # of pixels, as in docs/networks.md
    holdout: int  # training images at the end that training never sees
    layers: tuple
    training: dict
    augmentation: dict = field(default_factory=dict)
    teacher: dict | None = None
    labels: tuple = tuple("0123456789")

    def fingerprint(self):
        """Of all settings, the teacher's too: the same one, the same training."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode()).hexdigest()


def load(path):
    """Reads a description; a bare name is looked up in `nets/`."""
    path = Path(path)
    if path.suffix != ".yaml":
        names = sorted(file.stem for file in NETS.glob("*.yaml"))
        if str(path) not in names:
            raise Refused(f"no network '{path}'; allowed: {', '.join(names)}, or a YAML file")
        path = NETS / f"{path}.yaml"
    try:
        entry = yaml.safe_load(path.read_text())
        entry["image"] = tuple(entry["image"])
        entry["layers"] = tuple(layer(e) for e in entry["layers"])
        return Description(**entry)
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise Refused(f"{path} describes no network to train: {' '.join(str(error).split())}") from None
