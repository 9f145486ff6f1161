"""A finished run's network as its job folder keeps it."""

from dataclasses import dataclass
from pathlib import Path

from engine.errors import JobError
from engine.jobs.queue import job_folder
from engine.learn import checkpoint
from engine.spheroid.network import ScreenNetwork, build
from engine.spheroid.train_records import NETWORK_FILE


@dataclass(frozen=True)
class TrainedScreen:
    """network: in evaluation mode, on the CPU. rule: how it is shown images, of prepare.RULES. weights: name of the
    file it once started from, '' for random ones; sha256: of that file. views: of `ScreenNetwork.bottom`, by which it
    looked at wells."""

    run_id: str
    network: ScreenNetwork
    rule: str
    screen: str
    phase: int
    preset: str
    weights: str
    sha256: str
    simulated: bool
    views: int = 1


def save(results: Path, trained: TrainedScreen) -> None:
    """Keep a network among the results of its job."""
    about = {
        name: getattr(trained, name)
        for name in ("run_id", "rule", "screen", "phase", "preset", "weights", "sha256", "simulated", "views")
    }
    about |= {"backbone": trained.network.backbone, "state": trained.network.state_dict()}
    checkpoint.save(results / NETWORK_FILE, about)


def load(run_id: str) -> TrainedScreen:
    """The network of a finished run. Raises JobError or NetworkError where its folder is gone or damaged."""
    kept = checkpoint.load(job_folder(run_id) / "results" / NETWORK_FILE)
    try:
        network = build(str(kept.pop("backbone")))
        network.load_state_dict(kept.pop("state"))
        return TrainedScreen(network=network.eval(), **kept)
    except (KeyError, TypeError, RuntimeError) as error:
        raise JobError(f"The network of run {run_id} is damaged: train it again.") from error
