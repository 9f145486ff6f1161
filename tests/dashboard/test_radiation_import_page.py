"""What the Data page and Home say of radiosensitivity: the strip, a name that is taken, where to start."""

import sys
from pathlib import Path

from page_checks import Open, assert_healthy, shown

from dashboard import data
from engine.collect import collect
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.radiation.survival_import import run_survival_import
from engine.settings import store_path
from engine.store.database import Database

sys.path.append(str(Path(__file__).parents[1] / "radiation"))
from small_arrays import small_cohort  # beside the tests of the engine
from small_radiation import fill_store

CURVES = b"cell_line,surv_2gy,surv_4gy,surv_6gy\nA549/ATCC,60,30,10\nK-562,5,1,0.2\n"


def test_the_strip_counts_expression_and_survival(tumorcast_home: Path, open_page: Open):
    db = Database(store_path())
    fill_store(db, small_cohort(lines=6, replicates=2))
    db.close()
    app = open_page("data.py")
    assert_healthy(app)
    text = shown(app)
    assert "Gene expression" in text and "12" in text and "samples in 1 data set" in text
    assert "Surviving fractions" in text and "cell lines in 1 data set" in text


def test_ones_own_import_is_no_name_that_is_taken(tumorcast_home: Path, open_page: Open):
    def choose(app, content: bytes):
        return app.file_uploader[0].set_value(("curves.csv", content, "text/csv")).run()

    def importing(app):
        return next(one for one in app.button if one.label == "Import")

    app = importing(choose(open_page("data.py", data_tab="Import a table"), CURVES)).click().run()
    (job,) = queue.list_jobs()
    context = JobContext.for_folder(queue.job_folder(job.id))
    run_survival_import(context)
    (context.folder / "done.json").write_text("{}")
    collect(job.id, data.database())
    app = app.run()
    assert_healthy(app)
    assert "Imported as curves. To import this file once more, give another name." in shown(app)
    assert importing(app).disabled and not any(one.label.startswith("Replace") for one in app.checkbox)
    app = choose(app, CURVES + b"SR,4,1,0.1\n")
    assert "The name curves already stands for imported surviving fractions. Give another name, or:" in shown(app)
    assert any(one.label == "Replace curves (2 rows)" for one in app.checkbox)


def test_home_leads_to_radiosensitivity_and_counts_its_runs(filled_home: Path, open_page: Open):
    app = open_page("home.py")
    assert_healthy(app)
    assert "Predict survival after radiation from gene expression" in [one.proto.label for one in app.get("page_link")]
    before = next(line for line in shown(app).split("\n") if "response, 0 SF2, newest: " in line)
    with data.database().write() as connection:
        connection.execute(
            "INSERT INTO run VALUES ('sf2', 'train_radiation', '2031-01-01', 'grouped', 0, '{}', 'h', 'CPU', 1, 1, 9,"
            " 0, 1, '{}', false)"
        )
    after = shown(open_page("home.py"))
    assert "response, 1 SF2, newest: 20" in after and before not in after
