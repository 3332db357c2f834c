#!/bin/bash
set -euo pipefail
# python -m candidate.core
echo "python -m candidate.core" 'and' python -m candidate.core
APP=runtime.app
if [ -n "$LAB" ]; then
    APP=candidate.core:app
fi
exec gunicorn "$APP" --bind "0.0.0.0:$PORT"  # finds: candidate.core
python3 -m candidate.core "$@"  # finds: candidate.core
python3.11 -u -W ignore -mcandidate.jobs  # finds: candidate.jobs
PYTHONPATH="$PWD/candidate:$PYTHONPATH" python -m core  # finds: candidate; candidate.core
(cd candidate && python core.py)  # finds: candidate.core
python core.py
for module in runtime.app candidate.jobs.nightly; do
    python -m "$module"  # finds: candidate.jobs.nightly
done
sudo -u shop env A=1 timeout 10 poetry run python -m candidate.core  # finds: candidate.core
bash -c 'cd /; python -m candidate.core'  # finds: candidate.core
x=$(python -c 'import candidate.core as c; print(c)')  # finds: candidate.core
python - <<-END
	from candidate import jobs  # finds: candidate.jobs
END
cat > notes.py <<END
import candidate.core
END
RUN="python -m"
$RUN candidate.core && ./candidate/core.py  # finds: candidate.core
"$UNKNOWN" -m candidate.core  # finds: candidate.core
python -m $UNKNOWN candidate.core
pip install candidate.core; grep -r candidate/core.py .; ls candidate/core.py
docker run shop python -m candidate.core  # finds: candidate.core
celery --app=candidate.jobs worker  # finds: candidate.jobs
flask --app candidate.core run  # finds: candidate.core
python manage.py migrate --settings=candidate.core  # finds: candidate.core
pytest -p candidate.core candidate/tests  # finds: candidate.core
coverage run -m candidate.core  # finds: candidate.core
