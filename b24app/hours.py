"""The hours in which a company works, and the moment in them at which somebody should get in touch. Pure.

Of holidays nothing is known: the portal tells them to its calendar alone, for which the app has no right. The hours are a setting of the
portal's; todos of touches and of offers fall due in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from b24app.errors import Mistaken

if TYPE_CHECKING:
    from b24app.context import Context

SETTING = "work_week"
SOON = timedelta(hours=1)  # nobody does at once what he is told to do
STEP = 15  # minutes to which a moment is rounded up
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
BAD_HOURS = (
    "Working hours: give a beginning before an end, like 09:00 and 18:00, and one day at least.",
    "Рабочее время: укажите начало раньше конца, например 09:00 и 18:00, и хотя бы один день.",
)


@dataclass(frozen=True)
class Week:
    """When people work. `days`: 1 is Monday."""

    begin: time = time(9, 0)
    end: time = time(18, 0)
    days: tuple[int, ...] = (1, 2, 3, 4, 5)


def read_week(begin: str, end: str, days: Iterable[str | int]) -> Week:
    """Return the hours that a person has typed. Raises Mistaken."""
    clocks = [CLOCK.fullmatch(text.strip()) for text in (begin, end)]
    chosen = tuple(sorted({int(day) for day in days if str(day) in "1234567" and str(day)}))
    if not all(clocks) or not chosen:
        raise Mistaken(*BAD_HOURS)
    first, last = (time(int(clock[1]), int(clock[2])) for clock in clocks if clock)
    if first >= last:
        raise Mistaken(*BAD_HOURS)
    return Week(first, last, chosen)


def moment_on(day: date, now: datetime, week: Week) -> datetime:
    """Return when to get in touch: on that day, an hour after work begins; today an hour from now; on the next day of work when
    that day is none, is over, or has passed. `now` is the portal's."""
    day = max(day, now.date())
    while True:
        if day.isoweekday() in week.days:
            first, last = (datetime.combine(day, clock, now.tzinfo) for clock in (week.begin, week.end))
            moment = _rounded(max(first, now) + SOON)
            if moment <= last or (now < first and first + SOON > last):
                return min(moment, last)
        day += timedelta(days=1)


def find_week(ctx: Context) -> Week:
    """Return the portal's working hours as the administrator has set them."""
    saved = ctx.app_store.find_setting(ctx.portal.member_id, SETTING)
    return read_week(saved["begin"], saved["end"], saved["days"]) if saved else Week()


def save_week(ctx: Context, week: Week) -> None:
    """Keep the working hours."""
    saved = {"begin": f"{week.begin:%H:%M}", "end": f"{week.end:%H:%M}", "days": list(week.days)}
    ctx.app_store.save_setting(ctx.portal.member_id, SETTING, saved)


def _rounded(moment: datetime) -> datetime:
    moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=bool(moment.second or moment.microsecond))
    return moment + timedelta(minutes=-moment.minute % STEP)
