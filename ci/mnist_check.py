"""Reports of `capram infer` on the 10,000 test images of MNIST hold what README.md promises of `make mnist`.

Usage: mnist_check.py REPORT.json ...
"""

import json
import sys

# [A] the abstract's accuracy of LeNet-5 on MNIST; the other two are the budget of an image.
LEAST_ACCURACY, MOST_STEPS, MOST_CYCLES = 0.988, 300, 15_000


def complaints(report):
    """What a report falls short of."""
    if report["images"] != 10_000:
        yield f"{report['images']} images, not 10,000"
    if report["accuracy"] < LEAST_ACCURACY:
        yield f"accuracy {report['accuracy']}, below {LEAST_ACCURACY}"
    if report["conversion_steps_per_image"] > MOST_STEPS:
        yield f"{report['conversion_steps_per_image']} conversion steps per image, above {MOST_STEPS}"
    if report["cycles_per_image"] > MOST_CYCLES:
        yield f"{report['cycles_per_image']} cycles per image, above {MOST_CYCLES}"


def main():
    failed = False
    for path in sys.argv[1:]:
        with open(path) as file:
            report = json.load(file)
        found = list(complaints(report))
        failed |= bool(found)
        verdict = "; ".join(found) or "holds"
        print(f"{report['backend']}: {report['correct']} of {report['images']} correct: {verdict}")
    return 1 if failed or len(sys.argv) < 2 else 0


sys.exit(main())
