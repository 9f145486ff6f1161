"""Where a network looked: the heat over a well, for pages. What computes it is loaded only when it is asked for."""

from dataclasses import dataclass

import numpy as np

from engine.store.database import Database

METHODS = {"grad_cam": "Grad-CAM", "grad_cam_pp": "Grad-CAM++", "score_cam": "Score-CAM"}
TOWARDS = {"alive": "speaks for living cells", "dead": "speaks for dead cells"}


@dataclass(frozen=True)
class Heat:
    """heat: (224, 224) uint8, 255 where most speaks for `towards`, all 0 where nothing does. raw: viability of the
    well, 0 to 1, as the network says now. phase, backbone, run_id: of the network."""

    heat: np.ndarray
    raw: float
    towards: str
    phase: int
    backbone: str
    run_id: str


def heat_map(db: Database, screen: str, well: tuple[str, str, int], method: str, towards: str = "") -> Heat:
    """The heat of the newest network of the screen's highest phase.

    well: plate, row, column. method: of METHODS. towards: of TOWARDS; '' for the output that the network prefers.
    Raises InputError for an unknown method or output, a well without an image, a screen without a network.
    """
    from engine.spheroid.explain import explained

    found = explained(db, screen, well, method, towards)
    heat = np.rint(255 * found.heat).astype(np.uint8)
    return Heat(
        heat, found.raw, found.towards, found.trained.phase, found.trained.network.backbone, found.trained.run_id
    )
