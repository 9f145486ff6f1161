"""The tables of spheroid screens and of their review: migrations of `schema.py`."""

# Spheroid screens. Plates are called P1, P2, ...; rows A, B, ..., AA; columns count from 1. A modality is one of
# metabolic | mos | image_1 | image_2 | image_3 (the phase of the network that looked at the images). Runs of the task
# train_spheroid have run.split phase_1 | phase_2 | phase_3 and count wells.
SCREENS = """
CREATE TABLE screen (            -- one screen or control experiment
    screen       VARCHAR PRIMARY KEY,
    kind         VARCHAR NOT NULL,     -- drugs | controls
    sample       VARCHAR,              -- cell line or patient sample
    entity       VARCHAR,              -- diagnosis, as told
    screened_on  DATE,
    n_plates     INTEGER NOT NULL,
    n_wells      INTEGER NOT NULL,     -- of one plate: 96, 384 or 1536
    n_images     INTEGER NOT NULL,     -- wells with images
    image_job    VARCHAR,              -- the job whose results hold the prepared images; NULL where there are none
    simulated    BOOLEAN NOT NULL,
    source_id    VARCHAR NOT NULL
);
CREATE TABLE plate (
    screen       VARCHAR NOT NULL,
    plate        VARCHAR NOT NULL,
    n_rows       INTEGER NOT NULL,
    n_columns    INTEGER NOT NULL,
    source_id    VARCHAR NOT NULL,
    PRIMARY KEY (screen, plate)
);
CREATE TABLE well (
    screen       VARCHAR NOT NULL,
    plate        VARCHAR NOT NULL,
    "row"        VARCHAR NOT NULL,
    "column"     INTEGER NOT NULL,
    well_type    VARCHAR NOT NULL,     -- as in spheroid/types.WELL_TYPES
    treatment    VARCHAR,
    conc_nm      DOUBLE,               -- nM
    replicate    INTEGER NOT NULL,     -- from 1
    addon        VARCHAR,              -- drug added in a combination screen
    addon_nm     DOUBLE,               -- nM
    image_index  INTEGER,              -- place among the plate's prepared images; NULL where there is none
    source_id    VARCHAR NOT NULL,
    PRIMARY KEY (screen, plate, "row", "column")
);
CREATE TABLE readout (
    screen       VARCHAR NOT NULL,
    modality     VARCHAR NOT NULL,
    plate        VARCHAR NOT NULL,
    "row"        VARCHAR NOT NULL,
    "column"     INTEGER NOT NULL,
    raw          DOUBLE,               -- in the modality's own unit; of images the probability of "negative control"
    percent      DOUBLE,               -- viability in percent by the plate's controls; NULL where not defined
    run_id       VARCHAR,              -- the network's, of images
    source_id    VARCHAR NOT NULL,
    PRIMARY KEY (screen, modality, plate, "row", "column")
);
CREATE TABLE curve (
    screen       VARCHAR NOT NULL,
    modality     VARCHAR NOT NULL,
    drug         VARCHAR NOT NULL,
    addon        VARCHAR NOT NULL,     -- '' for the drug alone
    replicate    VARCHAR NOT NULL,     -- pooled | 1 | 2 ...
    n_parameters INTEGER,              -- 2 to 5; NULL where there is no fit
    bottom       DOUBLE,               -- inhibition, fraction
    top          DOUBLE,               -- inhibition, fraction
    xmid         DOUBLE,               -- log10 nM
    slope        DOUBLE,               -- 1 / log10 nM
    asymmetry    DOUBLE,
    x_min        DOUBLE,               -- log10 nM, lowest dose
    x_max        DOUBLE,               -- log10 nM, highest dose
    loss         DOUBLE,               -- sum of |residual|^1.5
    gof          DOUBLE,               -- 1 - SSres / SStot
    p_value      DOUBLE,               -- against a flat line
    reason       VARCHAR,              -- why there is no fit; NULL where there is one
    job_id       VARCHAR NOT NULL,
    PRIMARY KEY (screen, modality, drug, addon, replicate)
);
CREATE TABLE score (
    screen       VARCHAR NOT NULL,
    modality     VARCHAR NOT NULL,
    drug         VARCHAR NOT NULL,
    addon        VARCHAR NOT NULL,
    replicate    VARCHAR NOT NULL,
    dss_asym     DOUBLE,               -- 0 to 50
    dss_lower    DOUBLE,               -- 95 % bootstrap interval of dss_asym
    dss_upper    DOUBLE,
    dss_asym_adjusted DOUBLE,          -- dss_asym x max(0, gof)
    dss1         DOUBLE,               -- 0 to 100
    dss2         DOUBLE,
    dss3         DOUBLE,
    sdss         DOUBLE,               -- dss_asym minus the mean of the reference samples; NULL without references
    zdss         DOUBLE,
    rdss         DOUBLE,
    dcdss        DOUBLE,               -- dss_asym of the combination minus the drug alone
    ic25_nm      DOUBLE,               -- nM
    ic50_nm      DOUBLE,               -- nM, absolute: at 50 % inhibition
    ic75_nm      DOUBLE,               -- nM
    rel_ic50_nm  DOUBLE,               -- nM, halfway between the asymptotes
    imin         DOUBLE,               -- percent
    imax         DOUBLE,               -- percent
    inhibition   DOUBLE[],             -- fitted, percent, at each dose
    doses_nm     DOUBLE[],             -- nM, ascending
    n_wells      INTEGER NOT NULL,
    hit          BOOLEAN NOT NULL,     -- dss_asym at least 10
    job_id       VARCHAR NOT NULL,
    PRIMARY KEY (screen, modality, drug, addon, replicate)
);
CREATE TABLE quality (
    screen       VARCHAR NOT NULL,
    modality     VARCHAR NOT NULL,
    plate        VARCHAR NOT NULL,     -- '' for the whole screen
    measure      VARCHAR NOT NULL,     -- z_prime | robust_z_prime | ssmd | cv_negative | ...
    value        DOUBLE,
    verdict      VARCHAR NOT NULL,     -- good | doubtful | bad | unknown
    reason       VARCHAR NOT NULL,
    job_id       VARCHAR NOT NULL,
    PRIMARY KEY (screen, modality, plate, measure)
);
CREATE TABLE feature (           -- where a well lies among the phenotypes of its screen
    screen       VARCHAR NOT NULL,
    run_id       VARCHAR NOT NULL,
    plate        VARCHAR NOT NULL,
    "row"        VARCHAR NOT NULL,
    "column"     INTEGER NOT NULL,
    components   FLOAT[] NOT NULL,     -- principal components that hold 95 % of the variance
    tsne_x       DOUBLE,
    tsne_y       DOUBLE,
    umap_x       DOUBLE,
    umap_y       DOUBLE,
    job_id       VARCHAR NOT NULL,
    PRIMARY KEY (screen, run_id, plate, "row", "column")
);
"""

REVIEWS = """
CREATE TABLE review (            -- what people decided on a screen: rows are added, never changed or removed
    screen       VARCHAR NOT NULL,
    entry        INTEGER NOT NULL,     -- from 1, per screen
    decided_at   TIMESTAMP NOT NULL,   -- UTC
    reviewer     VARCHAR NOT NULL,
    action       VARCHAR NOT NULL,     -- exclude | restore | comment | sign_off | reopen
    target       VARCHAR NOT NULL,     -- plate | well | drug | replicate; '' for the whole screen
    plate        VARCHAR,
    "row"        VARCHAR,
    "column"     INTEGER,
    drug         VARCHAR,
    replicate    INTEGER,              -- of the drug, where one is named, else of all drugs
    readout      VARCHAR NOT NULL,     -- all | image | mos | metabolic: which readouts it is about
    reason       VARCHAR NOT NULL,
    state_hash   VARCHAR NOT NULL,     -- of a sign-off: SHA-256 of data, models, scoring and decisions; '' otherwise
    previous     VARCHAR NOT NULL,     -- hash of the entry before; '' for the first
    hash         VARCHAR NOT NULL,     -- SHA-256 of this entry with `previous`
    PRIMARY KEY (screen, entry)
);
CREATE TABLE scoring (           -- how the scores of a screen were made
    screen       VARCHAR NOT NULL,
    modality     VARCHAR NOT NULL,
    settings     JSON NOT NULL,        -- spheroid/settings.ScoreSettings
    reference    JSON NOT NULL,        -- screens: [...], rows: [[drug, dss_asym], ...], for selective scores
    excluded     VARCHAR NOT NULL,     -- hash of the exclusions that these scores leave out; '' for none
    job_id       VARCHAR NOT NULL,
    PRIMARY KEY (screen, modality)
);
"""
