"""The telephone to ring when the console is dead stands where people look in that hour."""

import pytest

from tests.web.conftest import FULL_DISK, House
from tgd.doctor.console import check_degraded_line
from tgd.errors import Misconfigured
from tgd.settings import Settings, read

LINE = "01 99 00 00 50"
SET = pytest.mark.parametrize("house", [{"degraded_line": LINE}], indirect=True)
LINK = '<a class="figures whole" href="tel:0199000050">01 99 00 00 50</a>'


@SET
async def test_it_is_in_the_banners_and_on_paper(house: House) -> None:
    sami = await house.signed_in("Sami")
    for page, times in {"/": 2, "/shift": 2, "/supervision": 3, "/on-paper": 3}.items():
        said = (await sami.get(page)).text
        assert said.count(f"Appelez le {LINK}") == times, page


@SET
async def test_the_page_that_says_that_the_record_is_away_names_it(house: House) -> None:
    bruno, alert = await house.signed_in("Bruno"), house.press(house.give())
    with house.refusing("note", FULL_DISK):
        page = await bruno.post(f"/alerts/{alert}/note", words="Elle entend des pas.")
        said = await bruno.post(f"/alerts/{alert}/note", json=True, words="Elle entend des pas.")
    assert (page.status_code, LINK in page.text) == (503, True)
    assert (said.status_code, said.json()["ring"]) == (503, LINE)
    assert LINK not in (await bruno.get("/nowhere")).text, "a wrong address is no outage"


async def test_nothing_is_shown_where_none_is_set_and_the_doctor_says_so(house: House) -> None:
    sami = await house.signed_in("Sami")
    for page in ("/", "/supervision", "/on-paper"):
        assert "Appelez le" not in (await sami.get(page)).text
    (missing,) = check_degraded_line("")
    assert "TGD_DEGRADED_LINE" in missing.do
    assert list(check_degraded_line(LINE)) == []


@pytest.mark.parametrize("number", [LINE, "+33 1 99 00 00 50", "4000", "1"])
def test_a_number_that_can_be_dialled_is_taken(number: str) -> None:
    assert Settings.model_validate({"degraded_line": number}).degraded_line == number


@pytest.mark.parametrize("number", ["ask Sonia", "01 99 ", "javascript:1", "0" * 40, "+"])
def test_another_is_refused_at_the_start(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TGD_DEGRADED_LINE", number)
    with pytest.raises(Misconfigured, match="TGD_DEGRADED_LINE"):
        read()
