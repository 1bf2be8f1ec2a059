"""The company's calendar: whole minutes since its first day, and their text in Moscow time. Never asks for the real clock."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

PAST = 1460  # days of calendar before today: three years of deals, and the people who were known earlier
FUTURE = 1200  # warranties and contracts reach ahead
DAY = 1440
TIMES = tuple(f"T{minute // 60:02d}:{minute % 60:02d}:00+03:00" for minute in range(DAY))


class Days:
    """Day and minute numbers of one company; day number PAST is today."""

    def __init__(self, today: date) -> None:
        first = today - timedelta(days=PAST)
        self.today = today
        self.weekday = first.weekday()
        self.dates = tuple((first + timedelta(days=day)).isoformat() for day in range(PAST + FUTURE))
        self.years = tuple(int(text[:4]) for text in self.dates)

    def moment(self, minute: int) -> str:
        """ISO text with the zone, as the portal prints it."""
        return self.dates[minute // DAY] + TIMES[minute % DAY]

    def day(self, minute: int) -> str:
        return self.dates[minute // DAY]

    def working_minute(self, rng: Random, day: int) -> int:
        """A minute of office time on this day; a weekend goes back to its Friday or Thursday."""
        if (self.weekday + day) % 7 >= 5:
            day -= 2
        return day * DAY + 540 + int(rng.random() * 570)
