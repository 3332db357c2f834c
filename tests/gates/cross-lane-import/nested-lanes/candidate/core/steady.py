import candidate.wild  # finds: candidate.wild
