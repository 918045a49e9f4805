"""Unpacks one bitstream again and again, each time with one bit flipped.

Arguments: icebox_vlog and its options, the bits as text last. A line on standard input is `none`, or a bit:
kind of tile, its column and row, the bit's row and column there. The answer is a line with the length of
the netlist and the netlist; or a negative length, its letters then saying why there is none.

Project IceStorm's program does the work. What takes most of its time is nearly the same for all of them and
kept: where the wires of the device lead, and what the bits of a tile connect.
"""

import contextlib
import functools
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


class Tile(icebox.tileconfig):
    """A tile's bits, and which entries of the logic tiles' table they fulfil."""

    last = None

    def __init__(self, rows):
        super().__init__(rows)
        self.fulfilled = None

    def entries(self, table):
        if self.fulfilled is None:
            self.fulfilled = [entry for entry in list.__iter__(table) if self.match(entry[0])]
        return iter(self.fulfilled)


tile_once = functools.lru_cache(maxsize=1 << 14)(Tile)


def tile_of(rows):
    Tile.last = tile_once(tuple(rows))
    return Tile.last


class LogicEntries(list):
    """The table of logic tiles. Only one place goes through it, asking for every entry whether the tile
    that was read last fulfils it: it gets those that do."""

    def __iter__(self):
        return Tile.last.entries(self)


lut_bits = icebox.get_lutff_bits
lut_bits_once = functools.lru_cache(maxsize=1 << 17)(lut_bits)


def flip(config, request):
    if request == "none":
        return
    kind, x, y, row, column = request.split()
    tiles, place = kind + "s", (int(x), int(y))
    rows = list(getattr(config, tiles)[place])
    bits = list(rows[int(row)])
    bits[int(column)] = "10"[int(bits[int(column)])]
    rows[int(row)] = "".join(bits)
    setattr(config, tiles, {**getattr(config, tiles), place: rows})


def netlist(original, request):
    def read_flipped(self, _):
        self.__dict__.update(original.__dict__)
        flip(self, request)

    icebox.iceconfig.read_file = read_flipped
    sys.argv = [PROGRAM, *OPTIONS, BITS]
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        runpy.run_path(PROGRAM, run_name="__main__")
    return text.getvalue()


def main():
    icebox.iceconfig.expand_net = expand_once
    icebox.tileconfig = tile_of
    icebox.logictile_8k_db = LogicEntries(icebox.logictile_8k_db)
    icebox.get_lutff_bits = lambda tile, index: list(lut_bits_once(tuple(tile), index))
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
