"""INL, DNL and ENOB of `capram characterize`, recomputed by ADCToolbox from the dumped codes.

Usage: adctoolbox_check.py CAPRAM. Needs numpy and adctoolbox. Exit code 1 if anything differs.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from adctoolbox import analyze_spectrum
from adctoolbox.aout.compute_inl_from_ramp import compute_inl_from_ramp

AGREE_LSB = 0.02  # INL and DNL, every ADC and code
AGREE_DB = 0.01  # SINAD, of double-precision transforms of the same record


def characterize(capram, folder, *options):
    """Report and dump of one run."""
    report, dump = folder / "c.json", folder / "h.npz"
    command = [capram, "characterize", "--json", report, "--histogram", dump, *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads(report.read_text()), np.load(dump)


def ramps(report, dump):
    """Largest differences of DNL and INL, code by code, and the figures of merit."""
    codes, curves = dump["ramp_codes"], report["curves"]
    inputs = dump["ramp_inputs"][:, 0]
    assert np.all(np.diff(inputs) >= 0), "a ramp rises"
    worst = {"dnl": 0.0, "inl": 0.0}
    largest = {"dnl": 0.0, "inl": 0.0, "missing": 0}
    for adc in range(codes.shape[1]):
        # Codes that the ends of the ramp cut are counted with the last that they cut.
        first = curves["first_code"][adc] - 1
        own = np.clip(codes[:, adc], first, first + len(curves["dnl_lsb"][adc]) + 1)
        their = compute_inl_from_ramp(
            own, code_min=int(own.min()), code_max=int(own.max()), endpoint="fit"
        )
        assert their["code"][0] == curves["first_code"][adc], adc
        for name, ours in (("dnl", curves["dnl_lsb"][adc]), ("inl", curves["inl_lsb"][adc])):
            worst[name] = max(worst[name], np.abs(np.array(ours) - their[name]).max())
            largest[name] = max(largest[name], np.abs(their[name]).max())
        largest["missing"] += len(their["missing_codes"])
    merit = {
        "dnl": abs(largest["dnl"] - report["dnl_max_lsb"]),
        "inl": abs(largest["inl"] - report["inl_max_lsb"]),
        "missing": abs(largest["missing"] - report["missing_codes"]),
    }
    return worst, merit


def sine(report, dump):
    """Difference of SINAD, mean over the ADCs, before calibration."""
    codes = dump["sine_codes"]
    sinad = []
    for adc in range(codes.shape[1]):
        values = 2.0 * codes[:, adc] - 127.0
        found = analyze_spectrum(
            values, fs=1.0, win_type="rectangular", side_bin=0, create_plot=False,
            max_harmonic=10, osr=1,
        )
        sinad.append(found["sndr_dbc"])
    return abs(np.mean(sinad) - report["before"]["sinad_db"])


def main():
    capram = sys.argv[1]
    failed = 0
    for options in (["--seed", "1"], ["--seed", "2", "--chip", "5"], ["--config", "ideal"]):
        with tempfile.TemporaryDirectory() as folder:
            report, dump = characterize(capram, Path(folder), *options)
        worst, merit = ramps(report, dump)
        db = sine(report, dump)
        good = max(*worst.values(), merit["dnl"], merit["inl"]) <= AGREE_LSB
        good &= merit["missing"] == 0 and db <= AGREE_DB
        failed += not good
        print(
            f"{'ok  ' if good else 'FAIL'} {' '.join(options)}: DNL differs by {worst['dnl']:.1e} LSB, "
            f"INL by {worst['inl']:.1e} LSB, SINAD by {db:.1e} dB"
        )
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
