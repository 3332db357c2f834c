import nox


@nox.session
def lab(session):
    session.install("candidate.core")
    session.run("python", "-m", "candidate.core", *session.posargs)  # finds: candidate.core
    session.run("python", "-m", "runtime.app", "candidate.core")
    session.log("python -m candidate.core")
