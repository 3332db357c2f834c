import candidate.core
exec 'x'
