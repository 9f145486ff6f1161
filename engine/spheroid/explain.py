"""Where a network looked: heat over the image of a well, from the last convolutional block.

Letters: k channels of h x v activations A, y the network's number for one output before the softmax.
Grad-CAM (Selvaraju et al. 2017, doi:10.1109/ICCV.2017.74): sum of A_k weighted by the mean gradient dy/dA_k.
Grad-CAM++ (Chattopadhay et al. 2018, doi:10.1109/WACV.2018.00097): gradients weighted by where they are large.
Score-CAM (Wang et al. 2020, doi:10.1109/CVPRW50498.2020.00020): no gradients; the weight of A_k is what y becomes when
only the places where A_k is large are shown. All keep what speaks for an output, so each is told for one of the two.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional

from engine.errors import InputError
from engine.jobs.queue import job_folder
from engine.spheroid import trained
from engine.spheroid.heat import METHODS, TOWARDS
from engine.spheroid.image_store import open_images
from engine.spheroid.images import label
from engine.spheroid.network import ALIVE, ScreenNetwork, viability
from engine.spheroid.prepare import network_input
from engine.spheroid.train_records import newest_run, screen_with_images
from engine.store.database import Database

LOOK = 16  # masked images at a time
SIDE, BAR = 448, 40  # pixels of one picture, of the caption below
HOT = np.array([[0, 0, 0], [90, 20, 110], [200, 50, 60], [250, 150, 20], [255, 250, 170]], float)  # cold to hot


class Explained(NamedTuple):
    """heat: (224, 224) from 0 to 1 of the image as it is, all 0 where nothing speaks for the output. raw: viability of
    the well, as its readout."""

    path: Path
    heat: np.ndarray
    raw: float
    towards: str
    run_id: str


class Looked(NamedTuple):
    """What a network makes of one well. mip: (224, 224) counts. heat, raw, towards: as in `Explained`."""

    mip: np.ndarray
    heat: np.ndarray
    raw: float
    towards: str
    trained: trained.TrainedScreen
    simulated: bool


def explained(
    db: Database, screen: str, well: tuple[str, str, int], method: str = "grad_cam", towards: str = "",
    run_id: str = "",
) -> Looked:  # fmt: skip
    """The heat over a well.

    well: plate, row, column. towards: of TOWARDS; '' for the output that the network prefers. run_id: '' for the newest
    network of the screen's highest phase.
    Raises InputError for an unknown method or output, a well without an image, a screen without a network.
    """
    if method not in METHODS:
        raise InputError(f"Unknown explanation {method!r}. Choose from {', '.join(METHODS)}.")
    if towards and towards not in TOWARDS:
        raise InputError(f"An explanation is towards {' or '.join(TOWARDS)}, not {towards!r}.")
    row = screen_with_images(db, screen)
    found = trained.load(run_id or newest_run(db, screen))
    images = open_images(job_folder(row["image_job"])).stack([well])
    shown = network_input(images, found.rule)
    with torch.no_grad():
        raw = float(viability(found.network.rest(found.network.bottom(shown, found.views)))[0])
    towards = towards or ("alive" if raw >= 0.5 else "dead")
    heat = heat_of(found.network, shown, method, towards)
    return Looked(images[0, 0], heat, raw, towards, found, bool(row["simulated"] or found.simulated))


def explain_well(
    db: Database, screen: str, well: tuple[str, str, int], out: Path, method: str = "grad_cam", towards: str = "",
    run_id: str = "",
) -> Explained:  # fmt: skip
    """Draw a well's MIP beside the same with heat over it, as PNG; see `explained`."""
    found = explained(db, screen, well, method, towards, run_id)
    simulated = "Simulated. " if found.simulated else ""
    network = found.trained
    lines = (
        f"{simulated}{screen} {label(*well)}: raw viability {found.raw:.2f}",
        f"{METHODS[method]}: what {TOWARDS[found.towards]} (phase {'I' * network.phase}, {network.network.backbone})",
    )
    drawn(found.mip, found.heat, lines).save(out, format="PNG")
    return Explained(out, found.heat, found.raw, found.towards, network.run_id)


def heat_of(network: ScreenNetwork, image: Tensor, method: str, towards: str) -> np.ndarray:
    """image: (1, 3, h', v') as `prepare.network_input` makes it -> (h', v') from 0 to 1."""
    output = ALIVE if towards == "alive" else 1 - ALIVE
    network = network.eval()
    weighted = {"grad_cam": _grad_cam, "grad_cam_pp": _grad_cam_pp, "score_cam": _score_cam}[method]
    heat = torch.relu(weighted(network, image, output))
    heat = functional.interpolate(heat[None, None], image.shape[2:], mode="bilinear", align_corners=False)[0, 0]
    highest = float(heat.max())
    return (heat / highest if highest > 0 else heat).numpy()


def drawn(mip: np.ndarray, heat: np.ndarray, lines: tuple[str, str]) -> Image.Image:
    """The image, the same with heat over it, and two lines of words. mip: (h, v) counts; heat: (h, v) from 0 to 1."""
    low, high = np.percentile(mip, (1, 99.8))
    grey = np.clip((mip.astype(float) - low) / max(high - low, 1.0), 0, 1)
    colour = np.stack([np.interp(heat, np.linspace(0, 1, len(HOT)), HOT[:, c]) for c in range(3)], axis=-1)
    over = grey[..., None] * 255 * (1 - 0.6 * heat[..., None]) + colour * 0.6 * heat[..., None]
    page = Image.new("RGB", (2 * SIDE, SIDE + BAR), "white")
    for place, picture in enumerate((np.repeat(grey[..., None] * 255, 3, axis=-1), over)):
        tile = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
        page.paste(tile.resize((SIDE, SIDE), Image.Resampling.BILINEAR), (place * SIDE, 0))
    text = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        text.text((8, SIDE + 4 + 17 * number), line, fill="black", font_size=13)
    return page


def _block_and_gradient(network: ScreenNetwork, image: Tensor, output: int) -> tuple[Tensor, Tensor]:
    """(k, h, v) activations and gradients of the output."""
    with torch.enable_grad():
        with torch.no_grad():
            block = network.last_block(image)
        block = block.detach().clone().requires_grad_()
        # A clone, as layers above may work in place.
        (gradient,) = torch.autograd.grad(network.from_block(block.clone())[0, output], block)
    return block.detach()[0], gradient[0]


def _grad_cam(network: ScreenNetwork, image: Tensor, output: int) -> Tensor:
    block, gradient = _block_and_gradient(network, image, output)
    return torch.einsum("k,khv->hv", gradient.mean(dim=(1, 2)), block)


def _grad_cam_pp(network: ScreenNetwork, image: Tensor, output: int) -> Tensor:
    block, gradient = _block_and_gradient(network, image, output)
    # The published closed form for y = exp(output): every derivative is a power of the gradient.
    square, cube = gradient**2, gradient**3
    below = 2 * square + block.sum(dim=(1, 2), keepdim=True) * cube
    share = torch.where(below != 0, square / torch.where(below != 0, below, 1), 0)
    return torch.einsum("k,khv->hv", (share * torch.relu(gradient)).sum(dim=(1, 2)), block)


def _score_cam(network: ScreenNetwork, image: Tensor, output: int) -> Tensor:
    with torch.no_grad():
        block = network.last_block(image)[0]
        flat = block.flatten(1)
        low, high = flat.min(dim=1).values, flat.max(dim=1).values
        varies = torch.nonzero(high > low).flatten()  # a channel that shows nothing masks nothing
        nothing = float(network(torch.zeros_like(image))[0, output])  # a dark pixel lies near 0 by every rule
        heat = torch.zeros(block.shape[1:])
        for start in range(0, len(varies), LOOK):
            some = varies[start : start + LOOK]
            masks = (block[some] - low[some, None, None]) / (high - low)[some, None, None]
            masks = functional.interpolate(masks[:, None], image.shape[2:], mode="bilinear", align_corners=False)
            gain = network(image * masks)[:, output] - nothing
            heat += torch.einsum("k,khv->hv", gain, block[some])
    return heat
