"""The texts made from a mail: its ticket's subject and text, and internal notes for support. Pure."""

from services.contract.limits import TEXT_CHARACTERS_MAX
from services.contract.vocabulary import Language
from services.intake.mail.headers import Address
from services.intake.mail.letter import IncomingMail

SUBJECT_FROM_TEXT_CHARACTERS_MAX = 80

_NO_SUBJECT = {
    Language.DUTCH: "(geen onderwerp)",
    Language.ITALIAN: "(nessun oggetto)",
    Language.ENGLISH: "(no subject)",
}
_NO_TEXT = {
    Language.DUTCH: "(geen tekst)",
    Language.ITALIAN: "(nessun testo)",
    Language.ENGLISH: "(no text)",
}
_UNKNOWN_SENDER = {
    Language.DUTCH: "(onbekende afzender)",
    Language.ITALIAN: "(mittente sconosciuto)",
    Language.ENGLISH: "(unknown sender)",
}


def name_of(sender: Address | None, language: Language) -> str:
    """The sender's name, or else their address, or else "(unknown sender)" in this language."""
    return (sender.name or sender.email) if sender else _UNKNOWN_SENDER[language]


def subject_of(mail: IncomingMail, language: Language) -> str:
    """The mail's subject; where it has none, the first line of its text."""
    if mail.subject:
        return mail.subject
    first = next((line.strip() for line in mail.text.splitlines() if line.strip()), "")
    if len(first) > SUBJECT_FROM_TEXT_CHARACTERS_MAX:
        first = first[: SUBJECT_FROM_TEXT_CHARACTERS_MAX - 1].rstrip() + "…"
    return first or _NO_SUBJECT[language]


def text_of(text: str, language: Language) -> str:
    """The text, or "(no text)" in this language."""
    return text if text.strip() else _NO_TEXT[language]


def about_mail(
    mail: IncomingMail, *, names: int | None = None, answers: int | None = None, switched_off: bool = False
) -> str:
    """An internal note with what support should know about a mail; empty for an ordinary mail.

    `names` is a ticket it names but its sender may not see, `answers` one that takes no replies any more, and
    `switched_off` says that its sender's account is inactive.
    """
    sentences = [*mail.defects]
    if mail.written_by_machine:
        sentences.append(f"A machine seems to have written this mail: {_sentence(mail.written_by_machine)}")
    if mail.bounce and mail.bounce.recipients:
        sentences.append(f"A mail {_reach(mail)}.")
    if switched_off and mail.sender:
        sentences.append(f"The account of {mail.sender.email} is switched off: this is a ticket of nobody known.")
    if names is not None:
        foreign = f"It names ticket #{names}, in which its sender takes no part."
        sentences.append(f"It is about ticket #{names}." if switched_off else foreign)
    if answers is not None:
        sentences.append(f"It answers ticket #{answers}, which takes no answers any more.")
    return "\n".join(sentences)


def machine_note(mail: IncomingMail) -> str:
    """The internal note for an automatic mail about a ticket; it does not count as the requester's reply."""
    sender = mail.sender.email if mail.sender else "somebody unknown"
    if mail.bounce:
        head = f"A mail about this ticket {_reach(mail)}."
    else:
        head = f"An automatic answer came from {sender}; it does not count as the requester's."
    return "\n\n".join(filter(None, (head, mail.text, "\n".join(mail.defects))))[:TEXT_CHARACTERS_MAX]


def _reach(mail: IncomingMail) -> str:
    bounce = mail.bounce
    who = ", ".join(bounce.recipients) if bounce and bounce.recipients else "its recipient"
    return f"has not reached {who} yet" if bounce and bounce.delayed else f"did not reach {who}"


def _sentence(words: str) -> str:
    return words if words.endswith(".") else f"{words}."
