"""Time and date, here and elsewhere."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from voxwire.engines.llm.assistant.dates import MONTHS, WEEKDAYS, Day, DaySlot
from voxwire.engines.llm.assistant.grammar import Match
from voxwire.engines.llm.assistant.places import Place, PlaceSlot
from voxwire.engines.llm.assistant.skills.skill import Skill, SkillContext, skill


def clock_skills(place: PlaceSlot, day: DaySlot) -> tuple[Skill, ...]:
    """Skills that read the clock; `place` and `day` are the slots they listen with."""
    return (
        skill(
            _time_here,
            "(what time is it|what is the time|what's the time|tell me the time|the time) [now|right now]",
            "do you know what time it is",
            "[what is the] (current|exact) time",
            "time",
        ),
        skill(
            _time_there,
            "(what time is it|what is the time|what's the time|tell me the time) [now|right now] in {place}",
            "[what is|tell me] the (current|local) time in {place}",
            "time in {place}",
            slots={"place": place},
        ),
        skill(
            _date,
            "(what is|what's) (the date|today's date|the date today|today|the day today)",
            "what (day|date) is (it|today) [today]",
            "what day of the week is (it|today)",
            "(tell me|give me) (the date|today's date|the day|what day it is)",
            "which day is (it|today)",
        ),
        skill(_other_day, "what (day|date) is {day}", "(what is|what's) the date {day}", slots={"day": day}),
        skill(_month, "(what|which) month is it", "what is the [current] month"),
        skill(_year, "(what|which) year is it", "what is the [current] year"),
    )


def say_time(moment: datetime) -> str:
    """ "3:05 PM"."""
    return f"{moment.hour % 12 or 12}:{moment.minute:02} {'AM' if moment.hour < 12 else 'PM'}"


def _say_date(day: date) -> str:
    """ "Thursday, March 5, 2026"."""
    return f"{WEEKDAYS[day.weekday()]}, {MONTHS[day.month - 1]} {day.day}, {day.year}"


def _time_here(_match: Match, context: SkillContext) -> str:
    return f"It is {say_time(context.now)}."


def _time_there(match: Match, context: SkillContext) -> str:
    place: Place = match.one("place")
    if place.timezone is None:
        return f"{place.name} has several time zones. Please name a city."
    there = context.now.astimezone(ZoneInfo(place.timezone))
    day = "" if there.date() == context.now.date() else f" on {WEEKDAYS[there.weekday()]}"
    return f"In {place.full_name} it is {say_time(there)}{day}."


def _date(_match: Match, context: SkillContext) -> str:
    return f"Today is {_say_date(context.now)}."


def _other_day(match: Match, _situation: SkillContext) -> str:
    asked: Day = match.one("day")
    return f"{asked.said[0].upper()}{asked.said[1:]}: {_say_date(asked.day)}."


def _month(_match: Match, context: SkillContext) -> str:
    return f"It is {MONTHS[context.now.month - 1]}."


def _year(_match: Match, context: SkillContext) -> str:
    return f"It is {context.now.year}."
