from runtime.extra import nightly  # finds: candidate.jobs.nightly
