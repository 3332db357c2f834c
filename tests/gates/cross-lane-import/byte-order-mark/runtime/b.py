# coding: utf-8
from candidate import core  # finds: candidate.core
