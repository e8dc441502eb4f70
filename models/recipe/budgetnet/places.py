"""Where packages and their tables lie."""

from pathlib import Path

MODELS = Path(__file__).resolve().parents[2]
