# python -m candidate.core
grep 'python -m candidate.core' x; python -m candidates.core
