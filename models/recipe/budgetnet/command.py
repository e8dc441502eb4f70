"""What the command lines of the recipe have in common: how they take options, and how they report errors."""

import argparse
import math
import re
from contextlib import contextmanager


def parser_of(doc):
    """A parser of options whose description is the first paragraph of `doc`, a module's docstring.

    Options cannot be abbreviated: scripts/train.ts also reads `--name`, in full.
    """
    return argparse.ArgumentParser(description=doc.split("\n\n")[0], allow_abbrev=False)


@contextmanager
def telling(parser):
    """Reports what a command's user can fix (ValueError, OSError) in one line after its usage; exit code 2."""
    try:
        yield
    except (ValueError, OSError) as error:
        parser.error(str(error))


def like(pattern):
    """An argparse type: text that matches `pattern` as a whole."""

    def checked(text):
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f"{text!r}: expected {pattern}")
        return text

    return checked


def number(expected, fits):
    """An argparse type: a finite number that `fits`; `expected` says in words which numbers do."""

    def checked(text):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and fits(value)):
            raise argparse.ArgumentTypeError(f"{text!r}: expected {expected}")
        return value

    return checked
