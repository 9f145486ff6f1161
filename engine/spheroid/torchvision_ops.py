"""Imports torchvision beside a torch that its compiled part does not fit.

The registry's torchvision is built for CUDA. Beside the CPU build of torch its compiled part does not load, which it
tolerates, but its import then describes two operators of object detection that nobody has declared, and fails there
("operator torchvision::nms does not exist"). Declaring them is enough: networks and weights are plain Python. Calling
one of the two still fails, as it should.
"""

from types import ModuleType

import torch

# As torchvision declares them itself (torchvision/csrc/ops/nms.cpp, quantized/cpu/qnms_kernel.cpp).
SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_declared: list[torch.library.Library] = []  # a declaration lives as long as its object


def models() -> ModuleType:
    """torchvision.models, imported wherever torchvision is installed."""
    try:
        import torchvision
    except RuntimeError as error:
        if "does not exist" not in str(error):
            raise
        declare_missing()
    import torchvision.models

    return torchvision.models


def declare_missing() -> list[str]:
    """Declare whichever of the two operators nobody has declared; returns their names."""
    missing = [name for name in SCHEMAS if not hasattr(torch.ops.torchvision, name)]
    if missing:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in missing:
            library.define(SCHEMAS[name])
        _declared.append(library)
    return missing
