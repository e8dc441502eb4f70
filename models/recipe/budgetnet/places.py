"""Where packages and their tables lie, and how command lines check the names of them."""

import argparse
import re
from pathlib import Path

MODELS = Path(__file__).resolve().parents[2]


def like(pattern):
    """An argparse type: text that matches `pattern` as a whole."""

    def checked(text):
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f"{text!r}: expected {pattern}")
        return text

    return checked
