"""The OpenAPI document of the service."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def document(body_limit: int, text_limit: int) -> Schema:
    """OpenAPI 3.1. `body_limit` is in bytes, `text_limit` in characters."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "LUKHAS reference runtime", "version": "1"},
        "security": [{"bearer": []}],
        "paths": {
            "/query": {"post": _query(body_limit)},
            "/system/plugins": {"get": _plugins("plugins")},
            "/_system/plugins": {"get": _plugins("pluginsByFormerPath")},
            "/metrics": {"get": _get("metrics", "Prometheus metrics", "text/plain", {"type": "string"})},
            "/healthz": {"get": _health("live", "Whether the process answers")},
            "/readyz": {"get": _health("ready", "Whether it can answer questions", may_be_down=True)},
            "/openapi.json": {"get": _get("openapi", "This document", "application/json", {"type": "object"})},
        },
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Question": _question(text_limit),
                "Answer": _answer(),
                "Plugins": _document(),
                "Problem": PROBLEM,
            },
        },
    }


PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong, and what would be right"},
    },
}
PROBLEM_CONTENT: Schema = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
WHY = {
    400: "no JSON in UTF-8",
    401: "no token, or another",
    408: "the body came too slowly",
    413: "the body is too large",
    415: "the body is not application/json",
    422: "JSON that asks nothing that can be answered",
    503: "no room, not ready, or a part that is needed is switched off or at fault; see Retry-After",
    504: "no answer within the budget",
}


def _query(body_limit: int) -> Schema:
    answer = _content("application/json", {"$ref": "#/components/schemas/Answer"})
    return {
        "operationId": "query",
        "summary": "One question through the six stages",
        "requestBody": {
            "required": True,
            "description": f"at most {body_limit} bytes",
            "content": _content("application/json", {"$ref": "#/components/schemas/Question"}),
        },
        "responses": {
            "200": {"description": "answered, or degraded", "content": answer},
            **_problems(*(status for status in WHY if status != 504)),
            "503": {"description": WHY[503], "content": {**answer, **PROBLEM_CONTENT}},
            "504": {"description": WHY[504], "content": answer},
        },
    }


def _plugins(operation: str) -> Schema:
    return _get(operation, "What is plugged in", "application/json", {"$ref": "#/components/schemas/Plugins"})


def _get(operation: str, summary: str, kind: str, schema: Schema) -> Schema:
    return {
        "operationId": operation,
        "summary": summary,
        "responses": {"200": {"description": summary, "content": _content(kind, schema)}, **_problems(401)},
    }


def _health(operation: str, summary: str, may_be_down: bool = False) -> Schema:
    state = _content("application/json", {"type": "object", "properties": {"status": {"type": "string"}}})
    responses = {"200": {"description": "yes", "content": state}}
    if may_be_down:
        responses["503"] = {"description": "no; `reasons` says why", "content": state}
    return {"operationId": operation, "summary": summary, "security": [], "responses": responses}


def _problems(*statuses: int) -> Schema:
    return {str(status): {"description": WHY[status], "content": PROBLEM_CONTENT} for status in statuses}


def _content(kind: str, schema: Schema) -> Schema:
    return {kind: {"schema": schema}}


def _question(text_limit: int) -> Schema:
    return {
        "type": "object",
        "required": ["text"],
        "additionalProperties": False,
        "properties": {
            "text": {"type": "string", "minLength": 1, "maxLength": text_limit},
            "subject": {"type": ["string", "null"], "maxLength": 200, "description": "for whom; rollouts decide by it"},
        },
    }


def _answer() -> Schema:
    stage = {
        "type": "object",
        "required": ["stage", "ending", "seconds"],
        "properties": {
            "stage": {"type": "string"},
            "node": {"type": "string"},
            "ending": {"enum": ["done", "timed_out", "failed", "skipped", "abandoned"]},
            "seconds": {"type": "number"},
            "budget": {"type": ["number", "null"]},
            "error": {"type": "string", "description": "the type of what a stage that failed raised"},
            "reason": {"type": "string", "description": "why a stage was skipped"},
        },
    }
    passage = {
        "type": "object",
        "required": ["id", "text", "source", "score"],
        "properties": {
            "id": {"type": "string"},
            "text": {"type": "string"},
            "source": {"type": "string"},
            "score": {"type": "number", "description": "relevance; higher is more relevant"},
        },
    }
    return {
        "type": "object",
        "required": ["id", "outcome", "answer", "seconds", "stages"],
        "properties": {
            "id": {"type": "string"},
            "outcome": {"enum": ["answered", "degraded", "failed"]},
            "answer": {"type": ["string", "null"], "description": "null where it abstains; `awareness` says why"},
            "confidence": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
            "sources": {"type": "array", "items": {"type": "string"}, "description": "of the answer: FILE:LINE"},
            "passages": {"type": "array", "items": passage, "description": "what the answer was looked for in"},
            "awareness": {"type": ["object", "null"]},
            "seconds": {"type": "number"},
            "budget": {"type": "number"},
            "stages": {"type": "array", "items": stage},
            "failed_stage": {"type": "string", "description": "only where the outcome is failed"},
            "switched_off": {"type": "array", "items": {"type": "string"}, "description": "switches to blame"},
        },
    }


def _document() -> Schema:
    return {
        "type": "object",
        "required": ["registered", "kinds", "plugins", "failures", "discovery", "lanes"],
        "properties": {
            "registered": {"type": "array", "items": {"type": "string"}},
            "kinds": {"type": "object"},
            "routes": {"type": "object"},
            "plugins": {"type": "array", "items": {"type": "object"}},
            "failures": {"type": "array", "items": {"type": "object"}},
            "discovery": {"type": "object"},
            "lane": {"type": "string"},
            "lanes": {"type": "array", "items": {"type": "string"}},
            "unfit": {"type": "array", "items": {"type": "string"}, "description": "nodes that cannot serve, and why"},
            "stages": {"type": "array", "items": {"type": "object"}},
            "switches": {"type": "object", "additionalProperties": {"type": "boolean"}},
        },
    }
