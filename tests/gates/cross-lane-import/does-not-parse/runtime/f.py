import candidates
(
