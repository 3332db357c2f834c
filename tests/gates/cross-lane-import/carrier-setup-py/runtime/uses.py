import runtime.extra.nightly  # finds: candidate.jobs.nightly
