"""Declares the facts about deals and purchases, a client's rhythm and his products. Words and SQL only."""

from __future__ import annotations

from b24app.clients.fact import Fact, say, speak

BOUGHT = "deal.state = 'S'"
OPEN = "deal.state = 'P'"
LOST = "deal.state = 'F'"
RATE_RU = "в базовой валюте портала по нынешнему курсу"
RATE_EN = "in the portal's base currency at its present rate"
DAYS_RU = ("день", "дня", "дней")
DAYS_EN = ("day", "days")
CREDIBILITY = "Bühlmann, Straub 1970; Bühlmann, Gisler 2005, ch. 6 (hierarchical credibility), on logarithms of intervals"


def count(condition: str) -> str:
    """Return SQL for the number of deals."""
    return f"COUNT(CASE WHEN {condition} THEN 1 END)"


def total(condition: str) -> str:
    """Return SQL for the sum of deals; unknown as soon as one of them is in a currency without a rate."""
    filled = f"COUNT(CASE WHEN {condition} THEN deal.amount END)"
    return f"CASE WHEN {filled} = {count(condition)} THEN COALESCE(SUM(CASE WHEN {condition} THEN deal.amount END), 0.0) END"


def day(which: str, condition: str) -> str:
    """Return SQL for the first or last (MIN, MAX) date of deals."""
    return f"{which}(CASE WHEN {condition} THEN deal.bought_on END)"


PURCHASES: tuple[Fact, ...] = (
    Fact(
        "purchases", "count", "purchases",
        speak(
            say("Покупки", "Число выигранных сделок, без шаблонов регулярных.", "{value}", "покупка", "покупки", "покупок"),
            say("Purchases", "Number of won deals, templates of recurring ones left out.", "{value}", "purchase", "purchases"),
        ),
        count(BOUGHT),
    ),
    Fact(
        "revenue", "money", "purchases",
        speak(
            say("Выручка", f"Сумма выигранных сделок {RATE_RU}.", "покупки на {value}"),
            say("Revenue", f"Sum of won deals {RATE_EN}.", "purchases for {value}"),
        ),
        total(BOUGHT),
    ),
    Fact(
        "average_purchase", "money", "purchases",
        speak(
            say("Средний чек", f"Выручка, делённая на число покупок, {RATE_RU}.", "средний чек {value}"),
            say("Average purchase", f"Revenue divided by purchases, {RATE_EN}.", "average purchase {value}"),
        ),
        f"({total(BOUGHT)}) / NULLIF({count(BOUGHT)}, 0)",
    ),
    Fact(
        "first_purchase", "date", "purchases",
        speak(
            say("Первая покупка", "Дата завершения первой выигранной сделки.", "первая покупка {value}"),
            say("First purchase", "Closing date of the first won deal.", "first purchase {value}"),
        ),
        day("MIN", BOUGHT),
    ),
    Fact(
        "last_purchase", "date", "purchases",
        speak(
            say("Последняя покупка", "Дата завершения последней выигранной сделки.", "последняя покупка {value}"),
            say("Last purchase", "Closing date of the last won deal.", "last purchase {value}"),
        ),
        day("MAX", BOUGHT),
    ),
    Fact(
        "days_since_purchase", "days", "purchases",
        speak(
            say("Дней с покупки", "Сколько дней прошло с последней покупки.", "последняя покупка {date}, {value}"),
            say("Days since purchase", "How many days ago the last purchase was.", "last purchase {date}, {value}"),
        ),
        since="last_purchase",
    ),
    Fact(
        "median_purchase", "money", "purchases",
        speak(
            say("Медианный чек", f"Половина покупок дешевле, половина дороже, {RATE_RU}.", "обычный чек {value}"),
            say("Median purchase", f"Half of the purchases are smaller, half are larger, {RATE_EN}.", "median purchase {value}"),
        ),
    ),
    Fact(
        "lifetime", "count", "purchases",
        speak(
            say("Время жизни", "Дней от первой покупки до последней.", "покупает уже {value}", *DAYS_RU),
            say("Lifetime", "Days from the first purchase to the last.", "has been buying for {value}", *DAYS_EN),
        ),
    ),
    Fact(
        "frequency", "number", "purchases",
        speak(
            say("Покупок в год", "Покупки за время жизни, которое считается не короче года.", "{value} покупок в год"),
            say("Purchases a year", "Purchases over the lifetime, which counts as a year at least.", "{value} purchases a year"),
        ),
    ),
)  # fmt: skip
DEALS: tuple[Fact, ...] = (
    Fact(
        "open_deals", "count", "deals",
        speak(
            say("Сделки в работе", "Число незавершённых сделок.", "{value}", "сделка в работе", "сделки в работе", "сделок в работе"),
            say("Open deals", "Number of deals in progress.", "{value}", "open deal", "open deals"),
        ),
        count(OPEN),
    ),
    Fact(
        "open_sum", "money", "deals",
        speak(
            say("Сумма в работе", f"Сумма незавершённых сделок {RATE_RU}.", "в работе {value}"),
            say("Open sum", f"Sum of deals in progress {RATE_EN}.", "{value} in progress"),
        ),
        total(OPEN),
    ),
    Fact(
        "last_activity", "instant", "deals",
        speak(
            say("Последняя активность", "Последнее событие в карточках клиента или его сделок.", "последняя активность {value}"),
            say("Last activity", "The last event in the client's cards or deals.", "last activity {value}"),
        ),
        "CASE WHEN MAX(deal.last_activity) > COALESCE(client.last_activity, '') THEN MAX(deal.last_activity) ELSE client.last_activity END",
    ),
    Fact(
        "lost_deals", "count", "deals",
        speak(
            say("Проигранные сделки", "Число проигранных сделок.", "{value}", "проигранная сделка", "проигранные сделки",
                "проигранных сделок"),
            say("Lost deals", "Number of lost deals.", "{value}", "lost deal", "lost deals"),
        ),
        count(LOST),
    ),
    Fact(
        "last_lost", "date", "deals",
        speak(
            say("Последний проигрыш", "Дата завершения последней проигранной сделки.", "последняя сделка проиграна {value}"),
            say("Last lost deal", "Closing date of the last lost deal.", "last lost deal {value}"),
        ),
        day("MAX", LOST),
    ),
    Fact(
        "lost_reason", "text", "deals",
        speak(
            say("Причина проигрыша", "Стадия, на которой закрыта последняя проигранная сделка.", "последняя проиграна: «{value}»"),
            say("Reason of the loss", "The stage at which the last lost deal was closed.", "last one lost: “{value}”"),
        ),
    ),
)  # fmt: skip
RHYTHM: tuple[Fact, ...] = (
    Fact(
        "rhythm", "number", "rhythm",
        speak(
            say("Свой ритм, дней", "Обычный промежуток между покупками клиента, приближенный к промежутку тех, кто покупает то же.",
                "обычно покупает раз в {value} дн."),
            say("Own rhythm, days", "The client's usual interval between purchases, drawn towards that of those who buy the same.",
                "usually buys every {value} days"),
        ),
        source=CREDIBILITY,
    ),
    Fact(
        "next_purchase", "date", "rhythm",
        speak(
            say("Ждём покупку", "Последняя покупка и ещё один свой ритм.", "следующую покупку ждём {value}"),
            say("Next purchase", "The last purchase and one own rhythm more.", "next purchase expected {value}"),
        ),
    ),
    Fact(
        "overdue_days", "days", "rhythm",
        speak(
            say("Опоздание, дней", "Сколько дней прошло с ожидаемой даты покупки; до неё — со знаком минус.",
                "покупку ждали {date}, {value}"),
            say("Days overdue", "Days since the purchase was expected; before that, less than nothing.",
                "purchase expected {date}, {value}"),
        ),
        since="next_purchase",
    ),
    Fact(
        "overdue_ratio", "number", "rhythm",
        speak(
            say("Пауза в ритмах", "Дней с последней покупки, делённых на свой ритм: больше 1 — опаздывает.",
                "пауза — {value} своего ритма"),
            say("Pause in rhythms", "Days since the last purchase over the own rhythm: above 1 is late.", "a pause of {value} own rhythms"),
        ),
    ),
    Fact(
        "retention", "choice", "rhythm",
        speak(
            say("Удержание", "По своему ритму: новый — одна покупка, повторный — две, постоянный — три и больше; остывает — пауза больше "
                "1,5 ритма; потерян — больше 3. Границы можно изменить.", "{value}"),
            say("Retention", "By the own rhythm: new is one purchase, repeat two, active three or more; lapsing is a pause above 1.5 "
                "rhythms, lost above 3. The edges can be changed.", "{value}"),
            new=("новый", "new"), repeat=("повторный", "repeat"), active=("постоянный", "active"), lapsing=("остывает", "lapsing"),
            lost=("потерян", "lost"),
        ),
    ),
    Fact(
        "upsell_window", "flag", "rhythm",
        speak(
            say("Окно допродажи", "С последней покупки прошло от 7 до 14 дней. Границы можно изменить.", "окно допродажи: {value}"),
            say("Upsell window", "The last purchase was 7 to 14 days ago. The edges can be changed.", "upsell window: {value}"),
        ),
    ),
)  # fmt: skip
PRODUCTS: tuple[Fact, ...] = (
    Fact(
        "products_bought", "count", "products",
        speak(
            say("Разных товаров", "Сколько разных товаров каталога куплено.", "{value}", "разный товар", "разных товара", "разных товаров"),
            say("Products bought", "How many different products of the catalogue were bought.", "{value}", "different product",
                "different products"),
        ),
    ),
    Fact(
        "main_product", "text", "products",
        speak(
            say("Главный товар", "Товар, который есть в наибольшем числе покупок.", "чаще всего берёт «{value}»"),
            say("Main product", "The product that most of the purchases have.", "mostly buys “{value}”"),
        ),
    ),
)  # fmt: skip
