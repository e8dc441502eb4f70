"""The network midway between where a run began and where its decay ended: the mean of both networks' weights. Where a run
went on from kept weights it is often better than either: Wortsman et al. 2022, arXiv:2109.01903.

`python -m budgetnet.midway --start KEPT.npz --checkpoint RUN/decay.pt --out RUN/midway.pt`; the result is a checkpoint
for budgetnet.export, which recalibrates its batch norms.
"""

from pathlib import Path

import torch

from .checkpoint import must_fit, must_have_classes, must_have_learnt_from, read_checkpoint, read_kept
from .command import parser_of, telling


def midway(start, checkpoint):
    """The state of `checkpoint`, with both of its networks moved halfway to the kept weights `start` that its run began
    from.

    Raises ValueError when they are not of one architecture, for the same classes and images; OSError.
    """
    state, settings = read_checkpoint(checkpoint)
    weights, found, facts = read_kept(start)
    must_fit(start, found, settings)
    must_have_classes(start, weights, len(state["average"]["head.bias"]))
    must_have_learnt_from(start, facts, state["mean"], state["deviation"])
    for name in ("network", "average"):
        state[name] = {
            key: value.lerp(weights[key].to(value), 0.5) if value.is_floating_point() else value
            for key, value in state[name].items()
        }
    return state


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--start", required=True, type=Path, help="kept weights that the run began from")
    parser.add_argument("--checkpoint", required=True, type=Path, help="where its decay ended")
    parser.add_argument("--out", required=True, type=Path, help="checkpoint to write")
    options = parser.parse_args()
    with telling(parser):
        state = midway(options.start, options.checkpoint)
        with options.out.open("wb") as out:  # for a folder that does not exist, torch.save would raise RuntimeError
            torch.save(state, out)


if __name__ == "__main__":
    main()
