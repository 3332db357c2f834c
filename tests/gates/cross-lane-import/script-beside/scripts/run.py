import experiment  # finds: scripts.experiment
import steady
from experiment import x  # finds: scripts.experiment
