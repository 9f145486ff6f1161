"""Curated tables as arrays: what the networks are fed.

l = lines, d = drugs, g = positions, m = drug bits, r = pairs.
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from engine.chem.fingerprints import FingerprintSettings, drug_fingerprints
from engine.chem.molecule import canonical_smiles, inchikey, parent, parse_smiles
from engine.response.curation import CuratedData
from engine.response.fingerprint import Vocabulary, genome_bits


@dataclass(frozen=True)
class Cohort:
    """lines, drugs: the curated tables, one row per index. genomes: (l, g) sparse; drug_bits: (d, m).

    line, drug: (r,) row of each measured pair; ln_ic50: (r,) in ln uM.
    """

    lines: pd.DataFrame
    drugs: pd.DataFrame
    vocabulary: Vocabulary
    fingerprint: FingerprintSettings
    genomes: csr_matrix
    drug_bits: np.ndarray
    line: np.ndarray
    drug: np.ndarray
    ln_ic50: np.ndarray

    @property
    def cancer_type(self) -> np.ndarray:
        """(r,) label of each pair's line."""
        return self.lines["cancer_type"].to_numpy()[self.line]

    def structure(self) -> np.ndarray:
        """(d,) number of each drug's structure: ids whose InChIKeys share the first block are one compound."""
        keys = []
        for smiles, name in zip(self.drugs["smiles"], self.drugs["name"], strict=True):
            molecule = parent(parse_smiles(smiles, str(name)))
            # InChI cannot describe every molecule; its own SMILES then stands for it.
            keys.append(inchikey(molecule).split("-")[0] or canonical_smiles(molecule))
        return np.unique(keys, return_inverse=True)[1]

    def known_to(self, lines: np.ndarray) -> "Cohort":
        """The same cohort with a vocabulary of only those positions that are mutated in `lines` (rows)."""
        seen = np.flatnonzero(np.bincount(self.genomes[lines].indices, minlength=len(self.vocabulary)))
        genomes = self.genomes[:, seen].tocsr()
        genomes.sort_indices()
        return replace(self, vocabulary=Vocabulary(tuple(self.vocabulary.keys[i] for i in seen)), genomes=genomes)

    def data_hash(self) -> str:
        """Changes with any line, mutation, structure, pair or value that training sees."""
        digest = hashlib.sha256()
        for frame in (self.lines, self.drugs):
            digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
        for array in (self.genomes.indptr, self.genomes.indices, self.drug_bits, self.line, self.drug, self.ln_ic50):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update("\n".join(self.vocabulary.keys).encode())
        return digest.hexdigest()


def build_cohort(data: CuratedData, fingerprint: FingerprintSettings | None = None) -> Cohort:
    """Bits and indices of curated tables. Raises MoleculeError naming a drug whose structure cannot be read."""
    fingerprint = fingerprint or FingerprintSettings()
    vocabulary = Vocabulary.build(data.mutations)
    line_row = pd.Series(np.arange(len(data.lines)), data.lines["cosmic_id"])
    drug_row = pd.Series(np.arange(len(data.drugs)), data.drugs["drug_id"])
    return Cohort(
        lines=data.lines,
        drugs=data.drugs,
        vocabulary=vocabulary,
        fingerprint=fingerprint,
        genomes=genome_bits(data.mutations, data.lines["cosmic_id"].tolist(), vocabulary),
        drug_bits=drug_fingerprints(data.drugs["smiles"].tolist(), fingerprint, data.drugs["name"].tolist()),
        line=line_row[data.pairs["cosmic_id"]].to_numpy(),
        drug=drug_row[data.pairs["drug_id"]].to_numpy(),
        ln_ic50=data.pairs["ln_ic50"].to_numpy(float),
    )
