"""Trains the branch network: warm-up, a constant rate for as long as there is time, and a decay branched off it.

`python -m budgetnet.train --data FOLDER --out FOLDER [--epochs N]` runs at a constant rate until stopped and writes a
checkpoint every epoch; `--decay N` branches off the newest of them and lets the rate fall to 0 in N epochs. A run that
was stopped continues where it was when started again, with the same weights as without the stop (on a GPU, which is
used if there is one, with similar ones). `--start FILE` begins from weights that `budgetnet.export --keep` wrote
(float16, without the optimiser's momentum); with `--decay N` too, it decays from them at once, and from a low `--rate`
it loses less of what they know. `--trunk FILE` begins a network for other classes from all of such weights but the
head, at epoch 0. `--teacher NAME[,NAME]` also learns what those packages say of the images (teacher.py). `--cutout
PIXELS` hides a square of every image (augment.py).
"""

import json
import sys
from pathlib import Path

from .command import like, number, parser_of, telling
from .data import load, split_holdout
from .device import DEVICE, described, has_bf16, keep_memory
from .network import ARCHITECTURES, STEM_STRIDES
from .settings import Settings
from .teacher import soft_labels, softened
from .trainer import Trainer

FULL_ONLY_EPOCHS = 8  # the first epochs train the full network alone
SAVE_SECONDS = 10  # of training between two checkpoints, at least
TEACHER_HELP = "packages for the same classes, separated by commas, whose soft labels are learnt too"
RATE_HELP = (
    "learning rate with which a run begins (default: %(default)s); 0.05 to improve kept weights in a short decay"
)
CUTOUT_HELP = "hide a square of this many pixels a side in every image: for long runs, whose training accuracy pulls ahead of that on held-out images"
NO_MIRROR_HELP = (
    "for classes that a mirror changes (digits, letters, left and right): no mirrored images, no second view"
)


def checkpoint_in(folder, decay):
    """The file of a run's phase in `folder`: of its decay in so many epochs, or of the constant phase (0)."""
    return folder / ("decay.pt" if decay else "constant.pt")


def begin(settings, learn, folder, start=None):
    """A trainer at the point where the run in `folder` is: at its phase's checkpoint, at the constant phase's to decay
    from, at kept weights `start`, at its trunk's, or at 0.

    Raises ValueError when they do not fit `settings` and the images `learn`, OSError.
    """
    trainer = Trainer(settings, learn)
    own, constant = (checkpoint_in(folder, decay) for decay in (settings.decay, 0))
    if own.exists():
        trainer.restore(own)
    elif constant.exists():
        trainer.restore(constant)
    elif start:
        trainer.start_from(start)
    elif settings.trunk:
        trainer.trunk_from(settings.trunk)
    elif settings.decay:
        raise ValueError(
            f"{constant} is not there: nothing to decay from; train at a constant rate first, or give --start"
        )
    if settings.decay and not own.exists():
        trainer.decay_start = trainer.epoch
    if trainer.settings.teacher:
        said = soft_labels(trainer.settings.teacher, learn, folder, settings.mirror)
        trainer.taught = softened(said.to(DEVICE))
    return trainer


def run(trainer, file, last=None, further=0, after_seconds=0):
    """Trains to epoch `last`, or until stopped; writes a checkpoint and a line on the terminal after every epoch, or
    after as many short ones as take SAVE_SECONDS.

    `further` epochs, and then `after_seconds` of other work, come after it: the line says how long everything takes.
    """
    unsaved = 0.0
    while last is None or trainer.epoch < last:
        line = trainer.run_epoch()
        seconds = line["seconds"]
        unsaved += seconds
        if unsaved < SAVE_SECONDS and trainer.epoch != last:
            continue
        unsaved = 0.0
        trainer.save(file)
        line["seconds"] = round(seconds, 1)
        if last is not None:
            line["minutesLeft"] = round(((last + further - trainer.epoch) * seconds + after_seconds) / 60)
        print(json.dumps(line), flush=True)


def parse():
    parser = parser_of(__doc__)
    parser.add_argument("--data", required=True, help="folder of the data set, or with train/CLASS/*.jpg")
    parser.add_argument("--out", required=True, help="folder for checkpoints")
    parser.add_argument("--architecture", default="resnet", choices=sorted(ARCHITECTURES))
    size_help = "of the input, in pixels; larger ones get a coarser stem"
    parser.add_argument("--size", type=int, default=32, choices=STEM_STRIDES, help=size_help)
    parser.add_argument(
        "--epochs", type=int, help="stop the constant phase after this many (default: when interrupted)"
    )
    parser.add_argument("--decay", type=int, default=0, help="branch off and decay over this many epochs")
    rate = number("a rate above 0, at most 1", lambda given: 0 < given <= 1)
    parser.add_argument("--rate", type=rate, default=Settings.rate, help=RATE_HELP)
    parser.add_argument("--start", help="weights to begin with, when there is no checkpoint in --out yet")
    parser.add_argument("--trunk", help="weights of a network for other classes, to begin with all of it but the head")
    parser.add_argument("--teacher", type=like("[a-z0-9-]{1,64}(,[a-z0-9-]{1,64})*"), help=TEACHER_HELP)
    parser.add_argument("--cutout", type=int, default=0, help=CUTOUT_HELP)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-mirror", dest="mirror", action="store_false", help=NO_MIRROR_HELP)
    parser.add_argument(
        "--bf16",
        action="store_true",
        help="faster with AVX-512's bf16 instructions, AMX, and GPUs from Ampere on; slower elsewhere",
    )
    return parser, parser.parse_args()


def main():
    parser, options = parse()
    keep_memory()
    print(f"Training on: {described()}", file=sys.stderr)
    if options.bf16 and DEVICE.type == "cuda" and not has_bf16():
        parser.error("--bf16: this GPU does not support bf16 and would be slower with it; leave it out")
    if options.start and options.trunk:
        parser.error("--start and --trunk: a run begins with one of them")
    if not 0 <= options.cutout < options.size:
        parser.error(f"--cutout {options.cutout}: expected 0 (none) to {options.size - 1} pixels")
    settings = Settings(
        architecture=options.architecture,
        full_only_epochs=FULL_ONLY_EPOCHS,
        size=options.size,
        decay=options.decay,
        rate=options.rate,
        seed=options.seed,
        mirror=options.mirror,
        bf16=options.bf16,
        cutout=options.cutout,
        teacher=options.teacher,
        trunk=options.trunk,
    )
    folder = Path(options.out)
    with telling(parser):
        folder.mkdir(parents=True, exist_ok=True)
        learn, _ = split_holdout(load(options.data, "train", options.size))
        trainer = begin(settings, learn, folder, options.start)
        file = checkpoint_in(folder, settings.decay)
        last = trainer.decay_start + settings.decay if settings.decay else options.epochs
        if last is not None and trainer.epoch >= last:
            print(f"{file}: done, at epoch {trainer.epoch} of {last}; move it away to train anew", file=sys.stderr)
    run(trainer, file, last)


if __name__ == "__main__":
    main()
