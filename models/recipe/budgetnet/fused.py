"""Batch norm in training, fused with the addition and the ReLU that follow it: fused.cpp, compiled when first needed.

PyTorch's own batch norms, additions and ReLUs take two fifths of a step on two cores with AVX-512; these take a sixth.
If there is no compiler, or the tensors are not channels last, PyTorch's own are used (network.py).
"""

import ctypes
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import torch

SOURCE = Path(__file__).with_name("fused.cpp")
SAID_MAX = 400  # characters of a compiler's message that are shown
NAMES = {torch.float32: "float32", torch.bfloat16: "bfloat16"}  # of the functions in fused.cpp


@cache
def library():
    """The compiled fused.cpp, or None if there is no compiler for it."""
    compiler = shutil.which("g++")
    runtime = sorted((Path(torch.__file__).parent / "lib").glob("libgomp*"))
    if sys.platform != "linux" or not compiler or not runtime:
        return None
    try:
        ctypes.CDLL(
            str(runtime[0]), ctypes.RTLD_GLOBAL
        )  # PyTorch's own threads: a second pool would fight for the same cores
        with tempfile.TemporaryDirectory() as folder:
            compiled, shared = f"{folder}/fused.o", f"{folder}/fused.so"
            options = ["-O3", "-march=native", "-fopenmp", "-fPIC"]
            subprocess.run([compiler, *options, "-c", str(SOURCE), "-o", compiled], check=True, capture_output=True)
            subprocess.run([compiler, "-shared", compiled, "-o", shared], check=True, capture_output=True)
            return ctypes.CDLL(shared)
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", None) or str(error).encode()
        print(
            f"{SOURCE.name} cannot be used; PyTorch's own functions (slower) are used instead: {said.decode(errors='replace')[-SAID_MAX:]}",
            file=sys.stderr,
        )
        return None


def function(name, dtype):
    return getattr(library(), f"{NAMES[dtype]}_{name}")


def pointer(tensor):
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())


class FusedNorm(torch.autograd.Function):
    """relu(norm(x) + rest) of tensors [n, channels, h, w] of one type among NAMES, channels last in memory; `rest` may
    be None.
    """

    @staticmethod
    def forward(ctx, x, rest, weight, bias, eps, relu):
        n, channels, height, width = x.shape
        rows = ctypes.c_int64(n * height * width)
        y = torch.empty_like(x)
        mean, variance, inverse = torch.empty(3, channels)
        function("forward", x.dtype)(
            pointer(x), pointer(rest), pointer(y), rows, ctypes.c_int64(channels), pointer(weight), pointer(bias),
            ctypes.c_float(eps), relu, pointer(mean), pointer(variance), pointer(inverse),
        )  # fmt: skip
        ctx.save_for_backward(x, y if relu else None, weight, mean, inverse)
        ctx.rows, ctx.added = rows, rest is not None
        ctx.mark_non_differentiable(mean, variance)
        return y, mean, variance

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad, *_):
        x, y, weight, mean, inverse = ctx.saved_tensors
        grad = grad.contiguous(memory_format=torch.channels_last)
        dx = torch.empty_like(x)
        masked = ctx.added and y is not None
        drest = torch.empty_like(x) if masked else grad if ctx.added else None
        dweight, dbias = torch.empty(2, len(weight))
        function("backward", x.dtype)(
            pointer(grad), pointer(x), pointer(y), pointer(dx), pointer(drest if masked else None), ctx.rows,
            ctypes.c_int64(len(weight)), pointer(weight), pointer(mean), pointer(inverse), pointer(dweight), pointer(dbias),
        )  # fmt: skip
        return dx, drest, dweight, dbias, None, None


def fits(norm, x, *others):
    """Whether `fused` takes these: a batch norm that is learning, and tensors of one shape and type that are channels
    last.
    """
    learning = (
        norm.training and norm.momentum is not None and norm.weight is not None and norm.weight.dtype == torch.float32
    )
    alike = (
        all(t.shape == x.shape and t.dtype == x.dtype for t in others) and x.numel() > x.shape[1] == norm.num_features
    )
    placed = all(t.device.type == "cpu" and t.is_contiguous(memory_format=torch.channels_last) for t in (x, *others))
    return learning and alike and placed and x.dtype in NAMES and library() is not None


def fused(norm, x, rest, relu):
    """relu(norm(x) + rest), with `norm`'s running statistics updated as nn.BatchNorm2d does."""
    y, mean, variance = FusedNorm.apply(x, rest, norm.weight, norm.bias, norm.eps, relu)
    with torch.no_grad():
        count = x.numel() // x.shape[1]
        norm.num_batches_tracked += 1
        norm.running_mean.lerp_(mean, norm.momentum)
        norm.running_var.lerp_(variance * (count / (count - 1)), norm.momentum)
    return y
