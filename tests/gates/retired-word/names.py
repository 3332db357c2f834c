"""Names in every spelling."""

import zephyr_core
from zephyr import ZephyrNode as Node

ZEPHYR_MODE = {"zephyr_level": 1}


def the_zephyr(zephyrs, *, useZephyr=False):
    return zephyrs if useZephyr else f"{zephyr_core}"
