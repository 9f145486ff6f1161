"""Wells as small pictures for hovering and galleries: the maximum projection, one contrast for all of them."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from engine.spheroid.image_store import PreparedImages

PIXELS, QUALITY = 64, 75  # about 1 kB a well as JPEG
LOW, HIGH = 1.0, 99.7  # percentiles of all counts shown as black and as white: a dim spheroid stays dim beside others
SAMPLED = 4  # every fourth pixel of each side tells the percentiles

Well = tuple[str, str, int]


def thumbnails(images: PreparedImages, wells: Sequence[Well], pixels: int = PIXELS) -> dict[Well, str]:
    """Data URIs of grey JPEGs, `pixels` a side, of the wells that have an image; the others are not there."""
    there = [well for well in wells if well in images]
    if not there:
        return {}
    counts = np.stack([images.well(*well)[0][::SAMPLED, ::SAMPLED] for well in there])
    low, high = np.percentile(counts, (LOW, HIGH))
    return {well: _drawn(images.well(*well)[0], float(low), float(max(high, low + 1)), pixels) for well in there}


def _drawn(image: np.ndarray, low: float, high: float, pixels: int) -> str:
    grey = np.clip(255 * (image.astype(np.float32) - low) / (high - low), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).resize((pixels, pixels), Image.Resampling.BOX).save(file, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
