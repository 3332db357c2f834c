"""The OpenFeature provider over a file of switches; another provider may take its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider import AbstractProvider, Metadata

from runtime.guardian.rollout import reaches
from runtime.guardian.switch_file import Rule, SwitchFile, Unreadable


class FileProvider(AbstractProvider):
    """Booleans only: a switch is on or off. Without a file there is no switch, and nothing that is unreadable."""

    def __init__(self, file: Optional[SwitchFile]) -> None:
        super().__init__()
        self._file = file

    def get_metadata(self) -> Metadata:
        """Its name, for hooks."""
        return Metadata(name="switch-file")

    def revision(self) -> int:
        """Another number, other switches."""
        return 0 if self._file is None else self._file.refresh()

    def names(self) -> Sequence[str]:
        """The switches that the file names."""
        return () if self._file is None else tuple(self._file.board.rules)

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: Optional[EvaluationContext] = None
    ) -> FlagResolutionDetails[bool]:
        """What the file says of this switch for the targeting key of the context."""
        if self._file is None:
            return _error(default_value, ErrorCode.FLAG_NOT_FOUND, "there is no file of switches")
        self._file.refresh()
        board = self._file.board
        if board.fault is not None:
            return _error(False, ErrorCode.PARSE_ERROR, board.fault)
        rule = board.rules.get(flag_key)
        if rule is None:
            return _error(default_value, ErrorCode.FLAG_NOT_FOUND, f"{self._file.path} does not name it")
        if isinstance(rule, Unreadable):
            return _error(False, ErrorCode.PARSE_ERROR, rule.reason)
        return _decide(flag_key, rule, (evaluation_context and evaluation_context.targeting_key) or "")

    def resolve_string_details(self, flag_key: str, default_value: str, evaluation_context: Any = None) -> Any:
        """Not a switch."""
        return _not_boolean(default_value)

    def resolve_integer_details(self, flag_key: str, default_value: int, evaluation_context: Any = None) -> Any:
        """Not a switch."""
        return _not_boolean(default_value)

    def resolve_float_details(self, flag_key: str, default_value: float, evaluation_context: Any = None) -> Any:
        """Not a switch."""
        return _not_boolean(default_value)

    def resolve_object_details(self, flag_key: str, default_value: Any, evaluation_context: Any = None) -> Any:
        """Not a switch."""
        return _not_boolean(default_value)


def _decide(flag: str, rule: Rule, subject: str) -> FlagResolutionDetails[bool]:
    if subject in rule.subjects:
        return FlagResolutionDetails(True, reason=Reason.TARGETING_MATCH)
    if rule.percent in (0.0, 100.0):
        return FlagResolutionDetails(
            rule.percent == 100.0, reason=Reason.TARGETING_MATCH if rule.subjects else Reason.STATIC
        )
    # Nobody is nobody's tenth: without a subject, a rollout that is not complete is off.
    return FlagResolutionDetails(bool(subject) and reaches(flag, subject, rule.percent), reason=Reason.SPLIT)


def _error(value: bool, code: ErrorCode, message: str) -> FlagResolutionDetails[bool]:
    return FlagResolutionDetails(value, error_code=code, error_message=message, reason=Reason.ERROR)


def _not_boolean(value: Any) -> FlagResolutionDetails[Any]:
    return FlagResolutionDetails(
        value, error_code=ErrorCode.TYPE_MISMATCH, error_message="switches are true or false", reason=Reason.ERROR
    )
