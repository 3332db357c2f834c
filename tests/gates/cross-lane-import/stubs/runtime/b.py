import candidate.only_a_stub  # finds: candidate.only_a_stub
