import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Tiny tensors on several threads only make the threads wait for each other."""
    torch.set_num_threads(1)
