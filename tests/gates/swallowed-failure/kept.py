"""Handlers after which somebody knows, or could know."""

import logging
import os
import sys
import traceback
import warnings

import pytest

logger = logging.getLogger(__name__)
IMPORT_ERROR = None


def raises_again(work):
    try:
        work()
    except Exception:
        work.undo()
        raise


def raises_another(work):
    try:
        work()
    except Exception as error:
        raise RuntimeError("no work") from error


def raises_sometimes(work, strict):
    try:
        work()
    except Exception:
        if strict:
            raise


def asserts(work):
    try:
        work()
    except Exception as error:
        assert "timeout" in str(error)


def cannot_happen(work):
    try:
        work()
    except Exception:
        assert False, "never"


def returns_it(work):
    try:
        return work(), None
    except Exception as error:
        return None, str(error)


def returns_what_is_made_of_it(work, response):
    try:
        return work()
    except Exception as error:
        answer = response(500)
        answer.text = f"{error}"
        return answer


def yields_it(work):
    try:
        yield work()
    except Exception as error:
        yield error


def stores_it(self, work):
    try:
        work()
    except Exception as error:
        self.error = error


def stores_in_an_item(work, results):
    try:
        work()
    except Exception as error:
        results["error"] = repr(error)


def appends_it(work, errors):
    try:
        work()
    except Exception as error:
        errors.append(error)


def reads_it_later(work):
    failure = None
    try:
        work()
    except Exception as error:
        failure = error
    return failure


def reads_a_message_later(work):
    message = ""
    try:
        work()
    except Exception as error:
        kind = type(error).__name__
        message = f"{kind}: {error}"
    return message


def binds_globally(work):
    global IMPORT_ERROR
    try:
        work()
    except Exception as error:
        IMPORT_ERROR = error


def hands_it_on(work, future):
    try:
        work()
    except BaseException as error:
        future.set_exception(error)


def hands_it_on_in_an_inner_clause(work, undo, report):
    try:
        work()
    except Exception as error:
        try:
            undo()
        except ValueError:
            report(error)


def takes_the_running_failure(work, sink):
    try:
        work()
    except:
        sink(sys.exc_info())


def formats_it(self, work):
    try:
        work()
    except Exception:
        self.trace = traceback.format_exc()


def logs(work):
    try:
        work()
    except Exception:
        logger.exception("no work")


def logs_without_it(work):
    try:
        work()
    except Exception:
        logger.debug("no work")


def logs_by_itself(self, work):
    try:
        work()
    except Exception:
        self._log_failure("no work")


def prints(work):
    try:
        work()
    except Exception:
        print("no work")


def prints_the_trace(work):
    try:
        work()
    except Exception:
        traceback.print_exc()


def warns(work):
    try:
        work()
    except Exception:
        warnings.warn("no work", stacklevel=2)


def writes(work):
    try:
        work()
    except Exception:
        sys.stderr.write("no work\n")


def reports(self, work):
    try:
        work()
    except Exception:
        self.handle_error("no work")


def counts(self, work, stats, failures):
    try:
        work()
    except Exception:
        self.failures += 1
    try:
        work()
    except Exception:
        stats["failed"] += 1
    try:
        work()
    except Exception:
        failures.inc()
    try:
        work()
    except Exception:
        failures.labels("work").increment(1)
    try:
        work()
    except Exception:
        self.failed = self.failed + 1


def exits(work):
    try:
        work()
    except Exception:
        sys.exit(1)


def exits_at_once(work):
    try:
        work()
    except BaseException:
        os._exit(70)


def fails_the_test(self, work):
    try:
        work()
    except Exception:
        pytest.fail("no work")
    try:
        work()
    except Exception:
        self.fail("no work")


def expects(work):
    try:
        work()
    except (KeyError, ValueError):
        pass
    except OSError:
        return None
    except work.Exception:
        pass


try:
    import something
except Exception as error:
    IMPORT_ERROR = error
