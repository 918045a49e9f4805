"""The network file and its numbers on the disk."""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from safetensors.numpy import save

from training import writing

HEADER = ("schema", "name", "source")


class Dumper(yaml.SafeDumper):
    """Without anchors: two equal lists are two lists."""

    def ignore_aliases(self, data):
        return True

    def quoted(self, text):
        """What YAML 1.2 reads as a number is quoted, though to PyYAML, which follows 1.1, it may be none."""
        number = re.fullmatch(r"[-+]?[\d.]+([eE][-+]?\d+)?|0[ox][\da-fA-F]+", text)
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="'" if number else None)


Dumper.add_representer(str, Dumper.quoted)


@dataclass(frozen=True)
class Network:
    description: dict  # the YAML file without `weights`
    tensors: dict
    notes: list  # what was left out or is less exact than one might think


def write(network, path):
    """Writes PATH.yaml and PATH.safetensors. Until both are complete there is no YAML file, so never half a network."""
    path = Path(path)
    numbers = path.with_suffix(".safetensors")
    writing.replace({numbers: save(network.tensors), path: text(network.description, numbers.name).encode()})


def text(description, weights):
    """YAML in the order of docs/networks.md."""
    head = {key: description[key] for key in HEADER}
    rest = {key: value for key, value in description.items() if key not in HEADER}
    whole = {**head, "weights": weights, **rest}
    return yaml.dump(whole, Dumper=Dumper, sort_keys=False, default_flow_style=None, width=120, allow_unicode=True)
