"""ImageNet weights from files of every kind, refused where they are damaged or of another network."""

import hashlib
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engine.errors import InputError
from engine.spheroid import weights
from engine.spheroid.network import build
from engine.spheroid.torchvision_ops import models
from engine.spheroid.weights import KNOWN_RULES, checked_hash, load, published_file, use


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    """A SqueezeNet as torchvision would save it, with its own 1,000 outputs."""
    with torch.random.fork_rng():
        torch.manual_seed(11)
        return models().squeezenet1_0(weights=None).state_dict()


def written(path: Path, state: dict[str, torch.Tensor], preprocessing: str = "") -> str:
    if path.suffix == ".npz":
        more = {"preprocessing": np.array(preprocessing)} if preprocessing else {}
        np.savez(path, **{name: values.numpy() for name, values in state.items()}, **more)
    elif path.suffix == ".safetensors":
        save_file(dict(state), path, {"preprocessing": preprocessing} if preprocessing else None)
    else:
        torch.save(state, path)
    return str(path)


@pytest.mark.parametrize("name", ["mine.npz", "mine.safetensors", "mine.pth"])
def test_a_file_of_every_kind_is_read(tmp_path, state, name):
    network = build("squeezenet1_0")
    found = load(network, written(tmp_path / name, state))
    use(network, found)
    assert torch.equal(network.state_dict()["features.12.squeeze.bias"], state["features.12.squeeze.bias"])
    assert network.output.weight.abs().max() == 0  # the top is new
    assert (found.rule, found.name, len(found.sha256)) == ("torchvision", name, 64)
    assert found.notes == (f"{name} does not say how its network was shown images: torchvision's way was taken.",)


@pytest.mark.parametrize("name", ["mine.npz", "mine.safetensors"])
def test_a_file_says_what_it_was_trained_to_see(tmp_path, state, name):
    found = load(build("squeezenet1_0"), written(tmp_path / name, state, "caffe"))
    assert (found.rule, found.notes) == ("caffe", ())
    with pytest.raises(InputError, match=f"{name} names the preprocessing 'sepia'. Known: published, caffe, torchv"):
        load(build("squeezenet1_0"), written(tmp_path / name, state, "sepia"))


def test_resnet_has_its_convolutions_beside_its_dense_layer(tmp_path):
    torch.manual_seed(2)
    theirs = models().resnet18(weights=None).state_dict()
    network = build("resnet18")
    use(network, load(network, written(tmp_path / "r.pth", theirs)))
    assert torch.equal(network.features.layer4[1].conv2.weight, theirs["layer4.1.conv2.weight"])
    counters = {name: values for name, values in theirs.items() if not name.endswith("num_batches_tracked")}
    load(build("resnet18"), written(tmp_path / "old.npz", counters))


def test_random_weights_are_said():
    found = load(build("squeezenet1_0"), "none")
    assert found.sha256 == "" and found.notes == ("The network started from random weights, not from ImageNet.",)


def test_files_of_another_network(tmp_path, state):
    network = build("squeezenet1_0")
    shape = {**state, "features.0.weight": torch.zeros(64, 3, 3, 3)}
    with pytest.raises(InputError, match=r"features.0.weight has the shape \(64, 3, 3, 3\), not \(96, 3, 7, 7\): th"):
        load(network, written(tmp_path / "shape.npz", shape))
    missing = {name: values for name, values in state.items() if name != "features.5.squeeze.bias"}
    with pytest.raises(InputError, match="missing.pth has no parameter features.5.squeeze.bias: these are weights of"):
        load(network, written(tmp_path / "missing.pth", missing))
    with pytest.raises(InputError, match="more.pth has the parameter features.13.weight besides"):
        load(network, written(tmp_path / "more.pth", {**state, "features.13.weight": torch.zeros(1)}))
    broken = {**state, "features.0.bias": torch.full((96,), torch.nan)}
    with pytest.raises(InputError, match="nan.npz: features.0.bias holds numbers that are not finite"):
        load(network, written(tmp_path / "nan.npz", broken))


def test_files_that_are_no_weights(tmp_path, state):
    network = build("squeezenet1_0")
    with pytest.raises(InputError, match="There is no file of weights"):
        load(network, str(tmp_path / "nowhere.npz"))
    with pytest.raises(InputError, match="weights.h5 is no file of weights: give one of .pth, .safetensors, .npz"):
        load(network, str(tmp_path / "weights.h5"))
    for name in ("half.npz", "half.safetensors", "half.pth"):
        whole = Path(written(tmp_path / f"whole{Path(name).suffix}", state)).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InputError, match=f"{name} cannot be read as weights: the file is damaged"):
            load(network, str(tmp_path / name))
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(InputError, match="list.pth holds no state dict"):
        load(network, str(tmp_path / "list.pth"))


def test_a_file_with_a_published_name_is_what_was_published(tmp_path, state):
    name, _ = published_file("squeezenet1_0")
    path = Path(written(tmp_path / name, state))
    with pytest.raises(InputError, match="b66bff10.pth is not the file that torchvision published under this name"):
        load(build("squeezenet1_0"), str(path))
    with path.open("rb") as file:
        right = path.rename(tmp_path / f"squeezenet1_0-{hashlib.file_digest(file, 'sha256').hexdigest()[:8]}.pth")
    assert load(build("squeezenet1_0"), str(right)).notes == ()


def test_offline_the_error_names_file_and_place(tumorcast_home, monkeypatch):
    enum = models().get_model_weights("squeezenet1_0")

    def offline(self, *args, **kwargs):
        raise URLError("Name or service not known")

    monkeypatch.setattr(enum, "get_state_dict", offline)
    with pytest.raises(InputError, match=r"Download https://download.*squeezenet1_0-b66bff10.pth elsewhere and put it"):
        load(build("squeezenet1_0"), "")


def test_a_file_put_into_the_folder_needs_no_network(tumorcast_home, state, monkeypatch):
    path = weights.folder() / "squeezenet1_0-mine.pth"
    path.parent.mkdir(parents=True)
    written(path, state)
    monkeypatch.setattr(weights, "published_file", lambda backbone: (path.name, "https://nowhere.invalid"))
    assert load(build("squeezenet1_0"), "").name == path.name


@pytest.mark.real_data
def test_real_weights_are_known_and_complete(real_data):
    files = sorted((real_data / "weights").glob("*.npz"))
    assert {checked_hash(file) for file in files} == set(KNOWN_RULES)
    network = build("squeezenet1_0")
    found = load(network, str(files[0]))
    assert found.rule == "caffe" and found.notes == ()
    with pytest.raises(InputError, match="these are weights of another network than squeezenet1_0"):
        load(network, str(files[1]))
