from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdkit

from engine.chem.fingerprints import FingerprintSettings, drug_fingerprint, drug_fingerprints
from engine.errors import InputError, MoleculeError


def _parts(smiles: str) -> list[np.ndarray]:
    return list(drug_fingerprint(smiles).reshape(3, 1024))


def test_shape_and_values() -> None:
    bits = drug_fingerprints(["CCO", "c1ccccc1O"])
    assert bits.shape == (2, 3072)
    assert bits.dtype == np.uint8
    assert set(np.unique(bits)) == {0, 1}


def test_ethanol_sets_one_bit_per_path() -> None:
    # C-C, C-O and C-C-O; without elements the two single bonds are one feature.
    assert [int(part.sum()) for part in _parts("CCO")] == [3, 3, 2]


def test_graph_only_sees_neither_elements_nor_bond_orders() -> None:
    propane, ketene = _parts("CCC"), _parts("C=C=O")
    assert (propane[2] == ketene[2]).all()
    assert not (propane[0] == ketene[0]).all()


def test_extended_tells_a_ring_from_a_fused_ring() -> None:
    cyclohexane, decalin = _parts("C1CCCCC1"), _parts("C1CCC2CCCCC2C1")
    assert cyclohexane[1].sum() < decalin[1].sum()
    assert (decalin[1] > _parts("C1CCCCC1C1CCCCC1")[1]).any()


def test_the_way_a_smiles_is_written_does_not_matter() -> None:
    assert (drug_fingerprint("OCC") == drug_fingerprint("CCO")).all()


def test_settings_record_the_version_of_rdkit() -> None:
    settings = FingerprintSettings()
    assert (settings.max_path, settings.bits, settings.length) == (6, 1024, 3072)
    assert settings.rdkit_version == rdkit.__version__


def test_refusals() -> None:
    with pytest.raises(MoleculeError, match="row 2: the SMILES 'C1CC' cannot be read"):
        drug_fingerprints(["CCO", "C1CC"])
    with pytest.raises(MoleculeError, match="Mystery: the SMILES"):
        drug_fingerprints(["C1CC"], names=["Mystery"])
    with pytest.raises(InputError, match="max_path is 0"):
        FingerprintSettings(max_path=0)
    with pytest.raises(InputError, match="bits is 1"):
        FingerprintSettings(bits=1)


def _tanimoto(bits: np.ndarray) -> np.ndarray:
    counts = bits.astype(float)
    both, each = counts @ counts.T, counts.sum(1)
    similarity = both / (each[:, None] + each[None] - both)
    np.fill_diagonal(similarity, -1)
    return similarity


@pytest.mark.real_data
def test_density_and_neighbours_beside_padel(real_data: Path) -> None:
    padel = pd.read_parquet(real_data / "response" / "gdsc_drug_fp3072_padel.parquet").query("drug_id != 1114")
    drugs = pd.read_csv(real_data / "response" / "drugs.csv").dropna(subset="smiles_parent")
    both = padel.merge(drugs[["drug_id", "smiles_parent"]], on="drug_id")
    theirs = np.stack([np.unpackbits(np.frombuffer(packed, np.uint8)) for packed in both["bits_packed"]])
    ours = drug_fingerprints(both["smiles_parent"].tolist())
    assert len(both) == 247
    assert ours.reshape(-1, 3, 1024).mean((0, 2)) == pytest.approx([0.328, 0.414, 0.346], abs=0.01)
    upper = np.triu_indices(len(both), 1)
    # Rank correlation of all pairs' similarities, and how often the ten nearest are shared (by chance: 0.04).
    # The graph part is no copy of PaDEL's, which keeps the elements.
    for part, at_least, shared_at_least in ((0, 0.8, 0.5), (1, 0.7, 0.35), (2, 0.35, 0.15)):
        mine = _tanimoto(ours[:, part * 1024 : (part + 1) * 1024])
        other = _tanimoto(theirs[:, part * 1024 : (part + 1) * 1024])
        ranks = np.corrcoef(pd.Series(mine[upper]).rank(), pd.Series(other[upper]).rank())[0, 1]
        near = [
            np.intersect1d(np.argsort(-a)[:10], np.argsort(-b)[:10]).size / 10 for a, b in zip(mine, other, strict=True)
        ]
        assert ranks > at_least
        assert np.mean(near) > shared_at_least


def test_bits_of_another_rdkit_are_refused() -> None:
    with pytest.raises(InputError, match=r"made with RDKit 2017\.03\.1, but .* install that version, or train again"):
        drug_fingerprint("CCO", FingerprintSettings(rdkit_version="2017.03.1"))
