"""Where packages and their tables are."""

from pathlib import Path

MODELS = Path(__file__).resolve().parents[2]
