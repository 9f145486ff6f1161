"""The command line: `python -m engine COMMAND`. Parses, calls, prints; every command takes --json and --help."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.cli.output import Answer, printable
from engine.cli.patient import FORMATS
from engine.cli.registry import runner
from engine.errors import EngineError
from engine.jobs.files import finite
from engine.patient.types import BUILDS, SeveralSamples
from engine.radiation.settings import MODELS, PROTOCOLS
from engine.response.settings import PUBLISHED_SPLIT, SPLITS
from engine.spheroid.settings import BACKBONES, MODALITIES, MODALITY_ALIASES, PHASES, PRESETS

ENGINES = ("response", "radiation")
KINDS = ("drugs", "cell-lines", "mutations", "responses")
CAMS = ("grad_cam", "grad_cam_pp", "score_cam")
PANEL_HELP = "what was sequenced: a whole exome, the genes named alone, or a file with the panel's genes or its BED"
SOURCES = ("gdsc", "ccle", "cell-model-passports", "pubchem", "gene-model", "liftover", "mane", "geo")
EXAMPLES = {
    "demo": "python -m engine demo --size small --epochs 10",
    "import": "python -m engine import responses GDSC2_fitted_dose_response.xlsx --dataset GDSC2 --licence 'see site'"
    "   (also: import screen FOLDER --sample INF_R_153 --entity 'Ewing sarcoma')",
    "train": "python -m engine train response --networks master,tanh --split pairs --epochs 30 --seed 1 --wait   "
    "(also: train radiation --protocol grouped --wait; train spheroid --screen S --phase 2 --preset fast --wait)",
    "evaluate": "python -m engine evaluate --run RUN_ID --split cell_line --folds 7",
    "predict": "python -m engine predict response --run RUN_ID --pairs pairs.csv --out predicted.csv   "
    "(also: predict radiation expression.csv --run RUN_ID --json)",
    "patient": "python -m engine patient tumour.vcf.gz --genome GRCh37 --cancer-type SKCM --out report.pdf",
    "screen-library": "python -m engine screen-library approved --run RUN_ID --wait",
    "repurpose": "python -m engine repurpose --library approved --type-share 0.1 --json",
    "score": "python -m engine score --screen BT-40_V1_DS1 --modality metabolic --json",
    "quality": "python -m engine quality --screen BT-40_V1_DS1 --json",
    "synergy": "python -m engine synergy --screen INF-R-1632_PDX_combo --json",
    "explain": "python -m engine explain --screen INF_R_153_V2_DS1 --well P1_D05 --out well.png",
    "review": "python -m engine review --screen INF_R_153_V2_DS1 --json",
    "bundle": "python -m engine bundle --screen INF_R_153_V2_DS1 --out review.zip",
    "rescore": "python -m engine rescore review.zip --json",
    "phenotypes": "python -m engine phenotypes --screen INF_R_153_V2_DS1 --drug Bortezomib --json",
    "runs": "python -m engine runs --json",
    "jobs": "python -m engine jobs          (also: jobs show ID, cancel ID, resume ID, log ID, test)",
    "networks": "python -m engine networks --json",
    "export": "python -m engine export tables/",
    "report": "python -m engine report --run RUN_ID --out report.html",
    "report-screen": "python -m engine report-screen --screen BT-40_V1_DS1 --format pdf --out board.pdf",
    "fetch": "python -m engine fetch gdsc --only GDSC2          (without a source: list what there is)",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit status: 0, 1 where scores are found to differ, 2 for what is refused, 130 for Ctrl-C."""
    given = parser().parse_args(arguments)
    try:
        answer: Answer = given.run(given)
    except (EngineError, OSError) as error:
        # Names of samples may be names of patients: they are the answer, for standard output, and no part of the error,
        # which goes where logs are kept.
        names = error.samples if isinstance(error, SeveralSamples) else ()
        if given.json:
            print(json.dumps({"error": str(error)} | ({"samples": names} if names else {})))
        else:
            if names:
                print("\n".join(["Samples in the file:", *(f"  {printable(name)}" for name in names)]), flush=True)
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stopped:
        watching = "Stopped watching. What was submitted goes on: python -m engine jobs"
        print(str(stopped) or watching, file=sys.stderr)
        return 130
    try:
        print(json.dumps(finite(answer.document), indent=1) if given.json else answer.text, flush=True)
    except BrokenPipeError:
        # The reader has seen enough (`| head`); Python would try once more at its end and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return answer.status


SORTS = ("potency", "selectivity", "novelty")  # `library_rank.ORDERS`, which would load pandas


def parser() -> argparse.ArgumentParser:
    """Every command and option; a test holds that each command has an example and --json."""
    top = argparse.ArgumentParser(prog="python -m engine", description="Tumorcast on the command line.")
    add = top.add_subparsers(dest="command", required=True, metavar="COMMAND").add_parser

    def command(name: str, help_text: str) -> argparse.ArgumentParser:
        sub = add(name, help=help_text, description=help_text, epilog=f"example: {EXAMPLES[name]}")
        sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        sub.set_defaults(default_of=sub.get_default, run=runner(name))
        return sub

    demo = command("demo", "Build the simulated demonstration cohort, import it and train on it.")
    demo.add_argument("--size", choices=("small", "paper"), default="small", help="paper: 787 lines, 152,594 pairs")
    demo.add_argument("--no-train", action="store_true", help="import only")
    demo.add_argument("--epochs", type=int, help="passes over the training pairs")
    demo.add_argument("--folds", type=int, default=7, help="of the evaluations on unseen lines and drugs (7)")
    demo.add_argument("--background", action="store_true", help="wait for the training, not for its evaluations")

    bring = command("import", "Import one table as a job, with a receipt of what was kept and what was dropped.")
    bring.add_argument("kind", choices=(*KINDS, "library", "expression", "survival", "screen"))
    bring.add_argument("file", type=Path, help="the table; of a screen its folder, or a zip of it")
    bring.add_argument("--name", help="source id; importing again under it replaces its rows")
    bring.add_argument(
        "--replace", action="store_true", help="replace what has this name (library, expression, survival, screen)"
    )
    bring.add_argument("--origin", default="", help="where the file came from")
    bring.add_argument("--licence", default="", help="under what terms")
    bring.add_argument("--dataset", help="name of the response data set, e.g. GDSC1; else from the file")
    bring.add_argument("--unit", choices=("auto", "ln_um", "um", "nm"), default="auto", help="unit of the IC50 column")
    bring.add_argument("--all-genes", action="store_true", help="keep mutations of genes outside the census too")
    bring.add_argument("--largest-fragment", action="store_true", help="of a library's salts, take the drug")
    bring.add_argument("--any-phase", action="store_true", help="keep a library's molecules that are not approved too")
    bring.add_argument("--min-weight", type=float, default=200.0, metavar="G_MOL", help="of a library's molecule (200)")
    bring.add_argument("--max-weight", type=float, default=650.0, metavar="G_MOL", help="of a library's molecule (650)")
    bring.add_argument("--about", type=Path, metavar="FILE", help="a table with indications of a library, by name")
    bring.add_argument("--assay", default="", help="of survival: how it was measured, where the table does not say")
    bring.add_argument("--sample", default="", metavar="NAME", help="of a screen: which cell line or patient sample")
    bring.add_argument("--entity", default="", metavar="TEXT", help="of a screen: its diagnosis")
    bring.add_argument(
        "--pattern", default="", help="of a screen: its images' names, e.g. {plate}_{row}{column}_z{plane}"
    )
    bring.add_argument("--death-readout", action="store_true", help="of a screen: metabolic readouts rise as cells die")
    bring.add_argument("--percent", action="store_true", help="of a screen: its readouts are percent viability already")
    bring.add_argument("--inhibition", action="store_true", help="of a screen: its readouts are percent inhibition")
    bring.add_argument("--date", default="", metavar="DAY", help="of a screen: when it was made, such as 2021-03-15")
    bring.add_argument("--no-wait", action="store_true", help="submit and return")

    train = command("train", "Train as a job: drug response, SF2 (radiation), or viability from images (spheroid).")
    train.add_argument("engine", choices=(*ENGINES, "spheroid"))
    train.add_argument("--networks", default="all", help="names separated by commas, all (the five), or none")
    train.add_argument("--split", choices=SPLITS, default=PUBLISHED_SPLIT, help="what is held out (pairs)")
    train.add_argument(
        "--folds", type=int, default=0, metavar="K", help="0: one cut of pairs, 5 folds of other splits, 6 (SF2)"
    )
    train.add_argument("--only-folds", default="", metavar="N,N", help="run these of the K folds only, from 1")
    train.add_argument("--baselines", default="all", help="names separated by commas, or all")
    train.add_argument("--ablations", default="none", help="genomes,drugs: train once more on permuted inputs")
    train.add_argument("--sensitive-below", type=float, default=-2.0, metavar="LN_UM", help="for AUROC (-2)")
    train.add_argument("--dataset", default="", help="which responses, where the store has several")
    train.add_argument("--epochs", type=int, help="passes over what is trained on")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--all-genes", action="store_true", help="use mutations of genes outside the census too")
    train.add_argument("--min-lines", type=int, default=10, metavar="N", help="lines a cancer type must have (10)")
    train.add_argument("--max-weight", type=float, default=1000.0, metavar="G_MOL", help="of a drug, in g/mol (1000)")
    train.add_argument("--need-cid", action="store_true", help="leave out drugs without a PubChem CID")
    sf2 = train.add_argument_group("radiation")
    sf2.add_argument("--protocol", choices=PROTOCOLS, default="grouped", help="how folds treat replicates (grouped)")
    sf2.add_argument("--rounds", type=int, default=5, metavar="N", help="of the cross-validation (5)")
    sf2.add_argument("--models", default="all", help=f"names separated by commas, or all: {', '.join(MODELS)}")
    sf2.add_argument("--expression", default="", metavar="NAME", help="imported expression; the last one if not given")
    sf2.add_argument("--survival", default="", metavar="NAME", help="imported SF2; of most shared lines if not given")
    sf2.add_argument("--replicates", type=int, default=1, metavar="N", help="artificial ones of every sample (1: none)")
    sf2.add_argument("--noise", type=float, default=0.0, metavar="LOG2", help="s.d. of the artificial ones (0)")
    sf2.add_argument("--permutations", type=int, default=1, metavar="N", help="of the labels, for the floor (1)")
    sf2.add_argument("--no-validation", action="store_true", help="do not predict incorrect samples again")
    images = train.add_argument_group("spheroid")
    images.add_argument("--screen", default="", metavar="NAME", help="an imported screen or control experiment")
    images.add_argument("--phase", type=int, choices=tuple(PHASES), default=2, help="1: control plate, 3: with drugs")
    images.add_argument("--preset", choices=tuple(PRESETS), default="fast", help="published wants a GPU (fast)")
    images.add_argument("--backbone", choices=tuple(BACKBONES), default="", help="the preset's own if not given")
    images.add_argument("--weights", default="", metavar="FILE", help="ImageNet's (torchvision: its own); none: random")
    images.add_argument("--start", default="", metavar="RUN", help="of the phase before; the newest if not given")
    train.add_argument("--wait", action="store_true", help="return when the run is in the store")

    again = command("evaluate", "Evaluate a run anew: another split, another study; of an SF2 run, its table.")
    again.add_argument("--run", required=True, dest="run_id", metavar="ID", help="a run that `runs` lists")
    again.add_argument("--split", choices=SPLITS, help="what is held out; the run's models retrain in every fold")
    again.add_argument("--folds", type=int, default=0, metavar="K", help="5 if not given")
    again.add_argument("--only-folds", default="", metavar="N,N", help="run these of the K folds only, from 1")
    again.add_argument("--networks", help="names separated by commas, or none; the run's own if not given")
    again.add_argument("--ablations", default="none", help="genomes,drugs: train once more on permuted inputs")
    again.add_argument("--epochs", type=int, help="the run's own if not given")
    again.add_argument("--against", metavar="DATASET", help="another response table of the same lines and drugs")
    again.add_argument("--no-wait", action="store_true", help="submit and return")

    predict = command("predict", "Predict ln(IC50) in uM for pairs of known lines and drugs, or SF2 from expression.")
    predict.add_argument("engine", choices=ENGINES)
    predict.add_argument("file", nargs="?", type=Path, metavar="FILE", help="radiation: expression of your samples")
    predict.add_argument("--run", required=True, dest="run_id", metavar="ID", help="a run that `runs` lists")
    predict.add_argument("--panel", default="", help="radiation: tissue of all samples, else as file or names say")
    predict.add_argument("--pairs", type=Path, help="response: CSV or Parquet with cosmic_id, drug_id")
    predict.add_argument("--out", type=Path, help="CSV or Parquet to write; response: with ln_ic50_pred")

    patient = command("patient", "Rank drugs for one patient's mutations, with a receipt for every row of the list.")
    patient.add_argument("file", type=Path, metavar="FILE", help="VCF, MAF, table or text; - is standard input")
    patient.add_argument("--format", choices=FORMATS, default="auto", help="what the file must be (found out)")
    patient.add_argument("--sample", default="", metavar="NAME", help="whose mutations, where the file has several")
    patient.add_argument("--genome", choices=BUILDS, help="build of the coordinates, where the file does not tell")
    patient.add_argument("--panel", default="auto", metavar="auto|exome|listed|FILE", help=PANEL_HELP)
    patient.add_argument("--cancer-type", metavar="T", help="TCGA label, such as SKCM")
    patient.add_argument(
        "--run", default="", dest="run_id", metavar="ID", help="the newest with a network if not given"
    )
    patient.add_argument("--out", type=Path, metavar="REPORT", help="write the report there, .html or .pdf")

    screen = command("screen-library", "Predict every molecule of a library for every line by a run, as a job.")
    screen.add_argument("library", metavar="NAME", help="a library that `import library` has brought in")
    screen.add_argument("--run", default="", dest="run_id", metavar="ID", help="the newest with a network if not given")
    screen.add_argument("--wait", action="store_true", help="return when the screen is in the store")

    serve = command("repurpose", "Which molecules of a screened library might serve which cancer type, and how surely.")
    serve.add_argument("--library", required=True, metavar="NAME", help="a library that `screen-library` has screened")
    serve.add_argument("--run", default="", dest="run_id", metavar="ID", help="the newest screen if not given")
    serve.add_argument("--all", action="store_true", dest="rank_all", help="every molecule for one type, not the hits")
    serve.add_argument("--type", default="", dest="cancer_type", metavar="T", help="of --all: a cancer type, like GBM")
    serve.add_argument("--sort", choices=SORTS, default=SORTS[0], help="of --all: what comes first (potency)")
    serve.add_argument("--out", type=Path, metavar="FILE", help="of --all: write the table there, .csv or .xlsx")
    serve.add_argument("--sensitive-below", type=float, default=-2.0, metavar="LN_UM", help="of a line (-2)")
    serve.add_argument("--type-share", type=float, default=0.1, metavar="SHARE", help="sensitive lines of a type (0.1)")
    serve.add_argument("--at-least", action="store_true", help="that share is enough; else there must be more")
    serve.add_argument("--cytotoxic-share", type=float, default=0.9, metavar="SHARE", help="of the types (0.9)")
    serve.add_argument("--min-lines", type=int, default=10, metavar="N", help="lines a cancer type must have (10)")

    score = command("score", "Fit the curves of a screen by one modality as a job, and list the scores of its drugs.")
    score.add_argument("--screen", required=True, metavar="NAME", help="a screen that `import screen` has brought in")
    score.add_argument(
        "--modality", choices=(*MODALITY_ALIASES, *MODALITIES), default="image", help="image: the best phase there is"
    )
    score.add_argument("--parameters", type=int, default=5, metavar="N", help="of a curve, 2 to 5; 0: the best (5)")
    score.add_argument(
        "--threshold", choices=("relative", "ten", "none"), default="relative", help="effect that counts (relative)"
    )
    score.add_argument("--bootstrap", type=int, default=200, metavar="N", help="resamples for intervals, 0: none (200)")
    score.add_argument("--seed", type=int, default=0)
    score.add_argument(
        "--reference", nargs="*", default=[], metavar="NAME", help="scored screens, for selective scores"
    )
    score.add_argument("--no-wait", action="store_true", help="submit and return")

    judge = command("quality", "Judge the plates of a screen: Z', replicates, places, single wells, with reasons.")
    judge.add_argument("--screen", required=True, metavar="NAME", help="a screen that `import screen` has brought in")

    both = command(
        "synergy", "What an added drug changes of every drug of a screen: excess over Bliss, HSA, Loewe, ZIP."
    )
    both.add_argument("--screen", required=True, metavar="NAME", help="a screen whose layout holds an AddOn")
    both.add_argument("--modality", choices=(*MODALITY_ALIASES, *MODALITIES), default="", help="the best if not given")

    look = command("explain", "Draw the image of a well with what the network looked at, as PNG.")
    look.add_argument("--screen", required=True, metavar="NAME", help="a screen with images and a trained network")
    look.add_argument("--well", required=True, metavar="P1_D05", help="plate and well")
    look.add_argument("--out", required=True, type=Path, metavar="FILE.png", help="PNG file to write")
    look.add_argument("--method", choices=CAMS, default="grad_cam", help="how (grad_cam)")
    look.add_argument("--towards", choices=("alive", "dead"), default="", help="what the network prefers, if not given")
    look.add_argument("--run", default="", dest="run_id", metavar="ID", help="the newest network if not given")

    decided = command("review", "List every decision on a screen with its reason, and whether it is signed off.")
    bundled = command("bundle", "Write a screen's review, with all its scores follow from, as one zip archive.")
    for reviewed in (decided, bundled):
        reviewed.add_argument("--screen", required=True, metavar="NAME", help="a screen in the store")
    decided.add_argument("--check", action="store_true", help="compute every score again and compare with the store")
    bundled.add_argument("--out", required=True, type=Path, metavar="FILE.zip", help="zip archive to write")
    compute = command("rescore", "Compute every score of a bundle again and compare to the last digit.")
    compute.add_argument("bundle", type=Path, metavar="BUNDLE", help="a file that `bundle` has written")

    alike = command("phenotypes", "Which drugs of a screen look alike, and which pairs of hits kill in different ways.")
    alike.add_argument("--screen", required=True, metavar="NAME", help="a screen with images and a trained network")
    alike.add_argument("--run", default="", dest="run_id", metavar="ID", help="the newest network if not given")
    alike.add_argument("--drug", default="", metavar="NAME", help="whose likes to list; all drugs if not given")
    alike.add_argument("--umap", action="store_true", help="draw a UMAP too, where umap-learn is installed")
    alike.add_argument("--seed", type=int, default=0)

    command("runs", "List training runs, oldest first, with the metrics of every model and baseline.")

    jobs = command("jobs", "List jobs, or look after one.")
    jobs.add_argument("action", nargs="?", choices=("list", "show", "cancel", "resume", "log", "test"), default="list")
    jobs.add_argument("id", nargs="?", help="job id; test needs none: it sends a counting job through the queue")

    command("networks", "List the networks with their parameter counts at the published input sizes.")

    export = command("export", "Write every table of the store as Parquet.")
    export.add_argument("folder", type=Path)

    report = command("report", "Write a run as one HTML file that needs no server and no network.")
    report.add_argument("--run", required=True, dest="run_id", metavar="ID", help="a run that `runs` lists")
    report.add_argument("--out", required=True, type=Path, metavar="FILE", help="HTML file to write")

    board = command("report-screen", "Write a screen with its review as HTML, PDF, XLSX or PPTX.")
    board.add_argument("--screen", required=True, metavar="NAME", help="a screen that `import screen` has brought in")
    board.add_argument("--format", choices=("html", "pdf", "xlsx", "pptx"), help="as the file is called, if not given")
    board.add_argument("--out", required=True, type=Path, metavar="FILE", help="file to write")

    fetch = command("fetch", "Download public releases, resumed and checked; their licence is shown first.")
    fetch.add_argument("source", nargs="?", choices=SOURCES)
    fetch.add_argument("accession", nargs="?", default="", metavar="GSE", help="of geo: a series, e.g. GSE32474")
    fetch.add_argument("--only", default="", metavar="WORD", help="files of this kind, or with this in their name")
    fetch.add_argument("--out", type=Path, metavar="FOLDER", help="where to; else downloads/ beside the store")
    fetch.add_argument("--url", default="", help="another address of the one file (of pubchem: of its interface)")
    fetch.add_argument("--sha256", default="", metavar="HEX", help="what the one file must have")
    return top


if __name__ == "__main__":
    sys.exit(main())
