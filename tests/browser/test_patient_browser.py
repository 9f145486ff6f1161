"""One patient in a real browser: from the upload of a small VCF to the PDF, and nothing of it in any address or log."""

import re
from pathlib import Path

import driving
import pytest
import test_browser

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = test_browser.pytestmark
address, browser = test_browser.address, test_browser.browser  # the dashboard over the demonstration store; Chromium

MARKER = "QXMARKER"
FORMAT = "Consequence annotations from Ensembl VEP. Format: Allele|Consequence|SYMBOL|HGVSp"
HEAD = [
    "##fileformat=VCFv4.2",
    "##reference=GRCh37",
    f'##INFO=<ID=CSQ,Number=.,Type=String,Description="{FORMAT}">',
    f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{MARKER}<img src=x onerror=alert(1)>",
]
CALLS = [
    ("7", 140453136, "A", "T", "T|missense_variant|BRAF|ENSP00000288602.6:p.Val600Glu"),
    ("17", 7578406, "C", "T", "T|missense_variant|TP53|ENSP00000269305.4:p.Arg175His"),
    ("12", 25398284, "C", "T", "T|synonymous_variant|KRAS|ENSP00000256078.4:p.Gly12%3D"),
    ("2", 179400000, "G", "A", "A|missense_variant|TTN|ENSP00000343764.6:p.Arg100Cys"),
]


@pytest.fixture
def vcf(tmp_path: Path) -> Path:
    rows = [
        f"{chromosome}\t{position}\t.\t{reference}\t{alternate}\t50\tPASS\tCSQ={said}\tGT\t0/1"
        for chromosome, position, reference, alternate, said in CALLS
    ]
    path = tmp_path / f"{MARKER}.vcf"
    path.write_text("\n".join([*HEAD, *rows]) + "\n")
    return path


def test_from_upload_to_pdf(address: str, browser, demo_home: Path, vcf: Path):
    test_browser.SCREENSHOTS.mkdir(exist_ok=True)
    page, wrong = test_browser._open(browser, address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
    page.goto(f"{address}/patient")
    test_browser._settle(page)
    page.locator("input[type=file]").first.set_input_files(vcf)
    page.get_by_label("Name of the patient or timepoint", exact=True).fill(f"{MARKER} <b>bold</b>")
    page.get_by_role("button", name="Read and rank").click()
    page.get_by_text("How far to trust this.").wait_for()
    test_browser._settle(page)
    text = page.locator(".stMain").inner_text()
    assert "Of 4 rows 2 are mutated positions that the networks know;" in text
    assert "The ranking rests on BRAF p.V600E and TP53 p.R175H alone." in text
    assert "Research use only. Not for treatment decisions." in text
    assert page.locator(".stMain b", has_text="bold").count() == 0
    charts = page.locator("h3").all_inner_texts()
    assert "Which drugs stand out for this patient?" in charts and "Which mutations moved the prediction?" in charts
    page.screenshot(path=test_browser.SCREENSHOTS / "patient-ranked.png")

    dot = page.locator("[data-testid=stPlotlyChart]").first.locator(".scatterlayer .trace").last.locator("path.point")
    drug = page.locator("[data-testid=stPlotlyChart]").first.locator(".ytick text").nth(3).text_content().strip()
    box = dot.nth(3).bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.get_by_text(f"What did {drug} do to the most similar measured lines?").wait_for()

    page.get_by_role("tab", name="All rows").click()
    page.get_by_text("4 of 4 rows, used ones first,").wait_for()
    page.get_by_role("tab", name="Similar lines").click()
    page.get_by_text("What did these drugs do to the most similar cell lines?").wait_for()
    for name, start in (("PDF report", b"%PDF-"), ("HTML report", b"<!doc")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert re.fullmatch(r"tumorcast-patient-report\.(pdf|html)", download.value.suggested_filename)
        content = Path(download.value.path()).read_bytes()
        assert content[:5].lower() == start.lower() and len(content) > 10_000
    assert b"<b>bold" not in content and b"&lt;b&gt;bold" in content
    assert wrong == []
    assert page.url == f"{address}/patient"
    assert [url for url in asked if MARKER.lower() in url.lower()] == []
    assert MARKER not in driving.log_of(demo_home).read_text()
    page.context.close()


def test_a_photo_is_refused_in_one_sentence(address: str, browser, tmp_path: Path):
    page, wrong = test_browser._open(browser, address, width=900, scheme="dark")
    page.goto(f"{address}/patient")
    test_browser._settle(page)
    photo = tmp_path / "photo.vcf"
    photo.write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40)
    page.locator("input[type=file]").first.set_input_files(photo)
    page.get_by_role("button", name="Read and rank").click()
    error = page.locator("[data-testid=stAlertContentError]")
    error.wait_for()
    assert error.count() == 1 and "photo.vcf" not in error.inner_text()
    assert wrong == []
    page.context.close()


def test_one_press_of_back_leaves_a_drug_and_the_address_stays_clean(address: str, browser):
    page, wrong = test_browser._open(browser, address)
    page.goto(f"{address}/patient")
    test_browser._settle(page)
    page.get_by_role("button", name="BRAF V600E melanoma").click()
    page.get_by_role("button", name="Read and rank").click()
    page.get_by_text("How far to trust this.").wait_for()
    test_browser._settle(page)
    page.get_by_text("Open the page of").click()
    page.wait_for_url("**/drug?*compound=*")
    test_browser._settle(page)
    page.go_back()
    page.get_by_text("How far to trust this.").wait_for()
    test_browser._settle(page)
    assert page.url == f"{address}/patient"
    page.go_forward()
    page.wait_for_url("**/drug?*compound=*")
    assert wrong == []
    page.context.close()
