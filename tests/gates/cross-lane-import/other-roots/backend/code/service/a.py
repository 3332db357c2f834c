import candidate.core  # finds: candidate.core
import backend.code.candidate.core
