"""Alarms and dashboard speak of metrics that exist, with labels that they have."""

import json
import re

import promql_parser
import pytest
import yaml
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from freehold.commands.monitoring import FILES, monitoring_command
from freehold.services.operator.figures import Figures
from freehold.services.operator.metrics import exposition
from freehold.services.operator.settings import OperatorSettings
from freehold.services.operator.store import open_store
from tests.support.operating import ABOUT, FACTS, NOW, fill
from tests.support.paths import ROOT

NAME = re.compile(r"freehold_[a-z0-9_]+")
SELECTOR = re.compile(r"(freehold_[a-z0-9_]+)\{([^}]*)\}")
GROUPED = re.compile(r"by \(([^)]*)\)")


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Names of samples, each with its labels."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('store') / 'operator.db'}")
    store.migrate()
    fill(store)
    text = exposition(Figures(store, ABOUT, lambda: FACTS, lambda: float(NOW))).decode()
    store.close()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitoring") / "new"
    result = CliRunner().invoke(monitoring_command, [str(folder)])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def rules(written):
    (group,) = yaml.safe_load((written / "alerts.yml").read_text())["groups"]
    return group["rules"]


@pytest.fixture(scope="module")
def panels(written):
    return json.loads((written / "dashboard.json").read_text())["panels"]


@pytest.fixture(scope="module")
def expressions(rules, panels):
    return [rule["expr"] for rule in rules] + [target["expr"] for panel in panels for target in panel["targets"]]


def test_every_expression_is_promql(expressions):
    for expression in expressions:
        promql_parser.parse(expression)  # raises ValueError for what is none, also for a function's wrong type


def test_every_metric_that_is_named_exists(expressions, samples):
    named = {name for expression in expressions for name in NAME.findall(expression)}
    assert named - samples.keys() == set()


def test_every_label_that_is_named_exists(expressions, samples):
    for expression in expressions:
        for name, selector in SELECTOR.findall(expression):
            assert set(re.findall(r"([a-z_]+)\s*[=!]", selector)) <= samples[name], expression
        labels = {label for group in GROUPED.findall(expression) for label in group.replace(" ", "").split(",")}
        assert labels <= set().union(*(samples[name] for name in NAME.findall(expression))), expression


def test_every_metric_is_on_the_dashboard(panels, samples):
    shown = " ".join(target["expr"] for panel in panels for target in panel["targets"])
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in samples}
    assert [name for name in sorted(families) if name not in shown] == []


def test_legends_name_labels_that_are_left(panels, samples):
    for panel in panels:
        for target in panel["targets"]:
            labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert labels <= set().union(*(samples[name] for name in NAME.findall(target["expr"]))), panel["title"]


def test_panels_lie_beside_each_other(panels):
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_every_alarm_says_what_it_is_and_how_much_it_hurts(rules):
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]


def test_files_that_are_there_are_not_touched(tmp_path):
    (tmp_path / FILES[1]).write_text("mine")
    refused = CliRunner().invoke(monitoring_command, [str(tmp_path)])
    assert refused.exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == [FILES[1]]
    assert (tmp_path / FILES[1]).read_text() == "mine"


def undocumented(rules, page: str) -> list[str]:
    """Alarms that have no paragraph of their own."""
    told = re.findall(r"^\*\*(Freehold\w+)\.\*\* \S", page.split("## At an alarm")[1], re.MULTILINE)
    assert len(told) == len(set(told)) and set(told) <= {rule["alert"] for rule in rules}
    return [rule["alert"] for rule in rules if rule["alert"] not in told]


def test_the_page_says_what_to_do_at_each_alarm(rules):
    page = (ROOT / "docs/operating.md").read_text()
    assert undocumented(rules, page) == []
    assert undocumented(rules, page.replace("**FreeholdSilent.**", "**Silent.**")) == ["FreeholdSilent"]


def test_the_pages_name_when_each_alarm_comes(rules):
    watching = (ROOT / "docs/watching.md").read_text()
    assert [rule["alert"] for rule in rules if f"`{rule['alert']}`" not in watching] == []


def test_the_page_says_what_each_section_of_the_settings_is():
    table = (ROOT / "docs/operating.md").read_text().split("## Configure")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(OperatorSettings.model_fields)
