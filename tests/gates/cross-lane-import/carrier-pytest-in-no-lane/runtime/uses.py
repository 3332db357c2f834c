from jobs import nightly  # finds: candidate.jobs.nightly
import local  # finds: candidate.ini.local
import thing
