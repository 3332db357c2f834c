import runtime.core  # finds: candidate.core
import runtime.jobs.nightly  # finds: candidate.jobs.nightly
