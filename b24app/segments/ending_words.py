"""What ends an answer, in words: the events that change a client's value, by criterion and by facts. Declarations only.

Every phrase is a noun, so that several can stand in one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, str]
Pair = tuple[Words, Words]  # while the answer is yes, while it is no


def both(ru: str, en: str) -> dict[str, str]:
    """Return words in two languages."""
    return {"ru": ru, "en": en}


PURCHASE: Words = both("новая покупка", "a new purchase")
TAKEN_BACK: Words = both("отмена покупки", "a purchase taken back")
NIGHT: Words = both("ночной пересчёт, когда пройдёт время", "the nightly count, as time passes")
CARD: Words = both("правка карточки", "a change of the card")

# By group of facts (`clients.fact.GROUPS`).
BY_GROUP: Mapping[str, Pair] = {
    "purchases": (PURCHASE, PURCHASE),
    "rhythm": (PURCHASE, PURCHASE),
    "value": (NIGHT, PURCHASE),
    "rfm": (NIGHT, PURCHASE),
    "products": (PURCHASE, PURCHASE),
    "deals": (both("закрытие сделки", "closing the deal"), both("новая сделка", "a new deal")),
    "contact": (both("новое общение", "a new contact"), both("новое общение", "a new contact")),
    "support": (both("закрытие обращения", "closing the request"), both("новое обращение", "a new request")),
    "reach": (CARD, CARD),
    "card": (CARD, CARD),
}
BY_FACT: Mapping[str, Pair] = {
    "open_complaints": (both("закрытие жалобы", "closing the complaint"), both("новая жалоба", "a new complaint")),
    "recent_complaints": (NIGHT, both("новая жалоба", "a new complaint")),
    "recent_requests": (NIGHT, both("новое обращение", "a new request")),
    "upsell_window": (NIGHT, PURCHASE),
    "overdue_ratio": (PURCHASE, NIGHT),
    "rfm_group": (PURCHASE, NIGHT),
    "age": (NIGHT, NIGHT),
    "days_to_key_date": (NIGHT, NIGHT),
    **dict.fromkeys(("consent",), (both("ответ клиента о согласии", "the client's answer about consent"),) * 2),
    **dict.fromkeys(("has_phone",), (both("правка телефона в карточке", "a change of the phone in the card"),) * 2),
    **dict.fromkeys(("has_email",), (both("правка почты в карточке", "a change of the e-mail in the card"),) * 2),
}
# A client's retention goes down with time and up with a purchase.
FADED = ("lapsing", "lost")
# Facts that purchases only make larger: what a further one cannot change, only one taken back can.
GROWING = ("purchases", "revenue", "lifetime", "ltv", "products_bought")

BY_DEAL: Mapping[str, Pair] = {
    "S": (both("отмена выигранной сделки", "a won deal taken back"), both("выигранная сделка", "a won deal")),
    "F": (both("возврат проигранной сделки в работу", "a lost deal taken up again"), both("проигранная сделка", "a lost deal")),
    "P": (both("закрытие сделки", "closing the deal"), both("новая сделка", "a new deal")),
}
DEAL: Pair = (both("правка сделки", "a change of the deal"), both("сделка, которая подходит", "a deal that fits"))
BOUGHT: Pair = (both("отмена покупки {}", "a purchase of {} taken back"), both("покупка {}", "a purchase of {}"))
TALK: Mapping[str, Words] = {
    "any": both("новое общение", "a new contact"),
    "call": both("новый звонок", "a new call"),
    "letter": both("новое письмо", "a new e-mail"),
    "chat": both("новый чат", "a new chat"),
    "meeting": both("новая встреча", "a new meeting"),
}
SEGMENT: Pair = (both("выход из сегмента {}", "leaving the segment {}"), both("вход в сегмент {}", "entering the segment {}"))
LISTED: Pair = (both("удаление из списка", "being taken off the list"), both("добавление в список", "being put on the list"))
FIELD: Words = both("правка поля {}", "a change of the field {}")

# When time alone turns an answer. {days}, {title}, {date}.
AGED: Words = both("когда пройдёт {days} ({title} {date})", "when {days} have passed ({title} {date})")
PASSED: Words = both("когда дата выйдет из срока ({title} {date})", "when the date is out of the period ({title} {date})")
REACHED: Words = both("когда дата войдёт в срок ({title} {date})", "when the date comes into the period ({title} {date})")

# Of a whole segment, by its answer: {day}, {when}, {what}.
BOTH: Mapping[str, Words] = {
    "yes": both("Выйдет {day}, {when}; раньше выведет {what}.", "Leaves on {day}, {when}; sooner with {what}."),
    "no": both("Войдёт {day}, {when}; раньше введёт {what}.", "Enters on {day}, {when}; sooner with {what}."),
    "unknown": both("Ответ будет {day}, {when}; раньше его даст {what}.", "Known on {day}, {when}; sooner with {what}."),
}
TIME: Mapping[str, Words] = {
    "yes": both("Выйдет {day}, {when}.", "Leaves on {day}, {when}."),
    "no": both("Войдёт {day}, {when}.", "Enters on {day}, {when}."),
    "unknown": both("Ответ будет {day}, {when}.", "Known on {day}, {when}."),
}
EVENT: Mapping[str, Words] = {
    "yes": both("Из сегмента выведет {what}.", "Leaves with {what}."),
    "no": both("В сегмент введёт {what}.", "Enters with {what}."),
    "unknown": both("Ответ даст {what}.", "Becomes known with {what}."),
}
EITHER: Words = both(" или ", " or ")
TOGETHER: Words = both(" и ", " and ")
