"""The papers of a public code: the licence is whole, publiccode.yml can be read by machines."""

import hashlib
import re
from typing import get_args

import yaml

from dispatch.telling import Answer
from tests.tidy.house import ROOT

PUBLICCODE = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))


def test_the_licence_is_the_whole_eupl_1_2_and_nothing_else():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")
    for article in range(1, 16):
        assert re.search(rf"^\s*{article}\. ?[A-Z]", text, re.MULTILINE), f"article {article}"
    words = " ".join(text.split()).encode()
    assert (
        hashlib.sha256(words).hexdigest()
        == "b265314fe0920ed66121307961dabb70eb3c26c508d2362783e821bbb4a0e16c"
    )


def test_publiccode_has_what_a_catalogue_asks_for():
    assert PUBLICCODE["publiccodeYmlVersion"] == "0.4"
    assert PUBLICCODE["legal"]["license"] == "EUPL-1.2"
    for language in ("fr", "en"):
        description = PUBLICCODE["description"][language]
        assert len(description["shortDescription"]) <= 150
        assert 150 <= len(description["longDescription"]) <= 10_000
        assert description["features"]
    assert PUBLICCODE["localisation"]["availableLanguages"] == ["fr", "en"]


def test_publiccode_invents_no_user_no_person_and_no_address():
    assert PUBLICCODE["usedBy"] == []
    assert PUBLICCODE["maintenance"]["contacts"] == []
    assert not {"url", "landingURL"} & set(PUBLICCODE)


def test_every_link_between_documents_leads_somewhere():
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")]
    dead = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in documents
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert dead == []


def test_every_alarm_has_its_screen_in_the_runbook():
    runbook = (ROOT / "deploy" / "runbook.md").read_text(encoding="utf-8")
    screens = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^## (.+)$", runbook, re.MULTILINE)
    }
    alarms = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())
    for group in alarms["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["runbook"].removeprefix("runbook.md#") in screens


def test_every_number_that_an_alarm_watches_is_counted_by_us():
    alarms = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text()
    watched = {name.removesuffix("_bucket") for name in re.findall(r"\btgd_[a-z_]+\b", alarms)}
    counts = [
        *ROOT.glob("gateway/**/*.py"),
        *ROOT.glob("dispatch/**/*.py"),
        *ROOT.glob("tgd/**/*.py"),
    ]
    counted = set(re.findall(r'"(tgd_[a-z_]+)"', " ".join(p.read_text() for p in counts)))
    assert watched - counted == set()


def test_every_alarm_about_answers_uses_a_word_that_dispatch_says():
    alarms = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text()
    words = {
        word for said in re.findall(r'answer=~?"([a-z|]+)"', alarms) for word in said.split("|")
    }
    assert words
    assert words <= {kind.__name__.lower() for kind in get_args(Answer)}
