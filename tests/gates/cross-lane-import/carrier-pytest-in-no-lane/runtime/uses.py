from jobs import nightly  # finds: candidate.jobs.nightly
