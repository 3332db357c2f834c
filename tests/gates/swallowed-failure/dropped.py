"""Handlers after which nobody knows that something failed."""

import logging
import math


def passes(work):
    try:
        work()
    except Exception:  # finds
        pass


def says_nothing(work):
    try:
        work()
    except Exception:  # finds
        ...


def bare(work):
    try:
        work()
    except:  # finds
        pass


def base(work):
    try:
        work()
    except BaseException:  # finds
        pass


def named_and_unused(work):
    try:
        work()
    except Exception as error:  # finds
        pass


def goes_on(items):
    for item in items:
        try:
            item()
        except Exception:  # finds
            continue


def stops(items):
    for item in items:
        try:
            item()
        except Exception:  # finds
            break


def returns_a_default(work):
    try:
        return work()
    except Exception:  # finds
        return None


def returns_false(work):
    try:
        work()
    except Exception:  # finds
        return False
    return True


def assigns_a_default(work):
    try:
        result = work()
    except Exception:  # finds
        result = 0
    return result


def only_looks(work):
    try:
        work()
    except Exception as error:  # finds
        if isinstance(error, KeyError) and "x" in str(error):
            return 1
        message = f"failed: {error}"
        if message.startswith("failed"):
            pass
    return None


def tries_something_else(work, other):
    try:
        return work()
    except Exception:  # finds
        try:
            return other()
        except ValueError:
            raise


def inner_failure_of_the_same_name(work, other):
    try:
        work()
    except Exception as error:  # finds
        try:
            other()
        except ValueError as error:
            logging.error(error)


def logs_only_if_somebody_calls(work):
    try:
        work()
    except Exception as error:  # finds

        def later():
            logging.error(error)


def gets_a_logger(work, logger_of):
    try:
        work()
    except Exception:  # finds
        log = logging.getLogger(__name__)
        catalog = logger_of


def takes_a_logarithm(work, x):
    try:
        return work(x)
    except Exception:  # finds
        return math.log(x)


def moves_on(text, index):
    try:
        return int(text[index:])
    except Exception:  # finds
        index += 1
    return index


def appends_text(work, out):
    try:
        work()
    except Exception:  # finds
        out += "x"
    return out


def flags(self, work):
    try:
        work()
    except Exception:  # finds
        self.available = False


class Closing:
    def __del__(self):
        try:
            self.close()
        except Exception:  # finds
            pass

    async def leave(self):
        try:
            await self.close()
        except (ValueError, Exception):  # finds
            return


def second_clause(work):
    try:
        work()
    except ValueError:
        raise
    except Exception:  # finds
        pass


def nested_statements(work, items):
    with work:
        for item in items:
            while item:
                try:
                    item()
                except Exception:  # finds
                    pass
                else:
                    item = None
                finally:
                    work()


try:
    import something
except Exception:  # finds
    something = None
