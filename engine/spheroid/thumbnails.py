"""Wells as small pictures for hovering and galleries: both projections as pseudo-colours, one contrast for all."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from engine.spheroid.image_store import PreparedImages

# About 0.4 kB a well as WebP: of a JPEG this small, 0.6 kB are tables, and a map shows a thousand of them.
PIXELS, QUALITY, EFFORT = 64, 75, 2
LOW, HIGH = 1.0, 99.7  # percentiles of all counts shown as black and as full: a dim spheroid stays dim beside others
SAMPLED = 4  # every fourth pixel of each side tells the percentiles

Well = tuple[str, str, int]


def thumbnails(images: PreparedImages, wells: Sequence[Well], pixels: int = PIXELS) -> dict[Well, str]:
    """Data URIs of WebP pictures, `pixels` a side, of the wells that have an image; the others are not there.

    Red and blue are the maximum projection, green the middle plane, as a network sees a well (Berker et al. 2022).
    """
    there = [well for well in wells if well in images]
    if not there:
        return {}
    counts = np.stack([np.stack(images.well(*well))[:, ::SAMPLED, ::SAMPLED] for well in there])
    window = np.percentile(counts, (LOW, HIGH), axis=(0, 2, 3)).T  # (2, 2): projection, end
    return {well: _drawn(images.well(*well), window, pixels) for well in there}


def _drawn(projections: tuple[np.ndarray, np.ndarray], window: np.ndarray, pixels: int) -> str:
    mip, mid = (
        np.clip(255 * (image.astype(np.float32) - low) / max(high - low, 1.0), 0, 255).astype(np.uint8)
        for image, (low, high) in zip(projections, window, strict=True)
    )
    picture = Image.fromarray(np.stack([mip, mid, mip], axis=-1)).resize((pixels, pixels), Image.Resampling.BOX)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=EFFORT)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode("ascii")
