"""Why an installation is refused: a reason word for the log, a sentence for the person, a status for the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

REOPEN = (
    "Откройте приложение в Битрикс24 ещё раз.",
    "Open the application in Bitrix24 once more.",
)


@dataclass(frozen=True)
class Refusal:
    """One way in which the door stays shut. The sentences may name {missing} or {domain}."""

    reason: str
    status: int
    ru: str
    en: str
    detail: Mapping[str, str] = field(default_factory=dict)

    def sentence(self, lang: str) -> str:
        """Return what to show."""
        return (self.ru if lang == "ru" else self.en).format(**self.detail)


REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        "bad_form",
        400,
        "Эту страницу открывает Битрикс24. Откройте приложение из левого меню портала.",
        "Bitrix24 opens this page. Open the application from the portal's left menu.",
    ),
    Refusal(
        "foreign_portal",
        403,
        "Портал {domain} не указан в настройках приложения. Добавьте его адрес в B24APP_PORTALS и перезапустите сервер.",
        "The portal {domain} is not in the settings of the application. Add its address to B24APP_PORTALS and restart the server.",
    ),
    Refusal(
        "bad_token",
        403,
        f"Сервер авторизации Битрикс24 не признал вход. {REOPEN[0]}",
        f"Bitrix24's authorization server does not know this sign-in. {REOPEN[1]}",
    ),
    Refusal(
        "unknown_client",
        403,
        "Вход выдан другому приложению. Проверьте B24APP_CLIENT_ID: это «код приложения» на странице локального приложения.",
        "The sign-in belongs to another application. Check B24APP_CLIENT_ID: it is the application ID on the local application's page.",
    ),
    Refusal(
        "forged_frame",
        403,
        f"Данные страницы не совпали с тем, что подтвердил Битрикс24. {REOPEN[0]}",
        f"The page's parameters differ from what Bitrix24 confirmed. {REOPEN[1]}",
    ),
    Refusal(
        "not_admin",
        403,
        "Установить приложение может только администратор портала.",
        "Only an administrator of the portal can install the application.",
    ),
    Refusal(
        "missing_scopes",
        422,
        "Приложению не хватает прав: {missing}. Отметьте их на странице локального приложения в Битрикс24, сохраните и откройте его снова.",
        "The application lacks permissions: {missing}. Tick them on the local application's page in Bitrix24, save, and open it again.",
    ),
    Refusal(
        "portal_refused",
        502,
        f"Портал отклонил запрос: {{code}}. {REOPEN[0]}",
        f"The portal refused a request: {{code}}. {REOPEN[1]}",
    ),
    Refusal(
        "bitrix_unavailable",
        503,
        "Битрикс24 сейчас не отвечает. Подождите минуту и откройте приложение снова.",
        "Bitrix24 does not answer just now. Wait a minute and open the application again.",
    ),
)
BY_REASON: Mapping[str, Refusal] = {refusal.reason: refusal for refusal in REFUSALS}


def refuse(reason: str, **detail: str) -> Refusal:
    """Return the refusal of this reason with what its sentence names."""
    known = BY_REASON[reason]
    return Refusal(known.reason, known.status, known.ru, known.en, detail)
