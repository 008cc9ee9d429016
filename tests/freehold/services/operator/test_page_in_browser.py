"""The status page as people see it. `make test-browser` runs these; the pictures are in `.build/pages`."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
import uvicorn

from freehold.services.operator.status import application
from freehold.services.operator.store import open_store
from tests.support.browser import browser
from tests.support.operating import ABOUT, FACTS, NOW, POSITION, fill
from tests.support.paths import ROOT
from tests.support.ports import free_port

pytestmark = pytest.mark.browser
PICTURES = ROOT / ".build" / "pages"
LOOKS = {"light": (1100, False), "dark": (1100, True), "narrow": (390, False), "narrow_dark": (390, True)}


@contextmanager
def serving(app):
    server = uvicorn.Server(uvicorn.Config(app, port=(port := free_port()), log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}/status"
    finally:
        server.should_exit = True
        thread.join()


def pages(store, facts=FACTS):
    return application(store, ABOUT, lambda: facts, lambda: NOW - 1, lambda: float(NOW))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('store') / 'operator.db'}")
    store.migrate()
    yield store
    store.close()


@pytest.fixture(scope="module")
def filled(store):
    fill(store)
    return store


@pytest.fixture(scope="module")
def url(filled):
    with serving(pages(filled)) as address:
        yield address


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def test_an_empty_operator_has_a_page(store, page):
    with serving(pages(store)) as address:
        page.open(address)
        page.photograph(PICTURES / "empty.png")
    assert "No batch yet" in page.says("document.body.innerText")


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_hangs_over_the_edge(page, url, look):
    width, is_dark = LOOKS[look]
    page.open(f"{url}?position={POSITION}", width, is_dark)
    page.photograph(PICTURES / f"{look}.png")
    assert page.says("document.documentElement.scrollWidth") <= width
    assert page.says(WIDER) == []


WIDER = """[...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > innerWidth + 1)
    .map(one => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("look", LOOKS)
def test_all_text_stands_out_from_its_ground(page, url, look):
    """By 4.5 to 1, which WCAG 2.2 AA asks for."""
    page.open(f"{url}?position={POSITION}", *LOOKS[look])
    faint = page.says(CONTRASTS)
    assert faint == []


CONTRASTS = """(() => {
    const light = text => { const [r, g, b] = text.match(/[0-9.]+/g).slice(0, 3).map(Number).map(part => part / 255)
        .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b }
    const ground = one => { for (; one; one = one.parentElement) {
        const colour = getComputedStyle(one).backgroundColor
        if (!/, 0\\)$/.test(colour)) return colour } return 'rgb(255, 255, 255)' }
    const texts = [...document.querySelectorAll('body *')].filter(one => [...one.childNodes]
        .some(node => node.nodeType === 3 && node.data.trim()) && !one.closest('svg'))
    return texts.map(one => {
        const pair = [light(getComputedStyle(one).color), light(ground(one))].sort((a, b) => b - a)
        return [(pair[0] + 0.05) / (pair[1] + 0.05), one.outerHTML.slice(0, 80)] }).filter(([ratio]) => ratio < 4.5)
})()"""


def test_the_browser_has_nothing_to_complain_of(page, url):
    """The policy of the page's headers lets through what the page is made of."""
    page.complaints.clear()
    page.open(url)
    background = page.says("getComputedStyle(document.querySelector('.tile')).borderRadius")
    assert background != "0px"
    assert [one for one in page.complaints if "favicon" not in one and "404" not in one] == []


def test_nothing_comes_from_elsewhere_and_no_script_runs(page, url):
    page.open(url)
    assert page.says("document.scripts.length") == 0
    loaded = page.says("performance.getEntriesByType('resource').map(one => one.name)")
    assert all(name.startswith(url.removesuffix("/status")) for name in loaded)


def test_a_withdrawal_is_found_by_the_form(page, url):
    page.open(url)
    page.click_through(f"position.value = '{POSITION}'; document.forms[0].querySelector('button').click()")
    here = page.says("[...document.querySelectorAll('.here')].map(one => one.innerText)")
    assert here == ["requested", "requested", "batched", "withdrawable", "paid"]
    assert "#withdrawals" in page.says("location.href")


def test_bars_are_as_long_as_their_batches_took(page, url):
    page.open(url)
    widths = page.says(
        "[...document.querySelectorAll('.bar')].map(bar => [...bar.querySelectorAll('rect')]"
        ".reduce((sum, one) => sum + one.width.baseVal.value, 0))"
    )
    assert max(widths) == pytest.approx(1000, abs=0.5)
    assert all(0 < width <= 1000.5 for width in widths)


def test_what_is_wrong_is_seen_first(filled, page):
    troubled = replace(FACTS, held=4_000 * 10**6, head=2_000, configuration_agrees=False, balances={"submitter": 5})
    with serving(pages(filled, troubled)) as address:
        page.open(address)
        page.photograph(PICTURES / "troubled.png")
        page.open(address, 390, True)
        page.photograph(PICTURES / "troubled_narrow.png")
    alarms = page.says("[...document.querySelectorAll('.alarms li')].map(one => one.innerText)")
    assert len(alarms) == 4
    assert page.says("document.title").startswith("Look: ")
