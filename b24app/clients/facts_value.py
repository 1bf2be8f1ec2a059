"""Declares the facts about what a client is worth: past and predicted value, RFM. Words only; `counting` works them out."""

from __future__ import annotations

from b24app.clients.fact import Fact, say, speak
from b24app.clients.rfm import GROUP_TITLES

BG_NBD = "BG/NBD: Fader, Hardie, Lee 2005, Marketing Science 24(2)"
GAMMA = "Gamma-Gamma: Fader, Hardie, Lee 2005, Journal of Marketing Research 42(4)"
BOTH = f"{BG_NBD}; {GAMMA}"
INTERVAL = f"{BG_NBD}: exact quantiles of the number of purchases; {GAMMA}"

VALUE: tuple[Fact, ...] = (
    Fact(
        "ltv", "money", "value",
        speak(
            say("LTV", "Средний чек × покупок в год × время жизни (не короче года): сколько клиент уже принёс.", "уже принёс {value}"),
            say("LTV", "Average purchase × purchases a year × lifetime (a year at least): what the client has brought so far.",
                "has brought {value}"),
        ),
        source="LTV = average cheque × purchase frequency × retention time",
    ),
    Fact(
        "alive", "share", "value",
        speak(
            say("Вероятность, что активен", "По модели BG/NBD; о купивших один раз она ничего не знает.", "активен с вероятностью {value}"),
            say("Probability of being active", "By the BG/NBD model; of those who bought once it knows nothing.",
                "active with probability {value}"),
        ),
        source=BG_NBD,
    ),
    *(
        Fact(
            f"expected_purchases_{days}", "number", "value",
            speak(
                say(f"Покупок за {days} дней", f"Сколько покупок ждать в ближайшие {days} дней.", f"ждём {{value}} покупок за {days} дней"),
                say(f"Purchases in {days} days", f"How many purchases to expect in the next {days} days.",
                    f"{{value}} purchases expected in {days} days"),
            ),
            source=BG_NBD,
        )
        for days in (90, 365)
    ),
    *(
        Fact(
            f"expected_revenue_{days}", "money", "value",
            speak(
                say(f"Выручка за {days} дней", f"Сколько денег ждать в ближайшие {days} дней.", f"ждём {{value}} за {days} дней"),
                say(f"Revenue in {days} days", f"How much money to expect in the next {days} days.", f"{{value}} expected in {days} days"),
            ),
            source=BOTH,
        )
        for days in (90, 365)
    ),
    Fact(
        "ltv_predicted", "money", "value",
        speak(
            say("Прогноз LTV", "LTV и выручка, которую ждём за 365 дней.", "с прогнозом на год {value}"),
            say("Predicted LTV", "LTV and the revenue expected in 365 days.", "{value} with the year to come"),
        ),
        source=BOTH,
    ),
    Fact(
        "ltv_low", "money", "value",
        speak(
            say("Прогноз LTV, снизу", "Ниже — с вероятностью 10 %.", "не меньше {value}"),
            say("Predicted LTV, low", "Less than this with a probability of 10 %.", "not less than {value}"),
        ),
        source=INTERVAL,
    ),
    Fact(
        "ltv_high", "money", "value",
        speak(
            say("Прогноз LTV, сверху", "Выше — с вероятностью 10 %.", "не больше {value}"),
            say("Predicted LTV, high", "More than this with a probability of 10 %.", "not more than {value}"),
        ),
        source=INTERVAL,
    ),
    Fact(
        "forecast", "choice", "value",
        speak(
            say("Прогноз", "Хватает ли базы для прогноза: от 30 покупателей, из них 10 купивших снова.", "прогноз: {value}"),
            say("Forecast", "Whether the base suffices: 30 buyers at least, 10 of whom bought again.", "forecast: {value}"),
            ready=("есть", "ready"), few=("мало данных", "not enough data"),
        ),
    ),
)  # fmt: skip
SCORES = (
    ("r_score", "R, давность", "Recency score", "недавно купил — 5", "bought lately is 5"),
    ("f_score", "F, частота", "Frequency score", "покупает чаще всех — 5", "buys most often is 5"),
    ("m_score", "M, деньги", "Monetary score", "приносит больше всех — 5", "brings most is 5"),
)
RFM: tuple[Fact, ...] = (
    *(
        Fact(
            key, "score", "rfm",
            speak(
                say(ru, f"От 1 до 5, {best_ru}. Границы — по долям базы или свои.", f"{ru}: {{value}}"),
                say(en, f"From 1 to 5, {best_en}. Edges by shares of the base or your own.", f"{en}: {{value}}"),
            ),
            source="Hughes 1994, Strategic Database Marketing (quintiles)",
        )
        for key, ru, en, best_ru, best_en in SCORES
    ),
    Fact(
        "rfm_group", "choice", "rfm",
        speak(
            say("RFM-группа", "По R и среднему из F и M.", "RFM: {value}"),
            say("RFM group", "By R and the mean of F and M.", "RFM: {value}"),
            **GROUP_TITLES,
        ),
    ),
)  # fmt: skip
