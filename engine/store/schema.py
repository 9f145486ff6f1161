"""The tables, as ordered migrations.

Never edit a migration that has been released: append one. `MIGRATIONS[i]` takes a store from version i to i + 1.
Units stand in comments beside the columns that have one.
"""

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

MIGRATIONS: tuple[str, ...] = (FIRST_TABLES, FOLDS, PATIENT_CASES)

# Tables whose rows several sources describe together, and their key: what a newer source leaves empty stays as known.
SHARED = {"cell_line": "cosmic_id", "drug": "drug_id"}

TABLES = (
    "source", "cell_line", "drug", "mutation", "response", "run", "fold", "prediction", "metric", "domain",
    "collected_job",
)  # fmt: skip

# Tables that never leave the store: no export holds them, no job writes them.
PRIVATE_TABLES = ("patient_case",)
