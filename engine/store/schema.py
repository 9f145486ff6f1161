"""The tables, as ordered migrations.

Never edit a migration that has been released: append one. `MIGRATIONS[i]` takes a store from version i to i + 1.
Units stand in comments beside the columns that have one.
"""

from engine.store.screen_tables import REVIEWS, SCREENS

FIRST_TABLES = """
CREATE TABLE source (            -- every import, with its receipt
    source_id    VARCHAR PRIMARY KEY,  -- the name given at import; importing again under it replaces its rows
    kind         VARCHAR NOT NULL,     -- cell-lines | drugs | mutations | responses
    file_name    VARCHAR NOT NULL,
    file_format  VARCHAR NOT NULL,
    sha256       VARCHAR NOT NULL,
    bytes        BIGINT NOT NULL,      -- bytes
    origin       VARCHAR,
    licence      VARCHAR,
    rows_read    BIGINT NOT NULL,
    rows_kept    BIGINT NOT NULL,
    -- {"read": n, "kept": n, "dropped": {reason: n}, "settings": {...}, "notes": [...]}
    receipt      JSON NOT NULL,
    imported_at  TIMESTAMP NOT NULL,   -- UTC
    job_id       VARCHAR NOT NULL,
    simulated    BOOLEAN NOT NULL
);
CREATE TABLE cell_line (
    cosmic_id    BIGINT PRIMARY KEY,
    name         VARCHAR NOT NULL,
    cancer_type  VARCHAR,              -- TCGA label, NULL where unknown
    tissue       VARCHAR,
    tissue_detail VARCHAR,
    msi          VARCHAR,
    growth       VARCHAR,
    depmap_id    VARCHAR,
    sanger_id    VARCHAR,
    ccle_name    VARCHAR,
    source_id    VARCHAR NOT NULL
);
CREATE TABLE drug (
    drug_id      BIGINT PRIMARY KEY,
    name         VARCHAR NOT NULL,
    target       VARCHAR,
    pathway      VARCHAR,
    smiles       VARCHAR,              -- NULL where no structure is known
    inchikey     VARCHAR,
    pubchem_cid  BIGINT,
    weight_g_mol DOUBLE,               -- g/mol
    note         VARCHAR,
    source_id    VARCHAR NOT NULL
);
CREATE TABLE mutation (
    cosmic_id      BIGINT NOT NULL,
    gene           VARCHAR NOT NULL,
    position_key   VARCHAR NOT NULL,   -- GENE:residue, or GENE:class where there is no residue
    protein_change VARCHAR,
    classification VARCHAR NOT NULL,   -- MAF Variant_Classification
    chromosome     VARCHAR,
    start_grch37   BIGINT,             -- 1-based
    start_grch38   BIGINT,             -- 1-based
    reference      VARCHAR,
    alternate      VARCHAR,
    source_id      VARCHAR NOT NULL
);
CREATE TABLE response (          -- observed drug response
    dataset      VARCHAR NOT NULL,     -- e.g. GDSC1
    cosmic_id    BIGINT NOT NULL,
    drug_id      BIGINT NOT NULL,
    ln_ic50      DOUBLE NOT NULL,      -- ln of IC50 in uM
    auc          DOUBLE,               -- fraction
    n_measured   INTEGER NOT NULL,     -- measurements averaged into this row
    source_id    VARCHAR NOT NULL,
    PRIMARY KEY (dataset, cosmic_id, drug_id)
);
CREATE TABLE run (               -- a training run
    run_id       VARCHAR PRIMARY KEY,  -- the job's id; its checkpoints stay in that job's folder
    task         VARCHAR NOT NULL,     -- train_response
    created_at   TIMESTAMP NOT NULL,   -- UTC
    split        VARCHAR NOT NULL,     -- pairs
    seed         BIGINT NOT NULL,
    config       JSON NOT NULL,
    data_hash    VARCHAR NOT NULL,
    device       VARCHAR NOT NULL,
    minutes      DOUBLE NOT NULL,      -- min
    peak_memory_mib DOUBLE NOT NULL,   -- MiB
    n_train      BIGINT NOT NULL,      -- pairs
    n_validation BIGINT NOT NULL,      -- pairs
    n_test       BIGINT NOT NULL,      -- pairs
    -- {model: [{"epoch", "train_loss", "validation_rmse", "learning_rate", "seconds"}]}
    curves       JSON NOT NULL,
    simulated    BOOLEAN NOT NULL
);
CREATE TABLE prediction (        -- of held-out pairs
    run_id       VARCHAR NOT NULL,
    model        VARCHAR NOT NULL,     -- a network, ensemble, or a baseline
    cosmic_id    BIGINT NOT NULL,
    drug_id      BIGINT NOT NULL,
    fold         INTEGER NOT NULL,
    mean         DOUBLE NOT NULL,      -- ln of IC50 in uM
    lower        DOUBLE,               -- ln of IC50 in uM
    upper        DOUBLE,               -- ln of IC50 in uM
    observed     DOUBLE NOT NULL,      -- ln of IC50 in uM, as the run saw it
    PRIMARY KEY (run_id, model, cosmic_id, drug_id)
);
CREATE TABLE metric (
    run_id       VARCHAR NOT NULL,
    model        VARCHAR NOT NULL,
    scope        VARCHAR NOT NULL,     -- all | cancer_type | cell_line | drug
    key          VARCHAR NOT NULL,     -- '' for all, else the type, cosmic_id or drug_id
    name         VARCHAR NOT NULL,     -- r2 | rmse | pearson | auroc
    value        DOUBLE,               -- NULL where not defined
    lower        DOUBLE,               -- 95 % interval
    upper        DOUBLE,
    n            BIGINT NOT NULL,      -- pairs
    PRIMARY KEY (run_id, model, scope, key, name)
);
CREATE TABLE collected_job (     -- which job folders are in the store, so that each is collected once
    job_id       VARCHAR PRIMARY KEY,
    task         VARCHAR NOT NULL,
    collected_at TIMESTAMP NOT NULL    -- UTC
);
"""

# Runs under honest splits have several folds. metric gains names (mae, spearman, average_precision, skill,
# within_drug_r, coverage, width) and the scope `fold`, whose key is the fold's number; run.split one of pairs |
# cell_line | cancer_type | drug | both; run.n_train and n_validation are means over the folds then.
FOLDS = """
CREATE TABLE fold (              -- one cut of a run into training, validation and test pairs
    run_id       VARCHAR NOT NULL,
    fold         INTEGER NOT NULL,     -- as in prediction: 0 for a single cut, else from 1
    n_train      BIGINT NOT NULL,      -- pairs
    n_validation BIGINT NOT NULL,      -- pairs
    n_test       BIGINT NOT NULL,      -- pairs
    lines_test   BIGINT NOT NULL,      -- distinct lines among the test pairs
    drugs_test   BIGINT NOT NULL,      -- distinct drugs among the test pairs
    positions    BIGINT NOT NULL,      -- mutated positions in the vocabulary, from training lines only
    PRIMARY KEY (run_id, fold)
);
CREATE TABLE domain (            -- how far what is predicted lies from what was trained on
    run_id       VARCHAR NOT NULL,
    fold         INTEGER NOT NULL,
    subject      VARCHAR NOT NULL,     -- cell_line | drug
    id           BIGINT NOT NULL,      -- cosmic_id or drug_id
    nearest_id   BIGINT,               -- the most similar training line or drug; itself where it was trained on
    similarity   DOUBLE,               -- Jaccard on positions, or Tanimoto on fingerprints; NULL where not defined
    positions    INTEGER,              -- of a line: its mutated positions
    known_positions INTEGER,           -- of a line: those in the vocabulary
    inside       BOOLEAN NOT NULL,     -- false: flagged as extrapolation
    PRIMARY KEY (run_id, fold, subject, id)
);
"""

PATIENT_CASES = """
CREATE TABLE patient_case (      -- a patient or timepoint that a person chose to keep
    case_id      VARCHAR PRIMARY KEY,  -- random: nothing of the patient can be told from it
    label        VARCHAR NOT NULL,     -- the name that the person gave
    cancer_type  VARCHAR,              -- TCGA label, NULL where not told
    made_at      TIMESTAMP NOT NULL,   -- UTC
    -- {"format", "sha256", "counts": {fate: rows}, "panel", "notes": [...], "build": {...}, "genome": {...}}
    receipt      JSON NOT NULL,
    receipt_rows JSON NOT NULL         -- {"dtypes": {column: dtype}, "columns": {column: [...]}}
);
"""

# Libraries of molecules and what a run predicts for them. A screen of 1,500 molecules and 808 lines has 1.2 million
# pairs, so the predictions of a molecule are two lists in the order of the screen's lines instead of a row each.
LIBRARIES = """
CREATE TABLE library (           -- molecules that nobody has to have measured
    library      VARCHAR NOT NULL,     -- the name given at import
    molecule_id  VARCHAR NOT NULL,     -- InChIKey, or SMILES: and the canonical SMILES where InChI fails
    name         VARCHAR,
    smiles       VARCHAR NOT NULL,     -- standardised, canonical
    weight_g_mol DOUBLE,               -- g/mol
    drug_class   VARCHAR NOT NULL,     -- oncology | non-oncology | unknown
    indications  VARCHAR,              -- as the file had them, '' where not told
    cancer_types VARCHAR,              -- approved TCGA types joined by |, '' where none
    mechanism    VARCHAR,
    target       VARCHAR,
    source_id    VARCHAR NOT NULL,
    PRIMARY KEY (library, molecule_id)
);
CREATE TABLE library_screen (    -- a library against every line with mutations and a cancer type, by one run
    screen_id    VARCHAR PRIMARY KEY,  -- the job's id
    library      VARCHAR NOT NULL,
    run_id       VARCHAR NOT NULL,
    networks     VARCHAR NOT NULL,     -- names joined by ', '
    created_at   TIMESTAMP NOT NULL,   -- UTC
    cosmic_ids   BIGINT[] NOT NULL,    -- the lines, in the order of the lists below
    n_molecules  BIGINT NOT NULL,
    n_lines      BIGINT NOT NULL,
    seconds      DOUBLE NOT NULL,      -- s of work, summed over the parts
    peak_memory_mib DOUBLE NOT NULL,   -- MiB, of the process that held most
    -- half the width of a 90 % interval: quantile x (spread + floor), or quantile where floor is NULL; NULL: none
    quantile     DOUBLE,
    floor        DOUBLE,               -- ln uM
    interval_split VARCHAR,            -- the split they were calibrated under
    simulated    BOOLEAN NOT NULL
);
CREATE TABLE library_prediction (
    screen_id    VARCHAR NOT NULL,
    molecule_id  VARCHAR NOT NULL,
    mean         FLOAT[] NOT NULL,     -- ln of IC50 in uM, over the networks
    spread       FLOAT[] NOT NULL,     -- ln uM, standard deviation over the networks
    nearest_drug_id BIGINT,            -- the most similar drug the run was trained on; NULL where it kept none
    similarity   DOUBLE,               -- Tanimoto to that drug
    inside       BOOLEAN,              -- false: flagged as extrapolation
    PRIMARY KEY (screen_id, molecule_id)
);
"""

# Radiosensitivity. Lines are named as `radiation/names.py` writes them: most have no COSMIC id. Runs of the task
# train_radiation have run.split published | grouped and count samples in n_train, n_validation (0) and n_test; their
# metrics have the scopes that `radiation/measures.py` names.
RADIATION = """
CREATE TABLE expression_set (    -- one table of gene expression: its probes and how it was read
    dataset      VARCHAR PRIMARY KEY,  -- the name given at import
    platform     VARCHAR,              -- e.g. GPL570, NULL where not told
    scale        VARCHAR NOT NULL,     -- log2 | z, of the values as kept
    probes       VARCHAR[] NOT NULL,   -- probe sets or genes, in the order of expression.values
    symbols      VARCHAR[] NOT NULL,   -- gene symbol of each, '' where not known
    n_samples    BIGINT NOT NULL,
    n_probes     BIGINT NOT NULL,
    simulated    BOOLEAN NOT NULL,
    source_id    VARCHAR NOT NULL
);
CREATE TABLE expression (        -- one array or sequenced sample
    dataset      VARCHAR NOT NULL,
    sample       VARCHAR NOT NULL,     -- e.g. GSM803615
    line         VARCHAR NOT NULL,     -- cell line
    line_name    VARCHAR NOT NULL,     -- the cell line as the file spells it
    panel        VARCHAR,              -- tissue panel, e.g. Leukemia
    replicate    INTEGER NOT NULL,     -- of its line, from 1
    "values"     FLOAT[] NOT NULL,     -- log2 or z, NULL where missing
    source_id    VARCHAR NOT NULL,
    PRIMARY KEY (dataset, sample)
);
CREATE TABLE survival (          -- surviving fractions of a cell line after radiation, measured
    dataset      VARCHAR NOT NULL,
    line         VARCHAR NOT NULL,
    line_name    VARCHAR NOT NULL,     -- the cell line as the file spells it
    panel        VARCHAR,
    assay        VARCHAR,              -- clonogenic | 9-day proliferation | as told
    sf2          DOUBLE NOT NULL,      -- fraction surviving 2 Gy
    sf2_lower    DOUBLE,               -- 95 % interval, where fitted
    sf2_upper    DOUBLE,
    alpha_per_gy DOUBLE,               -- 1/Gy, linear-quadratic model
    alpha_lower  DOUBLE,
    alpha_upper  DOUBLE,
    beta_per_gy2 DOUBLE,               -- 1/Gy^2
    beta_lower   DOUBLE,
    beta_upper   DOUBLE,
    rmse_ln      DOUBLE,               -- of ln of the surviving fraction around the fit
    n_doses      INTEGER,              -- distinct doses above 0 Gy; NULL where only SF2 was given
    sf2_from     VARCHAR NOT NULL,     -- table | fit: where sf2 comes from
    source_id    VARCHAR NOT NULL,
    PRIMARY KEY (dataset, line)
);
CREATE TABLE survival_dose (     -- the points behind a curve
    dataset      VARCHAR NOT NULL,
    line         VARCHAR NOT NULL,
    dose_gy      DOUBLE NOT NULL,      -- Gy
    replicate    INTEGER NOT NULL,     -- from 1
    surviving_fraction DOUBLE NOT NULL,
    source_id    VARCHAR NOT NULL,
    PRIMARY KEY (dataset, line, dose_gy, replicate)
);
CREATE TABLE survival_prediction (  -- SF2 of held-out samples
    run_id       VARCHAR NOT NULL,
    model        VARCHAR NOT NULL,     -- network, or a baseline
    stage        VARCHAR NOT NULL,     -- cv | validation (predicted again, that sample left out) | permuted (labels)
    round        INTEGER NOT NULL,     -- from 1
    fold         INTEGER NOT NULL,     -- from 1; 0 for stage validation
    sample       VARCHAR NOT NULL,
    line         VARCHAR NOT NULL,
    panel        VARCHAR,
    observed     DOUBLE NOT NULL,      -- SF2, fraction
    mean         DOUBLE NOT NULL,      -- SF2, fraction
    lower        DOUBLE,               -- 90 % conformal interval; NULL where none
    upper        DOUBLE,
    PRIMARY KEY (run_id, model, stage, round, sample)
);
"""

# ln uM of each drug the run was trained on, for the same lines: what selectivity is relative to; NULL in older screens.
SCREEN_REFERENCE = "ALTER TABLE library_screen ADD COLUMN reference FLOAT[][]"

MIGRATIONS = (FIRST_TABLES, FOLDS, PATIENT_CASES, LIBRARIES, RADIATION, SCREEN_REFERENCE, SCREENS, REVIEWS)

# Tables whose rows several sources describe together, with key: what a newer source leaves empty stays as known.
SHARED = {"cell_line": "cosmic_id", "drug": "drug_id"}

TABLES = (
    "source", "cell_line", "drug", "mutation", "response", "run", "fold", "prediction", "metric", "domain",
    "library", "library_screen", "library_prediction", "expression_set", "expression",
    "survival", "survival_dose", "survival_prediction",
    "screen", "plate", "well", "readout", "curve", "score", "quality", "feature", "review", "scoring", "collected_job",
)  # fmt: skip

# Tables that never leave the store: no export holds them, no job writes them.
PRIVATE_TABLES = ("patient_case",)
