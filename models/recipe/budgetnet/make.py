"""From a folder of images to a package in one go: trains for so many minutes, then exports.

`python -m budgetnet.make --data FOLDER --name NAME --minutes 20`: times some steps on this machine, spends the minutes
on a constant rate and a decay (train.py), and exports (export.py). If it was stopped, it continues when started again.
It begins with the kept weights of the CIFAR-10 network of the same architecture, all but the head, unless `--scratch`
is given.
"""

import json
import math
import signal
import statistics
import sys
import time
from dataclasses import replace
from itertools import chain, count

from . import augment, train
from .command import like, number, parser_of, telling
from .device import DEVICE, described, has_bf16, keep_memory
from .export import export_checkpoint, load_all
from .fused import library
from .network import ARCHITECTURES, STEM_STRIDES
from .places import MODELS
from .settings import Settings
from .trainer import Trainer

DECAY_SHARE = 0.4  # of the epochs
FULL_ONLY_SHARE = 0.25  # of the epochs, if nothing was learnt before
EXPORT_SECONDS = 150  # kept free for the export and its look
LOOK_SECONDS = 0.008  # and so much per image
TIMED_STEPS = {"cpu": 6, "cuda": 60}  # a GPU's first step with each policy takes many times as long as the others
EPOCHS_ENOUGH = 10  # for a package that is worth its name
EPOCHS_MAX, STEPS_MAX = 300, 20_000  # whichever is more epochs: beyond that, images are only learnt by heart


def step_seconds(settings, learn):
    """How long a step of full network and one policy takes here: median of a few, after a first one that warms up."""
    if DEVICE.type == "cpu":
        library()  # compiled before anything is timed
    trainer = Trainer(replace(settings, full_only_epochs=0), learn)
    seconds = []
    drawn = chain.from_iterable(augment.batches(trainer.pixels, epoch, 0, trainer.flips) for epoch in count())
    for _ in range(TIMED_STEPS[DEVICE.type] + 1):
        started = time.perf_counter()
        float(trainer.step(*next(drawn))[0])  # waits for it, on a GPU too
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def schedule(seconds, per_step, steps_an_epoch, begun):
    """Epochs that fill `seconds`, as long as more of them help: {"constant", "decay", "fullOnly"}, at least one each of
    the first two.
    """
    most = max(EPOCHS_MAX, STEPS_MAX // steps_an_epoch)
    epochs = min(most, max(2, int(seconds / per_step / steps_an_epoch)))
    decay = max(1, round(DECAY_SHARE * epochs))
    full_only = 0 if begun else min(train.FULL_ONLY_EPOCHS, int(FULL_ONLY_SHARE * epochs))
    return {"constant": epochs - decay, "decay": decay, "fullOnly": full_only}


def planned(folder, asked, plan):
    """The schedule of the run in `folder`: the one that it was begun with, or what `plan` makes now. Raises ValueError
    when it was begun with anything but `asked`.
    """
    file = folder / "plan.json"
    if not file.exists():
        made = plan()
        file.write_text(json.dumps({"plan": made, "asked": asked}) + "\n")
        return made
    begun = json.loads(file.read_text())
    if begun.get("asked") != asked:
        raise ValueError(f"{folder}: was begun with {begun.get('asked')}, not {asked}; remove it to train anew")
    return begun["plan"]


def make(options, folder):
    """Trains in `folder` as the command line's `options` say, and exports; returns the policies' accuracies on held-out
    images. Raises ValueError, OSError.
    """
    started = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        architecture=options.architecture,
        full_only_epochs=0,  # until there is a plan
        size=options.size,
        seed=options.seed,
        mirror=options.mirror,
        bf16=has_bf16(),
        trunk=None if options.scratch else trunk_of(options.architecture),
    )
    learn, held, test = load_all(options.data, options.size, options.test)

    exporting = EXPORT_SECONDS + LOOK_SECONDS * len(learn.labels)

    def plan_now():
        per_step, steps = step_seconds(settings, learn), len(learn.labels) // augment.BATCH
        before = time.perf_counter() - started + exporting
        plan = schedule(options.minutes * 60 - before, per_step, steps, bool(settings.trunk))
        if plan["constant"] + plan["decay"] < EPOCHS_ENOUGH:
            enough = math.ceil((before + EPOCHS_ENOUGH * per_step * steps) / 60)
            print(
                f"{len(learn.labels)} images: --minutes {enough} would be enough for {EPOCHS_ENOUGH} epochs",
                file=sys.stderr,
            )
        return plan

    asked = {name: getattr(options, name) for name in ("minutes", "architecture", "size", "scratch", "mirror", "seed")}
    plan = planned(folder, asked, plan_now)
    print(json.dumps(plan), flush=True)
    if any(folder.glob("*.pt")):
        print(f"{folder}: continues an earlier run; remove it to train anew", file=sys.stderr)
    file = train_by(plan, settings, learn, folder, after_seconds=exporting)
    return export_checkpoint(file, options.name, "1.0.0", lambda _: (learn, held, test))


def train_by(plan, settings, learn, folder, rung=None, after_seconds=0):
    """Trains in `folder` as `plan` of `schedule` and, otherwise, `settings` say, and continues there if it was stopped;
    returns the last checkpoint.

    `rung`: the one that learns the labels, if not the full network. `after_seconds`: of what comes after the training.
    """
    for decay in (0, plan["decay"]):
        trainer = None  # frees the last one's images before the next one's are there
        trainer = train.begin(replace(settings, decay=decay, full_only_epochs=plan["fullOnly"]), learn, folder)
        file = train.checkpoint_in(folder, decay)
        if rung is not None:
            trainer.learner = rung
        further = 0 if decay else plan["decay"]
        train.run(trainer, file, plan["constant"] + decay, further, after_seconds)
    return file


def trunk_of(architecture):
    """Kept weights to begin with, or None if there are none."""
    file = MODELS / "checkpoints" / f"cifar10-{architecture}.npz"
    return str(file) if file.exists() else None


def parse():
    parser = parser_of(__doc__)
    parser.add_argument(
        "--data", required=True, help="folder with CLASS/*.jpg, or train/CLASS/*.jpg and test/CLASS/*.jpg"
    )
    parser.add_argument("--name", required=True, type=like("[a-z0-9-]{1,64}"), help="of the package")
    minutes = number("a number of minutes, such as 20", lambda given: given >= 0)
    parser.add_argument("--minutes", type=minutes, default=20, help="in total, approximately (default: %(default)s)")
    parser.add_argument("--architecture", default="resnet", choices=sorted(ARCHITECTURES))
    parser.add_argument("--size", type=int, default=32, choices=STEM_STRIDES, help="of the input, in pixels")
    parser.add_argument("--scratch", action="store_true", help="begin with random weights")
    parser.add_argument("--no-mirror", dest="mirror", action="store_false", help=train.NO_MIRROR_HELP)
    parser.add_argument("--test", action="store_true", help="also measure on the test images")
    parser.add_argument("--seed", type=int, default=1)
    return parser, parser.parse_args()


def main():
    parser, options = parse()
    keep_memory()
    print(f"Training on: {described()}", file=sys.stderr)
    folder = MODELS / "runs" / options.name
    try:
        with telling(parser):
            print(json.dumps(make(options, folder)))
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C comes twice: from the terminal, and from npm
        print(f"{folder}: stopped; the same command continues it", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
