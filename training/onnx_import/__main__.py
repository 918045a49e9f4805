"""python -m training.onnx_import MODEL.onnx OUT.yaml"""

import argparse
import sys
from fractions import Fraction
from pathlib import Path

from training.onnx_import import Refused, convert, write
from training.onnx_import.convert import RANGES

REFUSED = 2  # as argparse has it for a wrong command line


def arguments(argv):
    parser = argparse.ArgumentParser(prog="training.onnx_import", description="Imports a quantized ONNX or QONNX model.")
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("out", metavar="OUT.yaml", type=yaml_path)
    parser.add_argument("--range", default="1/4", choices=RANGES, help="of all conversions (default 1/4)")
    parser.add_argument("--name", help="of the network (default: that of OUT.yaml)")
    parser.add_argument(
        "--pixel-scale",
        default="1/255",
        choices=("1/255", "1"),
        help="what the model sees: pixels divided by 255 (default) or as they are",
    )
    return parser.parse_args(argv)


def yaml_path(text):
    if not text.endswith((".yaml", ".yml")):
        raise argparse.ArgumentTypeError(f"{text} does not end in .yaml")
    return Path(text)


def main(argv=None):
    args = arguments(argv)
    try:
        network = convert(args.model, args.range, args.name or args.out.stem, Fraction(args.pixel_scale))
        write(network, args.out)
    except Refused as error:
        print(error, file=sys.stderr)
        return REFUSED
    except OSError as error:
        print(f"{args.out}: can not be written: {error.strerror or error}", file=sys.stderr)
        return REFUSED
    for note in network.notes:
        print(f"note: {note}")
    weights = sum(t.size for name, t in network.tensors.items() if name.endswith(".weight"))
    print(f"{args.out}: {len(network.description['layers'])} layers, {weights:,} weights")
    return 0


if __name__ == "__main__":
    sys.exit(main())
