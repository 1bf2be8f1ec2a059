"""The portal's time: real time, printed with the portal's own offset. Tests pass a clock of their own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

OFFSET = timezone(timedelta(hours=3))
# Assumption 1: a date field is printed as that date at the portal's UTC midnight, as the documentation's samples do.
DATE_SUFFIX = "T03:00:00+03:00"


class Clock:
    """Real time."""

    def now(self) -> datetime:
        """Return the present moment in the portal's zone."""
        return datetime.now(OFFSET)

    def stamp(self) -> str:
        """Return the present moment as records keep it."""
        return print_instant(self.now())

    def unix(self) -> float:
        """Return seconds since 1970."""
        return self.now().timestamp()


def print_instant(moment: datetime) -> str:
    """Return an instant as records keep it: seconds, the portal's offset. A naive moment is the portal's own time."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=OFFSET)
    return aware.astimezone(OFFSET).isoformat(timespec="seconds")


def read_instant(text: str) -> datetime:
    """Return the instant that ISO text or `dd.mm.yyyy [hh:mm:ss]` means; raise ValueError."""
    cleaned = text.strip()
    if len(cleaned) >= 10 and cleaned[2] == cleaned[5] == ".":
        pattern = "%d.%m.%Y %H:%M:%S" if len(cleaned) > 10 else "%d.%m.%Y"
        return datetime.strptime(cleaned, pattern).replace(tzinfo=OFFSET)
    moment = datetime.fromisoformat(cleaned)
    return moment if moment.tzinfo else moment.replace(tzinfo=OFFSET)


def read_date(value: object) -> str:
    """Return `YYYY-MM-DD` of a date, a moment or text: the printed date part, never converted between zones."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    text = str(value).strip()
    return read_instant(text).date().isoformat()


def from_unix(seconds: float) -> str:
    """Return unix seconds as records keep an instant."""
    return print_instant(datetime.fromtimestamp(seconds, UTC))
