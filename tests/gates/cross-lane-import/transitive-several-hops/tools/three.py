import candidate.core
