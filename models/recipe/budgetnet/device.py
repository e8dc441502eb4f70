"""Where networks are trained: on a GPU if PyTorch can use one; and how memory is kept there."""

import ctypes
import os
import sys
from pathlib import Path

import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def described():
    """The device in words, and whether there is a GPU that PyTorch cannot use: hours on a CPU must not come
    unannounced.
    """
    if DEVICE.type == "cuda":
        return f"{torch.cuda.get_device_name()} (compute capability {'.'.join(map(str, torch.cuda.get_device_capability()))})"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") == ""
    if Path("/dev/nvidia0").exists() and not hidden:
        return f"CPU, although there is a GPU: PyTorch cannot use it (is its driver too old for CUDA {torch.version.cuda}?)"
    return "CPU"


def has_bf16():
    """Whether bf16 is faster than float32 here: with AVX-512's instructions for it, AMX, or a GPU that has it."""
    if DEVICE.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return any(getattr(torch.cpu, name, bool)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))


def keep_memory():
    """Tells glibc to keep freed memory: given back after every step and mapped anew, it would make steps a tenth to a
    quarter longer.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        largest = 2**31 - 1
        # M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX: malloc.h
        for option, value in {-1: largest, -2: 2**30, -4: 0}.items():
            mallopt(option, value)
