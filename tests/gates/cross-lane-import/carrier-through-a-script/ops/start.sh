source ops/common
exec python -m candidate.core
