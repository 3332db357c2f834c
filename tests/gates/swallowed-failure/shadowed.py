"""A class of one's own that is called like the broad one."""

from elsewhere import BaseException


class Exception(ValueError):
    pass


def own(work):
    try:
        work()
    except Exception:
        pass
    except BaseException:
        pass
    except:  # finds
        pass
