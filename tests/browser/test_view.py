"""The view as a person uses it: run a notebook, choose, filter, open, export."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import polars as pl
import pytest

from tests.browser.lab import open_and_run, write_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
DEMO = "import dockerframe as dkf\nview = dkf.Fleet.demo().snapshot(progress=False).view()\nview"
HOSTILE_NAME = "<img src=x onerror=window.hacked=1>"
HOSTILE = f"""
import dockerframe as dkf
evil = "{HOSTILE_NAME}"
container = {{"Id": "1" * 64, "Names": ["/" + evil], "Image": evil, "State": "running", "Status": evil,
    "Labels": {{"proxy.aliases": "a", "proxy.a." + evil: evil, evil: evil, "com.docker.compose.project": evil}},
    "Ports": [{{"PrivatePort": 80, "Type": evil}}], "Mounts": [{{"Source": evil, "Destination": evil}}]}}
snap = dkf.from_summaries([container], host=evil)
snap
"""


def grid(page: Page, name: str) -> Locator:
    return page.get_by_role("grid", name=name, exact=True)


def first_column(table: Locator, column: int) -> list[str]:
    return table.locator(f"tbody tr td:nth-child({column})").all_inner_texts()


def output_of(page: Page, text: str) -> None:
    page.locator(".jp-OutputArea-output", has_text=text).first.wait_for()


@pytest.fixture
def opened(page: Page, lab: tuple[str, Path], request: pytest.FixtureRequest) -> Page:
    address, folder = lab
    name = f"{request.node.name}.ipynb"
    write_notebook(folder / name, [DEMO])
    open_and_run(page, address, name)
    grid(page, "Containers").locator("tbody tr").first.wait_for()
    return page


def test_choosing_a_host_filters_everything(opened: Page) -> None:
    assert opened.get_by_text("61 of 61 containers").count() == 1
    hosts = grid(opened, "Hosts to show")
    assert first_column(hosts, 2) == ["edge", "apps", "data", "lab", "backup"]
    assert hosts.get_by_text("refused").count() == 1
    hosts.get_by_text("lab", exact=True).click()
    opened.get_by_text("6 of 61 containers").wait_for()
    assert set(first_column(grid(opened, "Containers"), 1)) == {"lab"}
    opened.get_by_role("tab", name="Routes").click()
    grid(opened, "Routes").locator("tbody tr").first.wait_for()
    assert set(first_column(grid(opened, "Routes"), 1)) == {"lab"}
    opened.get_by_role("button", name="Clear filters").click()
    opened.get_by_text("61 of 61 containers").wait_for()


def test_filtering_searching_and_sorting(opened: Page) -> None:
    opened.locator(".dkf-view .jupyter-widget-Collapse-header", has_text="State").click()
    state = grid(opened, "Filter by state")
    state.get_by_text("exited").click()
    opened.get_by_text("2 of 61 containers").wait_for()
    # A facet's own choice leaves the numbers of its other values as they are.
    assert (
        "47" in state.locator("tr", has_text="running").inner_text()
        or "46" in state.locator("tr", has_text="running").inner_text()
    )
    opened.get_by_role("button", name="Clear filters").click()
    opened.get_by_text("61 of 61 containers").wait_for()
    opened.get_by_role("searchbox", name="Search in Containers").fill("POSTGRES")
    table = grid(opened, "Containers")
    table.get_by_text("pg-0").first.wait_for()
    assert all("postgres" in image for image in first_column(table, 3))
    table.get_by_role("button", name="Sort by name").or_(table.get_by_role("button", name="name")).first.click()
    opened.wait_for_function("document.querySelector('th[aria-sort=ascending]')")
    names = first_column(table, 2)
    assert names == sorted(names)
    table.get_by_role("button", name="Sort by name").or_(table.get_by_role("button", name="name")).first.click()
    opened.wait_for_function("document.querySelector('th[aria-sort=descending]')")
    assert first_column(table, 2) == sorted(names, reverse=True)


def test_a_row_opens_its_details_and_links_lead_on(opened: Page) -> None:
    grid(opened, "Containers").get_by_text("shop-api-1", exact=True).first.click()
    details = opened.get_by_role("region", name="Details of shop-api-1")
    details.wait_for()
    text = details.inner_text()
    for expected in ("Route api", "proxy.api.healthcheck.path", "Labels com.docker.compose", "Networks"):
        assert expected in text
    details.get_by_role("button", name="db", exact=True).first.click()
    opened.get_by_role("region", name="Details of shop-db-1").get_by_text("Needed by").wait_for()


def test_the_keyboard_is_enough(opened: Page) -> None:
    rows = grid(opened, "Containers").locator("tbody tr")
    rows.first.focus()
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("Enter")
    opened.get_by_role("region", name="Details of blog-old").wait_for()
    assert rows.nth(2).get_attribute("aria-selected") == "true"
    opened.keyboard.press("PageDown")
    opened.get_by_text("51–61 of 61").wait_for()
    hosts = grid(opened, "Hosts to show").locator("tbody tr")
    hosts.nth(1).focus()
    opened.keyboard.press(" ")
    opened.get_by_text("20 of 61 containers").wait_for()


def test_columns_can_be_hidden(opened: Page) -> None:
    table = grid(opened, "Containers")
    opened.get_by_text("Columns", exact=True).first.click()
    opened.get_by_label("image", exact=True).first.uncheck()
    assert "image" not in table.locator("th").all_inner_texts()
    assert table.get_by_text("ghost:5").count() == 0


def test_looking_turns_into_code_and_files(opened: Page, lab: tuple[str, Path]) -> None:
    grid(opened, "Hosts to show").get_by_text("lab", exact=True).click()
    opened.get_by_text("6 of 61 containers").wait_for()
    opened.get_by_label("Export to").fill("lab.csv")
    opened.get_by_label("Export to").press("Tab")
    opened.get_by_role("button", name="Export").click()
    opened.get_by_text("Wrote 6 rows to lab.csv.").wait_for()
    written = pl.read_csv(lab[1] / "lab.csv", infer_schema=False)
    assert set(written["host"]) == {"lab"}
    assert "labels" in written.columns
    opened.get_by_label("Export to").fill("lab.txt")
    opened.get_by_label("Export to").press("Tab")
    opened.get_by_role("button", name="Export").click()
    opened.get_by_text("lab.txt ends in neither .csv nor .parquet.").wait_for()


def test_refreshing_keeps_filters_and_says_what_changed(opened: Page) -> None:
    grid(opened, "Hosts to show").get_by_text("lab", exact=True).click()
    opened.get_by_text("6 of 61 containers").wait_for()
    opened.locator(".dkf-view").get_by_role("button", name="Refresh").click()
    opened.get_by_text("Refreshed: nothing changed.").wait_for()
    assert opened.get_by_text("6 of 61 containers").count() == 1
    opened.get_by_label("every (s)").fill("1")
    opened.get_by_label("every (s)").press("Enter")
    before = opened.get_by_text("taken 20").inner_text()
    opened.wait_for_function(f"!document.body.innerText.includes({before!r})")


def test_nothing_from_a_label_is_ever_run(page: Page, lab: tuple[str, Path]) -> None:
    address, folder = lab
    pictures = "from dockerframe import plots\nplots.containers_by_host(snap.containers)"
    report = "from pathlib import Path\n_ = Path('report.html').write_text(snap.to_html())"
    graph = "plots.dependency_graph(snap.containers, snap.dependencies, evil)"
    write_notebook(
        folder / "hostile.ipynb", [HOSTILE, "view = snap.view()\nview", pictures, graph, report, "print('all ran')"]
    )
    open_and_run(page, address, "hostile.ipynb")
    output_of(page, "all ran")
    table = grid(page, "Containers")
    table.get_by_text(HOSTILE_NAME).first.wait_for()
    table.locator("tbody tr").first.click()
    page.get_by_role("region", name=f"Details of {HOSTILE_NAME}").wait_for()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[onerror]").count() == 0
    page.goto(f"file://{folder}/report.html")
    page.get_by_text(HOSTILE_NAME).first.wait_for()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0


def test_overview_and_view_on_one_page_leave_each_other_in_peace(page: Page, lab: tuple[str, Path]) -> None:
    """Styles hold for the whole page: a name that both used once had the table cover the box to search in."""
    address, folder = lab
    write_notebook(
        folder / "both.ipynb", ["import dockerframe as dkf\nsnap = dkf.Fleet.demo().snapshot()\nsnap", "snap.view()"]
    )
    open_and_run(page, address, "both.ipynb")
    page.locator(".dkf-overview").wait_for()
    rows = grid(page, "Containers")
    rows.locator("tbody tr").first.wait_for()
    search = page.get_by_role("searchbox", name="Search in Containers").bounding_box()
    table = rows.bounding_box()
    assert search is not None
    assert table is not None
    assert search["y"] + search["height"] <= table["y"]


def test_the_overview_and_pictures_show_themselves(page: Page, lab: tuple[str, Path]) -> None:
    address, folder = lab
    cells = [
        "import dockerframe as dkf\nfrom dockerframe import plots\nsnap = dkf.Fleet.demo().snapshot(progress=False)\nsnap",
        "plots.port_map(snap.ports)",
        "plots.dependency_graph(snap.containers, snap.dependencies, 'shop')",
    ]
    write_notebook(folder / "pictures.ipynb", cells)
    open_and_run(page, address, "pictures.ipynb")
    page.locator(".dkf-overview").get_by_text("Connection refused").wait_for()
    page.locator(".jp-RenderedSVG").nth(1).wait_for()


def test_the_report_reads_on_a_phone(page: Page, tmp_path: Path) -> None:
    import dockerframe as dkf

    file = tmp_path / "report.html"
    file.write_text(dkf.Fleet.demo().snapshot(progress=False).to_html())
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"file://{file}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_text("docker-socket-writable").first.wait_for()


@pytest.mark.parametrize("name", [file.name for file in sorted(NOTEBOOKS.glob("*.ipynb"))])
def test_each_notebook_runs_as_it_is(page: Page, lab: tuple[str, Path], name: str) -> None:
    address, folder = lab
    shutil.copy(NOTEBOOKS / name, folder / name)
    if not (folder / "cassettes").exists():
        shutil.copytree(NOTEBOOKS.parent / "cassettes", folder / "cassettes")
    cells = nbformat.read(folder / name, as_version=4).cells
    count = sum(cell.cell_type == "code" for cell in cells)
    open_and_run(page, address, name)
    last = page.locator(".jp-CodeCell").nth(count - 1).locator(".jp-InputPrompt")
    last.scroll_into_view_if_needed()
    page.wait_for_function("prompt => /\\[\\d+\\]/.test(prompt.textContent)", arg=last.element_handle())
    assert page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert page.locator(".jp-OutputArea-output", has_text="Traceback").count() == 0
