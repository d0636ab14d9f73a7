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


def column(table: Locator, heading: str) -> list[str]:
    """The texts of one column, by its heading."""
    headings = [text.rstrip(" ▲▼") for text in table.locator("thead th").all_inner_texts()]
    return table.locator(f"tbody tr td:nth-child({headings.index(heading) + 1})").all_inner_texts()


def choice(page: Page, facet: str, value: str) -> Locator:
    return page.get_by_role("group", name=f"Filter by {facet}").get_by_role("checkbox", name=value)


def output_of(page: Page, text: str) -> None:
    page.locator(".jp-OutputArea-output", has_text=text).first.wait_for()


@pytest.fixture
def opened(page: Page, lab: tuple[str, Path], request: pytest.FixtureRequest) -> Page:
    address, folder = lab
    name = f"{request.node.name}.ipynb"
    write_notebook(folder / name, [DEMO])
    page.set_viewport_size({"width": 1366, "height": 768})
    open_and_run(page, address, name)
    grid(page, "Containers").locator("tbody tr").first.wait_for()
    return page


def test_choosing_a_host_filters_every_tab_and_shows_a_chip(opened: Page) -> None:
    assert opened.get_by_text("61 of 61 containers").count() == 1
    hosts = opened.get_by_role("group", name="Filter by host")
    assert [text.split("\n")[0] for text in hosts.locator("label").all_inner_texts()] == [
        "edge", "apps", "data", "lab", "backup",
    ]  # fmt: skip
    choice(opened, "host", "lab").check()
    opened.get_by_text("6 of 61 containers").wait_for()
    assert set(column(grid(opened, "Containers"), "host")) == {"lab"}
    opened.get_by_text("Host (1 chosen)").wait_for()
    opened.locator(".dkf").get_by_role("tab", name="Routes").click()
    grid(opened, "Routes").locator("tbody tr").first.wait_for()
    assert set(column(grid(opened, "Routes"), "host")) == {"lab"}
    opened.get_by_role("button", name="Remove the filter host: lab").click()
    opened.get_by_text("61 of 61 containers").wait_for()


def test_facets_keep_the_counts_of_their_other_values(opened: Page) -> None:
    choice(opened, "state", "exited").check()
    opened.get_by_text("2 of 61 containers").wait_for()
    running = opened.get_by_role("group", name="Filter by state").locator("label", has_text="running")
    assert running.inner_text().split() == ["running", "47"]


def test_severity_facet_filters_findings(opened: Page) -> None:
    opened.locator(".dkf").get_by_role("tab", name="Findings").click()
    opened.locator("summary", has_text="Severity").click()
    choice(opened, "severity", "critical").check()
    opened.get_by_text("severity: critical").wait_for()
    assert set(column(grid(opened, "Findings"), "severity")) == {"critical"}


def test_search_narrows_and_says_why_nothing_matches(opened: Page) -> None:
    search = opened.get_by_role("searchbox", name="Search in Containers")
    search.fill("POSTGRES")
    opened.get_by_text("search: POSTGRES").wait_for()
    table = grid(opened, "Containers")
    assert {"pg-0", "auth-postgresql-1"} <= set(column(table, "name"))
    assert "blog" not in column(table, "name")
    search.fill("image:postgres")
    opened.get_by_text("search: image:postgres").wait_for()
    assert all("postgres" in image for image in column(table, "image"))
    search.fill("label:compose.project=shop")
    opened.get_by_text("1–7 of 7").wait_for()
    search.fill("nowhere at all")
    opened.get_by_text("No row matches search: nowhere at all.").wait_for()
    opened.locator(".dkf-empty").get_by_role("button", name="Remove all filters and the search").click()
    opened.get_by_text("1–61 of 61").wait_for()


def test_headings_sort_by_value_and_a_third_click_restores_the_order(opened: Page) -> None:
    opened.locator(".dkf").get_by_role("tab", name="Findings").click()
    table = grid(opened, "Findings")
    table.locator("tbody tr").first.wait_for()
    as_found = column(table, "severity")
    ranks = ["info", "low", "medium", "high", "critical"]
    heading = table.get_by_role("button", name="Sort by severity")
    heading.click()
    opened.wait_for_function("document.querySelector('th[aria-sort=ascending]')")
    assert [ranks.index(one) for one in column(table, "severity")] == sorted(
        map(ranks.index, column(table, "severity"))
    )
    heading.click()
    opened.wait_for_function("document.querySelector('th[aria-sort=descending]')")
    assert column(table, "severity")[0] == "critical"
    heading.click()
    opened.wait_for_function("!document.querySelector('th[aria-sort=descending]')")
    assert column(table, "severity") == as_found


def test_details_open_next_to_the_table_and_links_lead_on(opened: Page) -> None:
    grid(opened, "Containers").get_by_text("shop-api-1", exact=True).first.click()
    details = opened.get_by_role("region", name="Details of shop-api-1")
    details.wait_for()
    box, table = details.bounding_box(), grid(opened, "Containers").bounding_box()
    assert box is not None
    assert table is not None
    assert box["x"] > table["x"]
    assert box["x"] + box["width"] <= 1366
    text = details.inner_text()
    for expected in ("Route api", "proxy.api.healthcheck.path", "Labels com.docker.compose", "Networks"):
        assert expected in text
    details.get_by_role("button", name="db", exact=True).first.click()
    other = opened.get_by_role("region", name="Details of shop-db-1")
    other.get_by_text("Needed by").wait_for()
    opened.keyboard.press("Escape")
    other.wait_for(state="hidden")


def test_keyboard_reaches_rows_details_and_tabs(opened: Page) -> None:
    rows = grid(opened, "Containers").locator("tbody tr")
    rows.first.focus()
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("Enter")
    opened.get_by_role("region", name="Details of blog-old").wait_for()
    assert rows.nth(2).get_attribute("aria-selected") == "true"
    opened.locator(".dkf").get_by_role("tab", name="Containers").focus()
    opened.keyboard.press("ArrowRight")
    grid(opened, "Projects").wait_for()


def test_columns_can_be_hidden(opened: Page) -> None:
    table = grid(opened, "Containers")
    opened.get_by_text("Columns", exact=True).first.click()
    opened.get_by_label("image", exact=True).first.uncheck()
    assert "image" not in table.locator("th").all_inner_texts()
    assert table.get_by_text("ghost:5").count() == 0


def test_selected_rows_are_downloaded(opened: Page, tmp_path: Path) -> None:
    table = grid(opened, "Containers")
    rows = table.locator("tbody tr")
    rows.nth(0).get_by_role("checkbox").check()
    opened.get_by_text("1 selected").wait_for()
    rows.nth(2).locator("td").nth(2).click(modifiers=["Shift"])
    opened.get_by_text("3 selected").wait_for()
    with opened.expect_download() as download:
        opened.get_by_role("button", name="as CSV").click()
    download.value.save_as(tmp_path / "rows.csv")
    written = pl.read_csv(tmp_path / "rows.csv", infer_schema=False)
    assert written.height == 3
    assert "labels" in written.columns
    table.get_by_role("checkbox", name="Select all rows that pass the filters").check()
    opened.get_by_text("61 selected").wait_for()


def test_refresh_keeps_filters_and_reports_changes(opened: Page) -> None:
    choice(opened, "host", "lab").check()
    opened.get_by_text("6 of 61 containers").wait_for()
    opened.get_by_role("button", name="Ask all hosts again").click()
    opened.get_by_text("Refreshed: nothing changed.").wait_for()
    assert opened.get_by_text("6 of 61 containers").count() == 1
    period = opened.get_by_label("Seconds between refreshes")
    period.fill("1")
    period.press("Tab")
    before = opened.get_by_text("taken 20").inner_text()
    opened.wait_for_function(f"!document.body.innerText.includes({before!r})")


def test_the_table_stays_on_the_first_screen_at_800_pixels(opened: Page) -> None:
    opened.set_viewport_size({"width": 800, "height": 768})
    opened.locator(".dkf-narrow").wait_for()
    opened.locator(".dkf").evaluate("view => view.scrollIntoView()")
    table = grid(opened, "Containers").locator("thead").bounding_box()
    assert table is not None
    assert table["y"] < 600


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
