"""Batches to learn from: shuffled, shifted, mirrored, normalised and, in long runs, with a square cut out."""

import torch
import torch.nn.functional as F

BATCH = 250
SHIFT = 4  # pixels


def normalise(pixels, mean, deviation):
    """Turns pixels 0 to 255 [n, h, w, 3] into float32 [n, 3, h, w], channels last in memory. Overwrites `pixels` if
    they are floats.
    """
    x = pixels.permute(0, 3, 1, 2).float().div_(255)
    return x.sub_(mean.view(1, 3, 1, 1)).div_(deviation.view(1, 3, 1, 1)).contiguous(memory_format=torch.channels_last)


def cut_out(x, side, generator):
    """Hides a square of `side` pixels in each of the normalised images `x` [n, 3, h, w], wherever its middle falls,
    under the mean colour. Changes `x`. Cutout, DeVries and Taylor 2017, arXiv:1708.04552.
    """
    count, _, height, width = x.shape
    top, left = (
        _on(x.device, torch.randint(0, size, (count, 1), generator=generator) - side // 2) for size in (height, width)
    )
    y, column = (torch.arange(size, device=x.device) for size in (height, width))
    rows, columns = (y >= top) & (y < top + side), (column >= left) & (column < left + side)
    x.masked_fill_((rows[:, :, None] & columns[:, None, :])[:, None], 0)


def _on(device, drawn):
    """Moves to `device` what was drawn on the CPU. From plain memory, a copy to a GPU would wait for all work queued
    there.
    """
    return drawn.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else drawn


def batches(pixels, epoch, seed, flips):
    """Yields (float32 [BATCH, h, w, 3], indices of the images, generator) for every whole batch, on the device of
    `pixels`.

    All random numbers are drawn on the CPU, the same for every device. Images are shuffled, shifted by up to SHIFT
    pixels and flipped every other epoch (alternating flip, Jordan 2024, arXiv:2404.00498), those of `flips` first; if
    that is None, never.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    count, height, width, _ = pixels.shape
    device = pixels.device
    order = torch.randperm(count, generator=generator).to(device)
    rows, columns, within = (torch.arange(size, device=device) for size in (height, width, BATCH))
    for start in range(0, count - BATCH + 1, BATCH):
        index = order[start : start + BATCH]
        shifts = torch.randint(0, 2 * SHIFT + 1, (2, BATCH), generator=generator)
        dy, dx = _on(device, shifts)
        padded = F.pad(pixels[index].permute(0, 3, 1, 2).float(), (SHIFT,) * 4, mode="reflect").permute(0, 2, 3, 1)
        y = (dy[:, None] + rows)[:, :, None]
        x = dx[:, None] + columns
        mirrored = torch.zeros_like(within, dtype=torch.bool) if flips is None else flips[index] ^ (epoch % 2 == 1)
        x = torch.where(mirrored[:, None], x.flip(1), x)[:, None, :]
        yield padded[within[:, None, None], y, x], index, generator
