"""Lists of the stock that come and go as CSV."""

import csv
import io

import httpx
import pytest

from tests.walking import OTHER_POOL, POOL
from tests.web.casework_ground import Court, made_court  # noqa: F401  (a fixture)
from tests.web.conftest import Browser
from tests.web.test_stock import handsets
from tests.web.test_stock_numbers import SIM
from tgd.casework.csv_list import safe_cell

HEAD = "pool,model,battery,radio,number,imei\n"
GOOD = f"{POOL},Modele A,B1,volte,+33639980031,490154203237518\n"


async def upload(browser: Browser, raw: bytes, *, dry_run: str = "yes") -> httpx.Response:
    return await browser.client.post(
        "/stock/import", files={"file": ("stock.csv", raw, "text/csv")},
        data={"form_token": browser.form_token, "dry_run": dry_run},
        headers={"sec-fetch-site": "same-origin"},
    )  # fmt: skip


BAD_LINES = {
    f"{POOL},{'x' * 61},,4g,,\n": "60 caractères",
    f"{POOL},Modele A,,4g,,35\x00\n": "60 caractères",
    f"{POOL},Modele\x07A,,4g,,\n": "60 caractères",
    f"{POOL},A,B,volte,+33639980031,490154203237519\n": "bonne clé",
    f"{POOL},A,B,volte,12,\n": "numéro de téléphone",
    "NOWHERE,A,B,volte,,\n": "tel stock",
    f"{OTHER_POOL},A,B,volte,,\n": "tel stock",
    f'{POOL},"=cmd|/c calc",B,volte,,\n': "formule",
    f"{POOL},@SUM(A1),B,volte,,\n": "formule",
    f"{POOL},A,B,volte\n": "cellules",
}


async def test_a_dry_run_names_every_bad_line_and_changes_nothing(court: Court) -> None:
    sofia = await court.browser("Sofia")
    raw = (HEAD + GOOD + "".join(BAD_LINES) + GOOD).encode()
    for dry_run in ("yes", "no"):
        reply = await upload(sofia, raw, dry_run=dry_run)
        assert reply.status_code == 422
        for n, said in enumerate(BAD_LINES.values(), 3):
            assert f"Ligne {n}" in reply.text
            assert said in reply.text
        assert f"Ligne {3 + len(BAD_LINES)}" in reply.text, "the number stands twice"
        assert "Ligne 2 " not in reply.text
        assert handsets(court) == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("modèle;é\n".encode("latin-1"), 422), (b"", 422), (b"a,b\n1,2\n", 422),
        (HEAD.encode(), 422), (b"\x00" * 1000, 422), (HEAD.encode() + b"x" * 10_000_000, 413),
    ],
    ids=["latin-1", "empty", "other columns", "no line", "no text", "10 MB"],
)  # fmt: skip
async def test_a_file_that_is_no_list_gets_a_sentence(
    court: Court, raw: bytes, status: int
) -> None:
    sofia = await court.browser("Sofia")
    reply = await upload(sofia, raw)
    assert reply.status_code == status
    assert 'role="alert"' in reply.text
    assert handsets(court) == []


async def test_a_quote_that_is_never_closed_is_named_by_its_line(court: Court) -> None:
    sofia = await court.browser("Sofia")
    reply = await upload(sofia, (HEAD + GOOD + '"' + "x" * 200_000).encode(), dry_run="no")
    assert reply.status_code == 422
    assert "Ligne 3 – À partir de cette ligne" in reply.text
    assert handsets(court) == []


async def test_a_sound_list_is_judged_then_ordered_once(court: Court) -> None:
    sofia = await court.browser("Sofia")
    raw = (HEAD + GOOD + f"{POOL},Modele B,,4g,,\n").encode("utf-8-sig")
    assert "rien n’a encore été changé" in (await upload(sofia, raw)).text
    assert handsets(court) == []
    assert "2 terminaux sont commandés" in (await upload(sofia, raw, dry_run="no")).text
    assert len(handsets(court)) == 2
    again = await upload(sofia, raw, dry_run="no")
    assert "a déjà ce numéro" in again.text
    assert len(handsets(court)) == 2


async def test_a_list_is_for_the_stock_manager_alone(court: Court) -> None:
    greta = await court.browser("Greta")
    assert (await upload(greta, (HEAD + GOOD).encode(), dry_run="no")).status_code == 404
    assert handsets(court) == []


async def test_the_export_is_safe_for_spreadsheets_and_comes_back(court: Court) -> None:
    sofia = await court.browser("Sofia")
    await sofia.post("/stock/order", pool=POOL, model="-2+3", number="+33639980031")
    raw = (await sofia.get("/stock.csv")).content
    (row,) = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert row["model"] == "'-2+3"
    assert row["number"] == "'+33639980031"


def test_no_cell_that_is_written_begins_a_formula() -> None:
    for evil in ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1"):
        assert safe_cell(evil) == "'" + evil
    assert safe_cell("plain") == "plain"


WITH_IMSI = HEAD.strip() + ",imsi\n"
BAD_SIMS = {
    f"{POOL},A,B,volte,,,2080100000\n": "14 ou 15 chiffres",
    f"{POOL},A,B,volte,,,999010000000001\n": "14 ou 15 chiffres",
    f"{POOL},A,B,volte,,,{SIM}\n": "cet IMSI est deux fois",
    f"{POOL},A,B,volte,,,=1+1\n": "formule",
}


async def test_a_bad_imsi_is_named_by_its_line_and_a_good_one_comes_back(court: Court) -> None:
    sofia = await court.browser("Sofia")
    good = f"{GOOD.strip()},{SIM}\n"
    reply = await upload(sofia, (WITH_IMSI + good + "".join(BAD_SIMS)).encode(), dry_run="no")
    assert reply.status_code == 422
    for n, said in enumerate(BAD_SIMS.values(), 3):
        assert said in reply.text.split(f"Ligne {n} ")[1].split("</li>")[0]
    assert handsets(court) == []
    assert (await upload(sofia, (WITH_IMSI + good).encode(), dry_run="no")).status_code == 200
    other = f"{POOL},A,B,volte,+33639980032,,{SIM}\n"
    assert "cet IMEI ou cet IMSI" in (await upload(sofia, (WITH_IMSI + other).encode())).text
    raw = (await sofia.get("/stock.csv")).content
    (row,) = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert (row["imei"], row["imsi"]) == ("490154203237518", SIM)
    assert tuple(row)[:7] == tuple(WITH_IMSI.strip().split(","))
