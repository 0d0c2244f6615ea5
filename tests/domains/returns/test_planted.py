"""What is planted among the returns of the reference shop is found, and little else; the methods on figures made by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tillsight.domains.returns.alarms import likeliest
from tillsight.domains.returns.analyses import shrunk
from tillsight.domains.returns.language import languages, themes
from tillsight.domains.returns.prevention import MEASURES, SUREST, judged, lags
from tillsight.domains.returns.reasons import REASONS
from tillsight.reference_shop import Truths, comments
from tillsight.shop import Shop


def names_of(shop: Shop, ids: tuple[str, ...]) -> set[str]:
    rows = shop.query("units_sold", by=["product_id", "product"], period="all").to_records()
    return {row["product"] for row in rows if row["product_id"] in ids}


@pytest.mark.feature("RET-10")
def test_the_style_that_runs_small_stands_out(reference: Shop, truths: Truths) -> None:
    small = names_of(reference, truths.returns.small_product)
    assert len(small) == len(truths.returns.small_product) > 0
    frame = reference.analyse("returns.products", period="all").to_pandas()
    above = set(frame[frame.above]["product"])
    assert small <= above
    assert len(above - small) <= 2, above - small
    assert set(frame[frame["product"].isin(small)].reason) == {"Too small"}


@pytest.mark.feature("RET-13")
def test_a_size_guide_is_the_first_thing_to_do(reference: Shop, truths: Truths) -> None:
    small = names_of(reference, truths.returns.small_product)
    rows = reference.analyse("returns.prevention", period="all").to_records()
    first = rows[: len(small)]
    assert {row["product"] for row in first} == small
    assert {row["measure"] for row in first} == {"Size guide"}
    assert all(row["saving"] > 0 for row in first)
    # however plain it is, nothing is told to be certain
    assert {row["confidence"] for row in first} == {SUREST}
    assert all(90 <= row["confidence"] <= SUREST for row in rows)


@pytest.mark.feature("RET-10")
def test_the_bad_batch_is_found_by_its_weeks(reference: Shop, truths: Truths) -> None:
    plan = truths.suppliers
    [batch] = names_of(reference, plan.batch_products)
    rows = reference.analyse("returns.alarms", period="all").to_records()
    [found] = [row for row in rows if row["kind"] == "Quality pattern"]
    assert found["subject"] == batch
    assert found["first"] <= plan.batch_last
    assert found["last"] >= plan.batch_first
    # a week more or less: the window is made of whole weeks
    assert abs((found["first"] - plan.batch_first).days) <= 7
    assert abs((found["last"] - plan.batch_last).days) <= 7
    assert found["units"] > 5 * found["expected"]


@pytest.mark.feature("RET-12")
def test_serial_returners_are_told(reference: Shop, truths: Truths) -> None:
    answer = reference.analyse("returns.customers", period="all", limit=10_000)
    frame = answer.to_pandas()
    serial = frame[frame.serial]
    assert 0 < len(serial) < 0.05 * len(frame)
    assert (serial.returns >= 3).all()
    assert (serial.return_rate_cohort >= 50).all()
    assert (frame.repeat == (frame.returns >= 2)).all()
    # who sent back three times or more is found, but one who by chance kept more than half; one other is told with them
    planted = set(truths.serial.customers)
    shown = set(frame[frame.customer_id.isin(planted) & (frame.returns >= 3)].customer_id)
    found = set(serial.customer_id)
    assert len(shown) >= 4
    assert len(shown - found) <= 1
    assert len(found - planted) <= 1


@pytest.mark.feature("RET-02")
def test_reasons_come_as_often_as_they_are_planted(reference: Shop, truths: Truths) -> None:
    """Without the style that runs small and the defects of batches, by chance alone: a chi-square of each department."""
    titles = {reason.code: reason.title for reason in REASONS}
    small = names_of(reference, truths.returns.small_product)
    planted = {"Clothing": truths.returns.clothing_reasons, "Home Living": truths.returns.home_reasons}
    rows = reference.query("returned_units", by=["department", "product", "return_reason"], period="all").to_pandas()
    rows = rows[~rows["product"].isin(small)].astype({"returned_units": float})
    for department, reasons in planted.items():
        mine = rows[rows.department == department].groupby("return_reason").returned_units.sum()
        wanted = pd.Series({titles[code]: share for code, share in reasons})
        seen = mine.reindex(wanted.index, fill_value=0.0)
        expected = wanted / wanted.sum() * seen.sum()
        # units come several in a line, so a count of units varies more than one of lines
        assert stats.chi2.sf(((seen - expected) ** 2 / expected).sum() / 2, len(wanted) - 1) > 0.001, department
        assert seen.sum() > 0.6 * mine.sum()
    # the planted ones do not fit where another department is meant
    swapped = rows[rows.department == "Home Living"].groupby("return_reason").returned_units.sum()
    assert swapped.get("Too small", 0) == 0
    top = rows[rows.department == "Clothing"].groupby("return_reason").returned_units.sum().idxmax()
    assert top in ("Too small", "Too large")


SMELLS = {"English": "smell", "German": "geruch", "French": "odeur", "Dutch": "geur"}


@pytest.mark.feature("RET-09")
def test_the_smell_that_customers_write_of_is_a_theme_in_every_language(reference: Shop, truths: Truths) -> None:
    answer = reference.analyse("returns.comments", period="all", limit=500)
    frame = answer.to_pandas()
    categories = dict(
        reference.query("units_sold", by=["product", "category"], period="all")
        .to_pandas()[["product", "category"]]
        .itertuples(index=False)
    )
    written = reference.releases.current().files.run_sql(
        "SELECT lower(reason_detail) AS text, count(*) AS comments FROM return_items WHERE reason_detail IS NOT NULL GROUP BY 1"
    ).to_pandas()  # fmt: skip
    assert set(frame.language) == set(SMELLS)
    for language, word in SMELLS.items():
        mine = frame[frame.language == language]
        about = mine[mine.theme.str.contains(word)]
        assert len(about) >= 1, language
        told = written[written.text.str.contains(word, regex=False)].comments.sum()
        assert 0.7 * told <= about.comments.sum() <= 1.5 * told, language
        # each example of it says so
        for examples in about.examples:
            assert word in examples.lower(), examples
        assert (about.tone.dropna() < 0).all()
    # it stands out at goods of the category in which it is planted, in the languages with comments enough
    products = set(frame[frame.theme.str.contains("smell|geruch")]["product"].dropna())
    assert products
    assert {categories[product] for product in products} == {truths.comments.smell_category}


@pytest.mark.feature("RET-09")
def test_the_coating_that_comes_off_is_what_is_written_of_a_bad_batch() -> None:
    """What customers of the reference shop write about one product in English and German, nine of ten defects as planted."""
    texts: list[str] = []
    spoken: list[str] = []
    reasons: list[str] = []
    for language in ("en", "de"):
        for reason, said in comments.TEXTS[language].items():
            planted = comments.THEMES[comments.COATING][language]
            chosen = [*planted, *planted, *planted, *said] if reason == "manufacturing_defect" else said
            for opening in comments.OPENINGS[language]:
                texts += [opening + one for one in chosen]
                reasons += [reason] * len(chosen)
        spoken += [language] * (len(texts) - len(spoken))
    assert languages(texts) == spoken
    found = themes(texts, np.ones(len(texts)), spoken, (reasons,))
    for language, word in (("en", "coating"), ("de", "beschichtung")):
        about = [one for one in found if one.language == language and any(word in phrase for phrase in one.phrases)]
        members = [texts[place].lower() for one in about for place in one.texts]
        there = sum(word in text.lower() for text in texts)
        assert there == 36
        assert sum(word in text for text in members) >= 0.9 * there
        assert sum(word in text for text in members) >= 0.9 * len(members), "and nothing else is among them"


@pytest.mark.feature("RET-09")
def test_phrases_go_with_reasons_and_greetings_with_none(reference: Shop) -> None:
    rows = reference.analyse("returns.phrases", period="all", limit=1000).to_records()
    goes_with = {row["phrase"]: row["reason"] for row in rows}
    assert goes_with["farbe"] == "Colour not as expected"
    assert goes_with["schultern"] == "Too small"
    assert goes_with["auswahl bestellt"] == "No longer needed"
    assert "geehrte damen" not in goes_with
    assert all(row["times"] >= 1.5 for row in rows)
    # of fewer comments chance alone puts an opening with one reason half as often again as with others
    rows = reference.analyse("returns.phrases", period="last_12_months", limit=1000).to_records()
    openings = {
        "schicke es zurück",
        "zurück",
        "sorry",
        "unfortunately",
        "malheureusement",
        "retourne",
        "helaas",
        "jammer",
    }
    assert rows
    assert not {row["phrase"] for row in rows} & openings


@pytest.mark.feature("RET-09")
def test_themes_are_the_same_after_every_start() -> None:
    """Python orders sets anew in each process: nothing of that may move a text to another theme."""
    code = (
        "import numpy as np; from tillsight.reference_shop import comments; from tillsight.domains.returns.language import themes\n"
        "said = [(o + t, r) for r, all_ in comments.TEXTS['de'].items() for o in comments.OPENINGS['de'] for t in all_]\n"
        "texts, reasons = zip(*said)\n"
        "for one in themes(texts, np.ones(len(texts)), ['de'] * len(texts), (reasons,)): print(one.phrases, one.texts.tolist())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_a_list_says_how_many_there_are_beside_those_it_shows(reference: Shop) -> None:
    for name in ("products", "customers", "prevention"):
        whole = reference.analyse(f"returns.{name}", period="all", limit=1000)
        short = reference.analyse(f"returns.{name}", period="all", limit=3)
        assert short.table.num_rows == 3
        assert short.row_count == whole.row_count == whole.table.num_rows > 3
        assert short.sentences[0] == whole.sentences[0]


@pytest.mark.parametrize("name", ["funnel", "lag", "maturity", "products", "prevention", "customers"])
def test_a_period_without_data_is_empty_and_praises_nothing(reference: Shop, name: str) -> None:
    answer = reference.analyse(f"returns.{name}", start=date(2020, 1, 1), end=date(2020, 1, 31))
    assert answer.table.num_rows == answer.row_count == 0
    [said] = answer.sentences
    assert "in this period" in said["text"]
    assert said["tone"] == "neutral"


@pytest.mark.feature("RET-11")
def test_young_months_are_projected_to_what_old_ones_reached(reference: Shop) -> None:
    frame = reference.analyse("returns.maturity", period="last_12_months").to_pandas()
    old, last = frame[frame.final], frame.iloc[-1]
    assert len(old) >= 10
    assert not last.final
    assert last.rate < old.rate.min(), "what is back so far says too little"
    assert last.low <= old.rate.median() <= last.high
    assert (old.projected - old.rate).abs().max() < 0.5


def test_shrinking_keeps_few_sales_from_the_top() -> None:
    """Two returns of three sales against 300 of 1,000 in a category where a tenth comes back."""
    usual = pd.DataFrame(
        {"product": [f"u{i}" for i in range(20)], "units_sold": 500, "returned": [40 + i for i in range(20)]}
    )
    odd = pd.DataFrame({"product": ["few", "many"], "units_sold": [3, 1000], "returned": [2, 300]})
    frame = shrunk(pd.concat([usual, odd]).assign(category="C")).set_index("product")
    assert frame.loc["few", "rate"] > frame.loc["many", "rate"]
    assert frame.loc["few", "shrunk"] < frame.loc["many", "shrunk"]
    assert not frame.loc["few", "above"]
    assert frame.loc["many", "above"]
    assert set(frame[frame.above].index) == {"many"}
    assert ((frame.low <= frame.shrunk) & (frame.shrunk <= frame.high)).all()


def test_lags_from_histories_that_are_still_open() -> None:
    """Everything comes back after 10 or 20 days, half and half; the younger half of the purchases is seen in part."""
    ages = np.repeat(np.arange(100), 2)
    lag = np.tile([10, 20], 100)
    seen = lag <= ages
    share = lags(ages[seen], lag[seen], np.ones(seen.sum()))
    assert len(share) == 21
    assert share[9] == 0
    assert share[10] == share[19] == pytest.approx(0.5)
    assert share[20] == 1


def test_the_likeliest_window_is_the_planted_one() -> None:
    base = np.full((2, 20), 100.0)
    cases = np.full((2, 20), 2.0)
    cases[0, 7:10] = 20
    window, gain = likeliest(cases, base)
    assert window[0].tolist() == [7, 10]
    # by the formula: c = 60 of 94, expected 94 × 3 ÷ 20
    c, whole, e = 60.0, 94.0, 94 * 3 / 20
    assert gain[0] == pytest.approx(c * np.log(c / e) + (whole - c) * np.log((whole - c) / (whole - e)))
    assert gain[1] == pytest.approx(0)


def test_prevention_finds_nothing_where_nothing_is() -> None:
    """Forty alike products whose returns are chance alone."""
    draw = np.random.default_rng(7)
    products = [f"p{i}" for i in range(40)]
    sold = pd.DataFrame({"product": products, "category": "C", "units_sold": 400.0})
    back = pd.DataFrame(
        [
            (product, reason, float(draw.poisson(8)))
            for product in products
            for reason in ("Too small", "Late delivery")
        ],
        columns=["product", "return_reason", "returned_units_of_purchases"],
    )
    assert judged(sold, back).found.sum() <= 1
    back.loc[0, "returned_units_of_purchases"] = 60.0
    found = judged(sold, back)
    assert found[found.found]["product"].tolist() == ["p0"]
    assert found[found.found].expected.iloc[0] == pytest.approx(8, abs=1.5)
    assert 0 < found.confidence.max() <= SUREST
    # by hand: what is in doubt is the chance that of all units of the 40 products so many are of one, times what was tried
    units = back.groupby("return_reason").returned_units_of_purchases.sum()
    back.loc[0, "returned_units_of_purchases"] = 21.0
    single = judged(sold, back).set_index(["product", "measure"]).loc[("p0", "Size guide")]
    chance = stats.binom.sf(20, units["Too small"] - 39, 1 / 40)
    assert single.confidence == pytest.approx(100 * (1 - min(chance * 40 * len(MEASURES), 1)))
    assert 90 < single.confidence < 99


def test_too_little_came_back_to_say_more(reference: Shop) -> None:
    answer = reference.analyse(
        "returns.maturity", start=date(2025, 1, 1), end=date(2025, 3, 31), where="category=Gift sets"
    )
    assert answer.to_pandas().projected.isna().all()
    assert "Too little" in answer.sentences[0]["text"]
