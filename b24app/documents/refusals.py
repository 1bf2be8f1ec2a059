"""What the portal's generator says when it will not, in plain words, and after which of its refusals we make the document here. Pure."""

from __future__ import annotations

from b24app.errors import BitrixError, Mistaken

NO_TEMPLATE = Mistaken(
    "The offer's template is not in the portal: install the app again.",
    "Шаблона предложения нет на портале: установите приложение заново.",
)
FOREIGN_GONE = Mistaken(
    "The portal's own template is gone: choose another one in the rule.", "Шаблона портала больше нет: выберите в правиле другой."
)
LIMIT = Mistaken("The tariff allows no more documents.", "Тариф не позволяет создать больше документов.")
NO_NUMBER = Mistaken(
    "The numerator gives no number: check it in the settings of documents.",
    "Нумератор не выдал номер: проверьте его в настройках документов.",
)
NOT_FILLED = Mistaken("The portal could not fill the template.", "Портал не смог заполнить шаблон.")
CLOSED = Mistaken("The app may not create documents.", "Приложению не разрешено создавать документы.")
NO_GENERATOR = Mistaken("The portal has no document generator.", "На портале не включён генератор документов.")

# Code or text of the portal, what it means, whether a document that we fill here may still be uploaded.
REFUSALS = (
    ("DOCGEN_LIMIT_ERROR", LIMIT, True),
    ("Error getting next number", NO_NUMBER, True),
    ("Шаблон не найден", NO_TEMPLATE, True),
    ("deleted template", NO_TEMPLATE, True),
    ("DOCUMENT_FILE_NOT_PROCESSABLE_ERROR", NOT_FILLED, True),
    ("DOCGEN_ACCESS_ERROR", CLOSED, False),
    ("is not installed", NO_GENERATOR, False),
)
MADE_HERE = Mistaken("So the app filled the document itself.", "Поэтому приложение заполнило документ само.")


def find_way_out(error: BitrixError) -> Mistaken | None:
    """Return why the document is made here instead, None when that would help nothing."""
    for word, meaning, may_upload in REFUSALS:
        if may_upload and (word == error.code or word in error.text):
            return Mistaken(*(f"{meaning.sentence(lang)} {MADE_HERE.sentence(lang)}" for lang in ("en", "ru")))
    return None


def in_words(error: BitrixError) -> Mistaken:
    """Return what a person reads; what we do not know is passed on in the portal's own words."""
    for word, meaning, _ in REFUSALS:
        if word == error.code or word in error.text:
            return meaning
    said = error.text or error.code
    return Mistaken(f"Bitrix24 did not make the document: {said}", f"Битрикс24 не создал документ: {said}")
