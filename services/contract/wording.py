"""Labels for statuses, priorities and so on, and formatting of dates, in Dutch, Italian and English. Pure.

Staff and requesters see a ticket's status under different names (`docs/design.md §4`): one speaks of the work, the
other of what happens next.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta
from babel.units import format_unit

from services.contract.vocabulary import (
    ArticleKind,
    Channel,
    ClosedReason,
    DeadlineKind,
    Kind,
    Language,
    Metric,
    Priority,
    Role,
    Status,
)
from services.contract.zones import zone_label

_Said = Mapping[Language, str]


def _say(dutch: str, italian: str, english: str) -> _Said:
    return {Language.DUTCH: dutch, Language.ITALIAN: italian, Language.ENGLISH: english}


LANGUAGE_NAMES: Mapping[Language, str] = _say("Nederlands", "Italiano", "English")
"""Each language's name in that language, for a menu of languages."""

_STATUS: Mapping[Status, _Said] = {
    Status.NEW: _say("Nieuw", "Nuovo", "New"),
    Status.OPEN: _say("Open", "Aperto", "Open"),
    # Not "uw reactie": on the desk that would read as if the agent had to answer.
    Status.PENDING: _say("In afwachting van reactie", "In attesa di risposta", "Pending"),
    Status.PARKED: _say("Geparkeerd", "In sospeso", "Parked"),
    Status.SOLVED: _say("Opgelost", "Risolto", "Solved"),
    Status.CLOSED: _say("Gesloten", "Chiuso", "Closed"),
}

_REQUESTER_STATUS: Mapping[Status, _Said] = {
    **_STATUS,
    Status.NEW: _STATUS[Status.OPEN],
    Status.PENDING: _say("In afwachting van uw reactie", "In attesa di una sua risposta", "Awaiting your reply"),
}

_CLOSED_REASON: Mapping[ClosedReason, _Said] = {
    ClosedReason.FINALISED: _say("afgerond", "concluso", "finalised"),
    ClosedReason.NO_RESPONSE: _say("geen reactie ontvangen", "nessuna risposta ricevuta", "no response received"),
    ClosedReason.MERGED: _say("samengevoegd", "unito a un altro ticket", "merged"),
    ClosedReason.SPAM: _say("spam", "spam", "spam"),
}

_PRIORITY: Mapping[Priority, _Said] = {
    Priority.HIGH: _say("Hoog", "Alta", "High"),
    Priority.MEDIUM: _say("Gemiddeld", "Media", "Medium"),
    Priority.LOW: _say("Laag", "Bassa", "Low"),
}

_PRIORITY_MEANING: Mapping[Priority, _Said] = {
    Priority.HIGH: _say(
        "Alles ligt stil: de software is onder normale omstandigheden niet te gebruiken.",
        "Blocco totale: il software non è utilizzabile in condizioni normali.",
        "A show-stopper: the software cannot be used under normal conditions.",
    ),
    Priority.MEDIUM: _say(
        "Hinder bij het werk: de software doet niet wat is afgesproken, maar is wel te gebruiken.",
        "Il servizio ne risente: il software non fa quanto specificato, ma è utilizzabile.",
        "Affects the service: the software does not do what is specified, but it can be used.",
    ),
    Priority.LOW: _say(
        "Alles werkt: het gaat om documentatie of iets in de vormgeving.",
        "Il funzionamento non è compromesso: si tratta di documentazione o di aspetto grafico.",
        "Functionality is not affected: it is about documentation or cosmetics.",
    ),
}

_KIND: Mapping[Kind, _Said] = {
    Kind.QUESTION: _say("Vraag", "Domanda", "Question"),
    Kind.INCIDENT: _say("Incident", "Incidente", "Incident"),
    Kind.ENHANCEMENT: _say("Wens", "Richiesta di miglioria", "Enhancement"),
}

_CHANNEL: Mapping[Channel, _Said] = {
    Channel.WEB: _say("Website", "Sito web", "Web"),
    Channel.EMAIL: _say("E-mail", "E-mail", "E-mail"),
    Channel.PHONE: _say("Telefoon", "Telefono", "Phone"),
    Channel.API: _say("API", "API", "API"),
}

_ROLE: Mapping[Role, _Said] = {
    Role.REQUESTER: _say("Aanvrager", "Richiedente", "Requester"),
    Role.COLLEAGUE: _say("Collega", "Collega", "Colleague"),
    Role.AGENT: _say("Medewerker support", "Operatore", "Agent"),
    Role.DIRECTOR: _say("Productdirecteur", "Direttore di prodotto", "Product director"),
    Role.ADMIN: _say("Beheerder", "Amministratore", "Administrator"),
}

_DEADLINE: Mapping[DeadlineKind, _Said] = {
    DeadlineKind.REMINDER: _say("Herinnering", "Promemoria", "Reminder"),
    DeadlineKind.CLOSURE: _say("Sluiting", "Chiusura", "Closing"),
    DeadlineKind.SURVEY: _say("Vraag naar tevredenheid", "Richiesta di valutazione", "Satisfaction survey"),
    DeadlineKind.FINALISATION: _say("Afronding", "Conclusione", "Finalisation"),
    DeadlineKind.SNOOZE: _say("Terug in beeld", "Di nuovo in vista", "Back in sight"),
    DeadlineKind.WARNING: _say("Waarschuwing", "Avviso", "Warning"),
    DeadlineKind.BREACH: _say("Te laat", "Scadenza superata", "Breach"),
    DeadlineKind.ESCALATION: _say("Escalatie", "Escalation", "Escalation"),
}

_METRIC: Mapping[Metric, _Said] = {
    Metric.FIRST_REPLY: _say("Eerste antwoord", "Prima risposta", "First reply"),
    Metric.NEXT_REPLY: _say("Volgend antwoord", "Risposta successiva", "Next reply"),
    Metric.REQUESTER_WAIT: _say("Wachttijd van de aanvrager", "Attesa del richiedente", "Requester's wait"),
    Metric.AGENT_WORK: _say("Behandeltijd", "Tempo di lavorazione", "Handling time"),
    Metric.RESOLUTION: _say("Oplossing", "Risoluzione", "Resolution"),
}

_ARTICLE_KIND: Mapping[ArticleKind, _Said] = {
    ArticleKind.HOW_TO: _say("Stap voor stap", "Come fare", "How-to"),
    ArticleKind.RELEASE_NOTE: _say("Versienotities", "Note di rilascio", "Release note"),
    ArticleKind.ANNOUNCEMENT: _say("Aankondiging", "Annuncio", "Announcement"),
    ArticleKind.SYSTEM_REQUIREMENT: _say("Systeemeisen", "Requisiti di sistema", "System requirement"),
    ArticleKind.HELP: _say("Uitleg", "Guida", "Help"),
}

_LOCALES = {Language.DUTCH: "nl_NL", Language.ITALIAN: "it_IT", Language.ENGLISH: "en_GB"}
_MOMENT = _say("EEEE d MMMM y 'om' HH:mm", "EEEE d MMMM y 'alle' 'ore' HH:mm", "EEEE d MMMM y 'at' HH:mm")
_SHORT_MOMENT = _say("EEE d MMM HH:mm", "EEE d MMM HH:mm", "EEE d MMM HH:mm")
_DAY = _say("d MMMM y", "d MMMM y", "d MMMM y")


def status_label(status: Status, language: Language) -> str:
    """The status's name as staff see it."""
    return _STATUS[status][language]


def requester_status_label(status: Status, language: Language) -> str:
    """The status's name as requesters see it: a new ticket is shown as open, a pending one as awaiting their reply."""
    return _REQUESTER_STATUS[status][language]


def closed_reason_label(reason: ClosedReason, language: Language) -> str:
    """Why a ticket was closed, in lower case, to follow "Closed:"."""
    return _CLOSED_REASON[reason][language]


def priority_label(priority: Priority, language: Language) -> str:
    """The priority's name."""
    return _PRIORITY[priority][language]


def priority_meaning(priority: Priority, language: Language) -> str:
    """The priority's definition, one sentence, shown wherever it is chosen."""
    return _PRIORITY_MEANING[priority][language]


def kind_label(kind: Kind, language: Language) -> str:
    """The name of the ticket's kind."""
    return _KIND[kind][language]


def channel_label(channel: Channel, language: Language) -> str:
    """The channel's name."""
    return _CHANNEL[channel][language]


def role_label(role: Role, language: Language) -> str:
    """The role's name."""
    return _ROLE[role][language]


def deadline_label(kind: DeadlineKind, language: Language) -> str:
    """The name of an automatic step."""
    return _DEADLINE[kind][language]


def metric_label(metric: Metric, language: Language) -> str:
    """The name of an SLA metric."""
    return _METRIC[metric][language]


def article_kind_label(kind: ArticleKind, language: Language) -> str:
    """The name of an article's kind."""
    return _ARTICLE_KIND[kind][language]


def moment(at: datetime, language: Language, zone: str) -> str:
    """An instant in full, with its zone: "Tuesday 24 November 2026 at 09:00 CET"."""
    return f"{_format(at, _MOMENT, language, zone)} {zone_label(at, zone)}"


def short_moment(at: datetime, language: Language, zone: str) -> str:
    """An instant for a list or a timeline, without the year, but with its zone: "Tue 24 Nov 09:00 CET"."""
    return f"{_format(at, _SHORT_MOMENT, language, zone)} {zone_label(at, zone)}"


def day(at: datetime, language: Language, zone: str) -> str:
    """The day of an instant in this zone: "24 November 2026"."""
    return _format(at, _DAY, language, zone)


def duration(length: timedelta, language: Language) -> str:
    """A length of time in its largest fitting unit: "7 days"; 48 hours give "2 days"."""
    return format_timedelta(length, threshold=1, locale=_LOCALES[language])


def exact_duration(length: timedelta, language: Language) -> str:
    """A length of time in its two largest units, rounded down to minutes: "2 days 3 hrs", "45 mins"."""
    minutes = int(abs(length).total_seconds()) // 60
    sized = (("day", minutes // 1440), ("hour", minutes // 60 % 24), ("minute", minutes % 60))
    shown = [(unit, count) for unit, count in sized if count][:2] or [("minute", 0)]
    return " ".join(
        format_unit(count, f"duration-{unit}", length="short", locale=_LOCALES[language]) for unit, count in shown
    )


def locale_of(language: Language) -> str:
    """The babel locale in which we write the language."""
    return _LOCALES[language]


def from_now(at: datetime, now: datetime, language: Language) -> str:
    """How far an instant is from now: "in 3 days", "2 hours ago"."""
    return format_timedelta(at - now, add_direction=True, threshold=1, locale=_LOCALES[language])


def _format(at: datetime, patterns: _Said, language: Language, zone: str) -> str:
    if at.tzinfo is None:
        raise ValueError("an instant without a zone cannot be shown in one")
    return format_datetime(at, patterns[language], tzinfo=ZoneInfo(zone), locale=_LOCALES[language])
