"""Writes calendar-cases.json: which period an instant lies in, as Python's zoneinfo has it (an implementation of its own
over the system's time zone data). Run it as `python3 functions/core/testing/calendar_cases.py`.

A civil day begins with its first instant: at local midnight, the earlier one where midnight comes twice, and at the end of
the gap where midnight is skipped (fold=0 reads a time in a gap by the offset before it, which gives just that).
"""

import json
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

# Zone, local date to look around (several instants of it and of its neighbours are asked for), and why it is here.
PLACES = [
    ("UTC", "2024-02-29", "leap day"),
    ("UTC", "2026-02-28", "no leap day"),
    ("UTC", "2100-02-28", "no leap day in 2100"),
    ("UTC", "2026-12-31", "the year turns"),
    ("Europe/Berlin", "2026-03-29", "spring: 23 hours"),
    ("Europe/Berlin", "2026-10-25", "autumn: 25 hours, a Sunday"),
    ("Europe/Berlin", "2024-02-29", "leap day"),
    ("America/New_York", "2026-03-08", "spring"),
    ("America/New_York", "2026-11-01", "autumn, first day of a month"),
    ("America/St_Johns", "2026-03-08", "half an hour off"),
    ("America/St_Johns", "2006-10-29", "clock changed one minute after midnight"),
    ("Asia/Kolkata", "2026-01-31", "five and a half hours"),
    ("Asia/Kathmandu", "2026-11-30", "five and three quarters"),
    ("Pacific/Chatham", "2026-04-05", "twelve and three quarters, autumn"),
    ("Pacific/Chatham", "2026-09-27", "twelve and three quarters, spring"),
    ("Australia/Lord_Howe", "2026-04-05", "half an hour of daylight saving, autumn"),
    ("Australia/Lord_Howe", "2026-10-04", "half an hour of daylight saving, spring"),
    ("Pacific/Kiritimati", "2026-12-31", "fourteen hours ahead"),
    ("Pacific/Pago_Pago", "2026-12-31", "eleven hours behind"),
    ("Pacific/Marquesas", "2026-06-30", "nine and a half hours behind"),
    ("America/Santiago", "2024-09-08", "midnight is skipped"),
    ("America/Santiago", "2024-04-07", "back over midnight"),
    ("America/Sao_Paulo", "2018-11-04", "midnight is skipped"),
    ("America/Sao_Paulo", "2018-02-18", "back over midnight"),
    ("America/Havana", "2024-03-10", "midnight is skipped"),
    ("America/Havana", "2024-11-03", "midnight comes twice"),
    ("America/Asuncion", "2023-10-01", "midnight of a month's first day is skipped"),
    ("Asia/Beirut", "2022-03-27", "midnight is skipped"),
    ("Asia/Amman", "2022-02-25", "midnight of a week is skipped"),
    ("Africa/Cairo", "2024-04-26", "midnight is skipped"),
    ("Africa/Cairo", "2024-11-01", "back over midnight into the month before"),
    ("Atlantic/Azores", "2026-10-25", "midnight comes twice"),
    ("Atlantic/Azores", "2026-03-29", "midnight is skipped"),
    ("America/Scoresbysund", "2023-10-29", "midnight comes twice"),
    ("Antarctica/Troll", "2026-03-29", "two hours of daylight saving"),
    ("Africa/Casablanca", "2026-02-15", "daylight saving the other way round"),
    ("Europe/Dublin", "2026-03-29", "winter time is the exception"),
    ("Asia/Tehran", "2022-03-22", "midnight is skipped"),
    ("Asia/Pyongyang", "2018-05-05", "half an hour is skipped at 23:30"),
    ("America/Caracas", "2016-05-01", "half an hour for good, first day of a month"),
    ("Asia/Tokyo", "2026-12-31", "never changes"),
]


def start_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(timezone.utc)


def period(instant: datetime, zone: ZoneInfo, kind: str, week_start: str) -> tuple[str, date, date]:
    day = instant.astimezone(zone).date()
    if kind == "day":
        return day.isoformat(), day, day + timedelta(days=1)
    if kind == "week":
        first = day - timedelta(days=(day.weekday() - WEEKDAYS.index(week_start)) % 7)
        return f"week-{first.isoformat()}", first, first + timedelta(days=7)
    first = day.replace(day=1)
    return first.isoformat()[:7], first, (first + timedelta(days=32)).replace(day=1)


def milliseconds(instant: datetime) -> int:
    return round((instant - datetime(1970, 1, 1, tzinfo=timezone.utc)) / timedelta(milliseconds=1))


def cases() -> list[list]:
    rows = []
    for number, (name, day, why) in enumerate(PLACES):
        zone = ZoneInfo(name)
        first = start_of(date.fromisoformat(day), zone)
        after = start_of(date.fromisoformat(day) + timedelta(days=1), zone)
        instants = [first - timedelta(milliseconds=1), first, first + timedelta(hours=3, minutes=7), after - timedelta(milliseconds=1), after]
        for instant in instants:
            for kind in ["day", "week", "month"]:
                week_start = WEEKDAYS[(number + len(kind)) % 7] if kind == "week" else "monday"
                label, begin, end = period(instant, zone, kind, week_start)
                bounds = [milliseconds(start_of(begin, zone)), milliseconds(start_of(end, zone))]
                rows.append([name, kind, week_start, milliseconds(instant), label, *bounds, why])
    return rows


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(row) for row in cases())
    Path(__file__).with_name("calendar-cases.json").write_text(f"[\n{lines}\n]\n")
