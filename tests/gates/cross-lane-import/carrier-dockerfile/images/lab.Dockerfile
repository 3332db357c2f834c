FROM python:3.11
COPY candidate /app/candidate
CMD ["python", "-m", "candidate.core"]
