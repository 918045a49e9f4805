"""LiteX's own host side against a virtual board on a pseudo-terminal.

CommUART speaks to the terminal as to any UART, RemoteServer passes it on, RemoteClient asks: nothing
on the host's side is this project's. Exit status 0: the board answers as the register maps say.

    litex_check.py CAPRAM [--planted] SERVE_OPTIONS...

--planted expects a wrong BOARD_ID: the check must fail, or it checks nothing.
"""

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from litex.tools.litex_client import RemoteClient
from litex.tools.litex_server import RemoteServer
from litex.tools.remote.comm_uart import CommUART

MACRO_ID, BOARD_ID = 0x0000, 0x10000
SCRATCH = 0x10014
LAMBDA, NOISE = 0x1002C, 0x10030
TABLE = 0x11000

MACRO_NAME, BOARD_NAME = 0x43415052, 0x43504642  # 'CAPR', 'CPFB'


def text(value):
    """A word, or the first of a burst."""
    if isinstance(value, int):
        return f"{value:#010x}"
    return " ".join(f"{word:#x}" for word in value[:4]) + (" ..." if len(value) > 4 else "")


class Checks:
    def __init__(self):
        self.failed = 0

    def equal(self, what, found, expected):
        good = found == expected
        self.failed += not good
        verdict = "ok    " if good else "FAILED"
        print(f"{verdict} {what}: {text(found)}" + ("" if good else f", expected {text(expected)}"))


def check(bus, planted):
    """Everything that is asked of one way to the board."""
    checks = Checks()
    checks.equal("BOARD_ID", bus.read(BOARD_ID), BOARD_NAME ^ (1 if planted else 0))
    checks.equal("macro's ID", bus.read(MACRO_ID), MACRO_NAME)
    for value in (0x00000000, 0xFFFFFFFF, 0x12345678):
        bus.write(SCRATCH, value)
        checks.equal("SCRATCH", bus.read(SCRATCH), value)
    bus.write(LAMBDA, [0x1234, 0x0567])
    checks.equal("LAMBDA and NOISE in a burst", bus.read(LAMBDA, 2), [0x1234, 0x0567])
    words = [(0x9E37 * i + 1) & 0xFFFF for i in range(64)]
    bus.write(TABLE, words)
    checks.equal("table in a burst of 64", bus.read(TABLE, 64), words)
    bus.write(LAMBDA, [0, 0])
    return checks.failed


def free_port():
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def ask(link, planted):
    """The checks over CommUART, then over its server and a client."""
    print("CommUART")
    uart = CommUART(link, 115200)
    failed = check(uart, planted)
    server = RemoteServer(uart, "localhost", free_port())
    with contextlib.redirect_stdout(io.StringIO()):
        server.open()
        server.start(1)
        client = RemoteClient("localhost", server.bind_port)
        client.open()
    print("RemoteClient")
    failed += check(client, planted)
    client.close()
    return failed


def main():
    capram, *options = sys.argv[1:]
    planted = "--planted" in options
    options = [option for option in options if option != "--planted"]
    with tempfile.TemporaryDirectory() as folder:
        link = os.path.join(folder, "board")
        command = [capram, "fpga", "serve", "--link", link, *options]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            # It prints where it serves once the board runs; nothing if it could not.
            if not server.stdout.readline():
                return 2
            signal.alarm(120)  # CommUART waits for ever
            return 1 if ask(link, planted) else 0
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(10)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # LiteX's server has threads that never end
