"""What signs and short forms are called in the languages that have rules (`signs`, `english`)."""

from typing import Final, NamedTuple

#: One of a thing, and several of it.
Named = tuple[str, str]


class SignWords(NamedTuple):
    """`currencies` and `units` by their sign. `clock` has an hour and minutes, `hour` a full hour, `date` a day, a
    month's name and a year. `to` joins the ends of a range."""

    currencies: dict[str, Named]
    units: dict[str, Named]
    percent: str
    minus: str
    to: str
    and_: str
    at: str
    dot: str
    clock: str
    hour: str
    date: str
    months: tuple[str, ...]


def _same(**names: str) -> dict[str, Named]:
    return {sign: (name, name) for sign, name in names.items()}


ENGLISH: Final = SignWords(
    currencies={
        "$": ("dollar", "dollars"), "€": ("euro", "euros"), "£": ("pound", "pounds"), "¥": ("yen", "yen"),
        "₹": ("rupee", "rupees"), "USD": ("dollar", "dollars"), "EUR": ("euro", "euros"), "GBP": ("pound", "pounds"),
    },
    units={
        "km/h": ("kilometre an hour", "kilometres an hour"), "m/s": ("metre a second", "metres a second"),
        "km²": ("square kilometre", "square kilometres"), "m²": ("square metre", "square metres"),
        "m³": ("cubic metre", "cubic metres"), "km": ("kilometre", "kilometres"), "cm": ("centimetre", "centimetres"),
        "mm": ("millimetre", "millimetres"), "m": ("metre", "metres"), "mi": ("mile", "miles"),
        "ft": ("foot", "feet"), "mph": ("mile an hour", "miles an hour"), "kg": ("kilogram", "kilograms"),
        "mg": ("milligram", "milligrams"), "g": ("gram", "grams"), "lb": ("pound", "pounds"),
        "lbs": ("pound", "pounds"), "oz": ("ounce", "ounces"), "ml": ("millilitre", "millilitres"),
        "l": ("litre", "litres"), "L": ("litre", "litres"), "kB": ("kilobyte", "kilobytes"),
        "KB": ("kilobyte", "kilobytes"), "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"),
        "TB": ("terabyte", "terabytes"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
        "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"), "W": ("watt", "watts"),
        "kW": ("kilowatt", "kilowatts"), "kWh": ("kilowatt hour", "kilowatt hours"), "V": ("volt", "volts"),
        "ms": ("millisecond", "milliseconds"), "s": ("second", "seconds"), "sec": ("second", "seconds"),
        "min": ("minute", "minutes"), "h": ("hour", "hours"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"),
        "°C": ("degree Celsius", "degrees Celsius"), "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
        "°": ("degree", "degrees"),
    },
    percent="percent", minus="minus", to="to", and_="and", at="at", dot="dot",
    clock="{h} {m}", hour="{h} o'clock", date="{month} {d}, {y}",
    months=tuple(
        "January February March April May June July August September October November December".split()
    ),
)  # fmt: skip

GERMAN: Final = SignWords(
    currencies=_same(**{"$": "Dollar", "€": "Euro", "£": "Pfund", "¥": "Yen", "EUR": "Euro", "USD": "Dollar"}),
    units=_same(
        **{
            "km/h": "Kilometer pro Stunde", "km²": "Quadratkilometer", "m²": "Quadratmeter", "km": "Kilometer",
            "cm": "Zentimeter", "mm": "Millimeter", "m": "Meter", "kg": "Kilogramm", "g": "Gramm", "ml": "Milliliter",
            "l": "Liter", "MB": "Megabyte", "GB": "Gigabyte", "kWh": "Kilowattstunden", "min": "Minuten",
            "h": "Stunden", "°C": "Grad Celsius", "°": "Grad",
        }
    ),
    percent="Prozent", minus="minus", to="bis", and_="und", at="at", dot="Punkt",
    clock="{h} Uhr {m}", hour="{h} Uhr", date="{d}. {month} {y}",
    months=tuple("Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()),
)  # fmt: skip

DUTCH: Final = SignWords(
    currencies=_same(**{"$": "dollar", "€": "euro", "£": "pond", "¥": "yen", "EUR": "euro", "USD": "dollar"}),
    units=_same(
        **{
            "km/u": "kilometer per uur", "km/h": "kilometer per uur", "km²": "vierkante kilometer",
            "m²": "vierkante meter", "km": "kilometer", "cm": "centimeter", "mm": "millimeter", "m": "meter",
            "kg": "kilo", "g": "gram", "ml": "milliliter", "l": "liter", "MB": "megabyte", "GB": "gigabyte",
            "kWh": "kilowattuur", "min": "minuten", "°C": "graden Celsius", "°": "graden",
        }
    ),
    percent="procent", minus="min", to="tot", and_="en", at="apenstaartje", dot="punt",
    clock="{h} uur {m}", hour="{h} uur", date="{d} {month} {y}",
    months=tuple(
        "januari februari maart april mei juni juli augustus september oktober november december".split()
    ),
)  # fmt: skip

FRENCH: Final = SignWords(
    currencies={
        "$": ("dollar", "dollars"), "€": ("euro", "euros"), "£": ("livre", "livres"), "¥": ("yen", "yens"),
        "EUR": ("euro", "euros"), "USD": ("dollar", "dollars"),
    },
    units={
        "km/h": ("kilomètre heure", "kilomètres heure"), "km²": ("kilomètre carré", "kilomètres carrés"),
        "m²": ("mètre carré", "mètres carrés"), "km": ("kilomètre", "kilomètres"),
        "cm": ("centimètre", "centimètres"), "mm": ("millimètre", "millimètres"), "m": ("mètre", "mètres"),
        "kg": ("kilo", "kilos"), "g": ("gramme", "grammes"), "ml": ("millilitre", "millilitres"),
        "l": ("litre", "litres"), "Mo": ("mégaoctet", "mégaoctets"), "Go": ("gigaoctet", "gigaoctets"),
        "kWh": ("kilowattheure", "kilowattheures"), "min": ("minute", "minutes"),
        "°C": ("degré Celsius", "degrés Celsius"), "°": ("degré", "degrés"),
    },
    percent="pour cent", minus="moins", to="à", and_="et", at="arobase", dot="point",
    clock="{h} heures {m}", hour="{h} heures", date="{d} {month} {y}",
    months=tuple(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
    ),
)  # fmt: skip

SPANISH: Final = SignWords(
    currencies={
        "$": ("dólar", "dólares"), "€": ("euro", "euros"), "£": ("libra", "libras"), "¥": ("yen", "yenes"),
        "EUR": ("euro", "euros"), "USD": ("dólar", "dólares"),
    },
    units={
        "km/h": ("kilómetro por hora", "kilómetros por hora"), "km²": ("kilómetro cuadrado", "kilómetros cuadrados"),
        "m²": ("metro cuadrado", "metros cuadrados"), "km": ("kilómetro", "kilómetros"),
        "cm": ("centímetro", "centímetros"), "mm": ("milímetro", "milímetros"), "m": ("metro", "metros"),
        "kg": ("kilo", "kilos"), "g": ("gramo", "gramos"), "ml": ("mililitro", "mililitros"),
        "l": ("litro", "litros"), "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"),
        "kWh": ("kilovatio hora", "kilovatios hora"), "min": ("minuto", "minutos"),
        "°C": ("grado Celsius", "grados Celsius"), "°": ("grado", "grados"),
    },
    percent="por ciento", minus="menos", to="a", and_="y", at="arroba", dot="punto",
    clock="{h} y {m}", hour="{h} en punto", date="{d} de {month} de {y}",
    months=tuple(
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
    ),
)  # fmt: skip

#: By the first two letters of a language's name.
SIGN_WORDS: Final = {"en": ENGLISH, "de": GERMAN, "nl": DUTCH, "fr": FRENCH, "es": SPANISH}
