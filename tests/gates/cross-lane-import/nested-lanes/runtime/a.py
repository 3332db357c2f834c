import candidate.core.steady  # finds: candidate.core.steady -> candidate
import candidate.core
import candidate.wild  # finds: candidate.wild
