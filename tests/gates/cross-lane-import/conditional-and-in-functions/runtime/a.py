import sys

if sys.version_info >= (3, 11):
    import candidate.core  # finds: candidate.core
elif sys.platform:
    import candidate.core  # finds: candidate.core
else:
    import candidate.core  # finds: candidate.core

for _ in ():
    import candidate.core  # finds: candidate.core


class A:
    import candidate.core  # finds: candidate.core

    async def f(self):
        async with self:
            from candidate import core  # finds: candidate.core
        return lambda: None


def __getattr__(name):
    while True:
        import candidate.core  # finds: candidate.core
