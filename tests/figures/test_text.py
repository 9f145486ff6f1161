import pytest

from engine.figures.text import count, data_name, difference, duration, interval, model_name, number, plural, size


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.8123, "0.812"),
        (-2.0, "−2.00"),
        (1.1649, "1.16"),
        (12345.6, "12,300"),
        (99.96, "100"),
        (0.00012345, "0.000123"),
        (0.0, "0"),
        (None, "not defined"),
        (float("nan"), "not defined"),
        (float("inf"), "not defined"),
    ],
)
def test_number(value, shown):
    assert number(value) == shown


def test_difference_has_the_decimals_of_its_value():
    assert difference(0.812, 0.774) == "+0.038"
    assert difference(1.16, 1.27) == "−0.11"


def test_count_and_plural():
    assert count(8128) == "8,128"
    assert plural(1, "pair") == "1 pair"
    assert plural(8128, "pair") == "8,128 pairs"


def test_interval():
    assert interval(0.801, 0.822) == "0.801 to 0.822"
    assert interval(None, 0.822) == "no interval"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(4.4, "4 s"), (75, "1 min 15 s"), (3720, "1 h 02 min"), (None, "unknown"), (-1, "0 s")]
)
def test_duration(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("dataset", "simulated", "shown"),
    [
        ("GDSC1", False, "GDSC1"),
        ("GDSC1", True, "GDSC1, simulated"),
        ("SIMULATED", True, "simulated data"),
        ("", False, "unnamed dataset"),
    ],
)
def test_a_dataset_is_called_simulated_once(dataset, simulated, shown):
    assert data_name(dataset, simulated) == shown


def test_an_unknown_model_keeps_its_name():
    assert model_name("fully_connected") == "Fully connected"
    assert model_name("graph_net") == "Graph net"


@pytest.mark.parametrize(
    ("n", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (192, "192 bytes"),
        (12_345, "12.3 kB"),
        (338_945_382, "339 MB"),
        (2**40, "1,100 GB"),
    ],
)
def test_size(n, shown):
    assert size(n) == shown
