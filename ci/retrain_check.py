"""Training the digits network again gives the committed one, or one as good on other versions of the tools.

Usage: retrain_check.py CAPRAM
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

NETWORKS = Path(__file__).parent.parent / "networks"
FILES = ["digits.yaml", "digits.safetensors"]
# Other versions or numbers of threads round otherwise, and so end elsewhere.
TOLERANCE = 0.01


def accuracy(capram, network, folder):
    report = Path(folder) / "report.json"
    subprocess.run([capram, "infer", network, "--json", report], check=True, stdout=subprocess.DEVNULL)
    return json.loads(report.read_text())["accuracy"]


def main(capram):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "networks"
        out.mkdir()
        command = [sys.executable, "-m", "training.train", "digits", "--out", out, "--work", Path(folder) / "work"]
        subprocess.run(command, check=True)
        if all((out / name).read_bytes() == (NETWORKS / name).read_bytes() for name in FILES):
            print("the same network, bit for bit")
            return 0
        committed, again = (accuracy(capram, f / "digits.yaml", folder) for f in (NETWORKS, out))
        print(f"another network: {again:.4f} on the test images, the committed one {committed:.4f}")
        return 0 if abs(again - committed) <= TOLERANCE else 1


sys.exit(main(*sys.argv[1:]))
