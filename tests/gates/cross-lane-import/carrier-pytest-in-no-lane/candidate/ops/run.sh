PYTHONPATH=. python -m runtime.app
