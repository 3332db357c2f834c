"""Other words of the same letters, and words that are not ours."""

import rezephyred
from prezephyr import zephyrine

HOME = "/home/zephyr_dev/x"
SEE = "https://example.org/zephyr"
SAID = "Zephyr"  # gates:quote
