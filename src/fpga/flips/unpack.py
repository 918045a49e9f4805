"""Unpacks one bitstream again and again, each time with one bit flipped.

Arguments: icebox_vlog and its options, the bits as text last. A line on standard input is `none`, or a bit:
kind of tile, its column and row, the bit's row and column there. The answer is a line with the length of
the netlist and the netlist; or a negative length, its letters then saying why there is none.

Project IceStorm's program does the work. What takes most of its time, following every wire through all
tiles, is the same for all bitstreams of a device: it is done once and kept.
"""

import contextlib
import copy
import io
import os
import runpy
import sys

PROGRAM, OPTIONS, BITS = sys.argv[1], sys.argv[2:-1], sys.argv[-1]
sys.path.insert(0, os.path.dirname(os.path.realpath(PROGRAM)))
import icebox  # noqa: E402

wires = {}
expand = icebox.iceconfig.expand_net


def expand_once(self, segment):
    if segment not in wires:
        wire = expand(self, segment)
        wires.update(dict.fromkeys(wire, wire))
        wires[segment] = wire
    return wires[segment]


def flip(config, request):
    if request == "none":
        return
    kind, x, y, row, column = request.split()
    rows = getattr(config, kind + "s")[int(x), int(y)]
    bits = list(rows[int(row)])
    bits[int(column)] = "10"[int(bits[int(column)])]
    rows[int(row)] = "".join(bits)


def netlist(original, request):
    def read_flipped(self, _):
        self.__dict__.update(copy.deepcopy(original.__dict__))
        flip(self, request)

    icebox.iceconfig.read_file = read_flipped
    sys.argv = [PROGRAM, *OPTIONS, BITS]
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        runpy.run_path(PROGRAM, run_name="__main__")
    return text.getvalue()


def main():
    icebox.iceconfig.expand_net = expand_once
    original = icebox.iceconfig()
    original.read_file(BITS)
    out = sys.stdout.buffer
    for line in sys.stdin:
        sign = 1
        try:
            text = netlist(original, line.strip())
        except (Exception, SystemExit) as error:  # some bits make its assertions fail
            sign, text = -1, f"{type(error).__name__} {error}".strip()
        data = text.encode()
        out.write(b"%d\n" % (sign * len(data)) + data)
        out.flush()


main()
