import runtime.extra  # finds: candidate
import runtime.extra.core  # finds: candidate.core
from runtime.extra import jobs  # finds: candidate.jobs
from .extra.jobs import nightly  # finds: candidate.jobs.nightly
import runtime.extras
import tools.hammer
