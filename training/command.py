"""What the commands share: what they refuse is said in one line, exit code 2, as argparse has it for a wrong command line."""

import argparse
import sys

REFUSED = 2


class Refused(ValueError):
    """The line."""


def positive(text):
    """An argument that counts something."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}; allowed: whole numbers from 1 on")
    return number


def run(main, *arguments):
    """The exit code of a command."""
    try:
        main(*arguments)
    except Refused as error:
        print(error, file=sys.stderr)
        return REFUSED
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"{place}{error.strerror or error}", file=sys.stderr)
        return REFUSED
    return 0
