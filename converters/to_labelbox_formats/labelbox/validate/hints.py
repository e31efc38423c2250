"""What the importer takes although the documentation advises otherwise, and what a conversion warns of."""

from __future__ import annotations

from to_labelbox.report.codes import Code, Severity


class Hint(str):
    """A message that is no fault."""

    severity = Severity.INFO
    code = ""


class Unanswered(Hint):
    """A required question without an answer: the report of a conversion says the same."""

    severity = Severity.WARNING
    code = Code.REQUIRED_UNANSWERED.value


def severity_of(message: str) -> Severity:
    return message.severity if isinstance(message, Hint) else Severity.ERROR


def code_of(message: str) -> str:
    return message.code if isinstance(message, Hint) else ""


def at(place: str, message: str) -> str:
    """A message with its place before it, of the same kind."""
    return type(message)(f"{place}: {message}")
