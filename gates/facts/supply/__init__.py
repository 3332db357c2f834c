"""What a repository is built from: requirements and locks, advisories, bills of materials, secrets, workflows."""
