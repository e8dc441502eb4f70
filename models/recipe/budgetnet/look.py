"""The look: a small network beside the backbone, about a hundredth of its MACs, that sees an image before any policy
does.

It is the first rung of the ladder, so the agent starts from what the pixels say, as in the thesis (Chen 2019): easy
images keep the look's label, and from its gap between the two greatest logits the agent knows at once which policy an
image is worth.

`python -m budgetnet.look --data FOLDER --name NAME --version 1.1.0` trains one for an exported package (in minutes), or
another in its place, adds what it says to the tables, and fits the agent anew. budgetnet.export does the same for a
package that it writes. Run `npm run seal -- NAME` afterwards.
"""

import json
import sys

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import nn

from . import augment
from .augment import normalise
from .command import like, parser_of, telling
from .cost import look_macs, look_parameters
from .data import load, load_test, split_holdout, statistics
from .device import DEVICE, keep_memory
from .fit_agent import fit_agent
from .graph import look_graph
from .network import STEM_STRIDES, convolution, round_weights
from .outcomes import read_table, write_table
from .places import MODELS
from .teacher import must_know, what_it_says
from .trainer import MOMENTUM, TEACHER_SHARE

LOOK_FILE = "policy-look.onnx"
WIDTHS, STRIDES = (16, 32, 64, 64), (2, 2, 2, 1)  # of its 3x3 convolutions
EPOCHS = 60
RATE = 0.2
WEIGHT_DECAY = 1e-4
WARMUP = 0.1  # of the epochs
SAID_EVERY = 10  # epochs
TEST_BATCH = 500


class Look(nn.Module):
    """Logits [n, classes] of normalised images [n, 3, height, width], first pooled by `pool`."""

    def __init__(self, classes, pool=1):
        super().__init__()
        self.pool = pool
        before = (3, *WIDTHS[:-1])
        self.convolutions = nn.ModuleList(
            convolution(*sizes, 3, stride) for *sizes, stride in zip(before, WIDTHS, STRIDES)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in WIDTHS)
        self.head = nn.Linear(WIDTHS[-1], classes)

    def forward(self, x):
        x = F.avg_pool2d(x, self.pool) if self.pool > 1 else x
        for conv, norm in zip(self.convolutions, self.norms):
            x = F.relu(norm(conv(x)))
        return self.head(x.mean((2, 3)))


def train_look(learn, soft, mirror, seed=1):
    """A look that has learnt the labels of images `learn` and, mostly, their `soft` ones, float16 [images, classes].

    Its weights are rounded as they are stored, and it is on the CPU.
    """
    torch.manual_seed(seed)
    look = Look(len(learn.classes), STEM_STRIDES[learn.pixels.shape[1]]).to(DEVICE, memory_format=torch.channels_last)
    pixels, labels, soft = (torch.as_tensor(rows).to(DEVICE) for rows in (learn.pixels, learn.labels, soft))
    mean, deviation = (torch.from_numpy(values).float().to(DEVICE) for values in statistics(learn.pixels))
    flips = (
        (torch.rand(len(labels), generator=torch.Generator().manual_seed(seed)) < 0.5).to(DEVICE) if mirror else None
    )
    optimiser = torch.optim.SGD(look.parameters(), lr=RATE, momentum=MOMENTUM, nesterov=True, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * (len(labels) // augment.BATCH)
    # The rate rises and falls, and the momentum with it from 0.95 to 0.85 and back (Smith and Topin 2019,
    # arXiv:1708.07120).
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1, pct_start=WARMUP)
    for epoch in range(EPOCHS):
        for x, index, _ in augment.batches(pixels, epoch, seed, flips):
            logits = look(normalise(x, mean, deviation))
            by_labels, by_soft = F.cross_entropy(logits, labels[index]), F.cross_entropy(logits, soft[index].float())
            optimiser.zero_grad()
            torch.lerp(by_labels, by_soft, TEACHER_SHARE).backward()
            optimiser.step()
            schedule.step()
        if (epoch + 1) % SAID_EVERY == 0:
            print(f"The look: epoch {epoch + 1} of {EPOCHS}", file=sys.stderr)
    round_weights(look)
    return look.cpu().eval()


@torch.no_grad()
def look_logits(look, pixels, mean, deviation):
    """Logits float32 [images, classes] of `pixels` uint8 [images, height, width, 3]."""
    return torch.cat(
        [look(normalise(part, mean, deviation)) for part in torch.from_numpy(pixels).split(TEST_BATCH)]
    ).numpy()


def add_look(package, tables, learn, held, test, seed=1):
    """Trains a look and puts it before the policies of folder `package`, its `tables` and its draft; returns the
    draft's results.

    `test`: needed if there is a table of test images. Raises ValueError when the images are not those of the package or
    its tables; nothing is written before what the look says of all images has been computed.
    """
    draft = json.loads((tables / "draft.json").read_text())
    mirror, size = draft["training"].get("mirror", True), learn.pixels.shape[1]
    policies = [policy for policy in draft["policies"] if not policy.get("look")]
    must_know(package, policies, learn)
    splits = {"holdout": held, **({"test": test} if (tables / "test.json").exists() else {})}
    others = {split: _others(tables, split, images, len(policies)) for split, images in splits.items()}
    print(f"The look learns what {draft['name']} says of {len(learn.labels)} images...", file=sys.stderr)
    look = train_look(learn, what_it_says(package, policies, learn.pixels, mirror).astype(np.float16), mirror, seed)
    mean, deviation = (torch.from_numpy(values).float() for values in statistics(learn.pixels))
    logits = {
        split: look_logits(look, images.pixels, mean, deviation).astype(np.float16) for split, images in splits.items()
    }
    for split, images in splits.items():
        right = round(float((logits[split].argmax(1) == images.labels).mean()), 5)
        draft["results"][split] = [right, *draft["results"][split][-len(policies) :]]
        write_table(tables, split, np.concatenate([logits[split][None], others[split]]), images.labels)
    onnx.save(look_graph(look, mean.numpy(), deviation.numpy(), size, size), str(package / LOOK_FILE))
    _add_to_check(package / "check.json", look, mean, deviation, size, len(policies))
    policy = {
        "id": "look",
        "file": LOOK_FILE,
        "widths": [0] * len(policies[-1]["widths"]),
        "macs": look_macs(look, size, size),
        "parameters": look_parameters(look),
        "look": True,
    }
    draft["policies"] = [policy, *policies]
    draft["training"]["lookEpochs"] = EPOCHS
    (tables / "draft.json").write_text(json.dumps(draft, indent="\t") + "\n")
    return draft["results"]


def _others(tables, split, images, policies):
    """What the other policies say in a table of `images`, whatever looks it had."""
    logits, truth = read_table(tables, split)
    if images is None or not np.array_equal(truth, images.labels):
        raise ValueError(f"{tables}/{split}.json: holds other images than those in the data; export the package again")
    return logits[-policies:]


def _add_to_check(file, look, mean, deviation, size, policies):
    check = json.loads(file.read_text())
    pixels = np.frombuffer(bytes.fromhex(check["pixels"]), np.uint8).reshape(check["images"], size, size, 3)
    logits = look_logits(look, pixels.copy(), mean, deviation)
    check["logits"] = [np.round(logits.astype(float), 5).tolist(), *check["logits"][-policies:]]
    file.write_text(json.dumps(check) + "\n")


def parse():
    parser = parser_of(__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--name", required=True, type=like("[a-z0-9-]{1,64}"), help="of the package")
    parser.add_argument(
        "--version", required=True, type=like(r"\d+\.\d+\.\d+"), help="of the package with its new look"
    )
    parser.add_argument("--seed", type=int, default=1)
    return parser, parser.parse_args()


def main():
    parser, options = parse()
    keep_memory()
    package, tables = MODELS / "packages" / options.name, MODELS / "outcomes" / options.name
    with telling(parser):
        draft = json.loads((tables / "draft.json").read_text())
        learn, held = split_holdout(load(options.data, "train", draft["input"]["width"]))
        if learn.classes != draft["classes"]:
            raise ValueError(f"{options.data}: has other classes than {options.name}")
        test = (
            load_test(options.data, learn.classes, draft["input"]["width"]) if (tables / "test.json").exists() else None
        )
        results = add_look(package, tables, learn, held, test, options.seed)
        draft = json.loads((tables / "draft.json").read_text())
        (tables / "draft.json").write_text(json.dumps({**draft, "version": options.version}, indent="\t") + "\n")
        fit_agent(package, tables)
        print(json.dumps(results))


if __name__ == "__main__":
    main()
