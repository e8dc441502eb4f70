"""How a network is trained: in every checkpoint of a run, so that it continues alike wherever it is resumed."""

from dataclasses import dataclass

from .network import ARCHITECTURES, BranchNetwork


@dataclass(frozen=True)
class Settings:
    architecture: str  # a name among ARCHITECTURES
    full_only_epochs: int  # the first epochs train the full network alone
    size: int = 32  # of the input, in pixels
    decay: int = 0  # epochs in which the rate falls to 0; 0: the rate is constant
    rate: float = 0.2  # of learning: the constant rate, and the one that a decay falls from
    seed: int = 1
    mirror: bool = True  # half of the images are learnt mirrored
    bf16: bool = False
    cutout: int = 0  # pixels of the hidden square's side
    teacher: str | None = None  # packages, joined by commas
    trunk: str | None = None  # file of the weights that it began with

    def network(self, classes):
        """A network of this architecture for `classes`, with random weights."""
        return BranchNetwork(ARCHITECTURES[self.architecture].for_size(self.size), classes)


def settings_of(file, state):
    """Settings of checkpoint `state`, which was read from `file`. Raises ValueError when it has none, or others."""
    try:
        return Settings(**state["settings"])
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"{file}: not a checkpoint of this version's budgetnet.train ({error}); train anew") from None
