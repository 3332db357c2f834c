"""What a request asks: JSON in UTF-8 that is a question, or why it is none."""

from __future__ import annotations

import json
from typing import Optional

from runtime.answer import Question


class Refusal(Exception):
    """A request that is not served, and why."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail


def question_of(body: bytes, text_limit: int, traceparent: Optional[str] = None) -> Question:
    """What this body asks. Errors: Refusal, whose detail says what would be right."""
    if not body.strip():
        raise Refusal(400, "empty", 'the body is empty; send {"text": "..."}')
    try:
        asked = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refusal(400, "not UTF-8", f"byte {error.start} of the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Refusal(400, "not JSON", f"the body is not JSON: {error}") from None
    except (RecursionError, ValueError):
        raise Refusal(400, "not JSON", "the body is nested too deep, or holds a number too long") from None
    if not isinstance(asked, dict):
        raise Refusal(422, "wrong shape", f'the body is {_named(asked)}; send an object: {{"text": "..."}}')
    stray = sorted(set(asked) - {"text", "subject"})
    if stray:
        raise Refusal(422, "unknown field", f"{stray[0][:50]!r} is not known here; the fields are text and subject")
    if "text" not in asked:
        raise Refusal(422, "no text", 'the field text is missing; send {"text": "..."}')
    text = _text("text", asked["text"], text_limit)
    subject = asked.get("subject")
    return Question(text, None if subject is None else _text("subject", subject, 200), traceparent)


def _text(field: str, value: object, limit: int) -> str:
    if not isinstance(value, str):
        raise Refusal(422, "wrong type", f"{field} is {_named(value)}; it must be a text")
    if not value.strip():
        raise Refusal(422, "empty", f"{field} is empty")
    if len(value) > limit:
        raise Refusal(422, "too long", f"{field} has {len(value):,} characters; {limit:,} are the most")
    if any("\ud800" <= character <= "\udfff" or character == "\0" for character in value):
        raise Refusal(422, "not a text", f"{field} holds a zero character or half a surrogate pair")
    return value


def _named(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
