import core  # finds: candidate.core
import jobs.nightly  # finds: candidate.jobs.nightly
import nothing.known
import logging
