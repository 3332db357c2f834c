"""A run as evidence: one file that binds the report to a commit, the policy, and the digest of every input."""
