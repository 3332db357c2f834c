"""The broad classes under other names, and other classes under theirs."""

import builtins
import builtins as b
from builtins import BaseException as Everything

from elsewhere import Errors, Failure

Ex = Exception
Several = (KeyError, Exception)
More = (ValueError,) + Several
First, Second = KeyError, Exception
typed: type = Exception
Narrow = (KeyError, ValueError)


def aliased(work):
    try:
        work()
    except Ex:  # finds
        pass
    try:
        work()
    except Several:  # finds
        pass
    try:
        work()
    except More:  # finds
        pass
    try:
        work()
    except First:
        pass
    except Second:  # finds
        pass
    try:
        work()
    except typed:  # finds
        pass
    try:
        work()
    except Everything:  # finds
        pass
    try:
        work()
    except builtins.Exception:  # finds
        pass
    try:
        work()
    except b.BaseException:  # finds
        pass
    try:
        work()
    except (OSError, *Several):  # finds
        pass
    try:
        work()
    except (OSError, (Ex, KeyError)):  # finds
        pass
    try:
        work()
    except Ｅxception:  # finds
        pass


def local(work):
    Mine = Exception
    try:
        work()
    except Mine:  # finds
        pass


def narrow(work):
    try:
        work()
    except Narrow:
        pass
    except Errors:
        pass
    except Failure:
        pass
    except work.Errors:
        pass
