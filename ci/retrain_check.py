"""Training the digits network again gives the committed one, or one as good: with other packages or another type of CPU.

Usage: retrain_check.py CAPRAM
"""

import json
import re
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parent.parent
NETWORKS = ROOT / "networks"
FILES = ["digits.yaml", "digits.safetensors"]
# Other packages and other types of CPU round otherwise, and so end elsewhere. Any number of cores gives the same bits.
TOLERANCE = 0.01


def accuracy(capram, network, folder):
    report = Path(folder) / "report.json"
    subprocess.run([capram, "infer", network, "--json", report], check=True, stdout=subprocess.DEVNULL)
    return json.loads(report.read_text())["accuracy"]


def other_packages():
    """What is installed otherwise than training/requirements.txt says, in words."""
    other = []
    for name, wanted in re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "training" / "requirements.txt").read_text(), re.MULTILINE):
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "none"
        if found != wanted:
            other.append(f"{name} {found} instead of {wanted}")
    return other


def main(capram):
    capram = Path(capram).resolve()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "networks"
        out.mkdir()
        command = [sys.executable, "-m", "training.train", "digits", "--out", out, "--work", Path(folder) / "work"]
        subprocess.run(command, check=True, cwd=ROOT)
        if all((out / name).read_bytes() == (NETWORKS / name).read_bytes() for name in FILES):
            print("the same network, bit for bit")
            return 0
        if other := other_packages():
            print(f"another network, as is to be expected of other packages: {', '.join(other)}")
        else:
            # networks/ does not say on which CPU, so that this can not be told from a changed training
            print("another network with the packages of training/requirements.txt: this is another type of CPU, or training was changed")
        committed, again = (accuracy(capram, f / "digits.yaml", folder) for f in (NETWORKS, out))
        print(f"{again:.4f} on the test images, the committed network {committed:.4f}, allowed difference {TOLERANCE}")
        return 0 if abs(again - committed) <= TOLERANCE else 1


sys.exit(main(*sys.argv[1:]))
