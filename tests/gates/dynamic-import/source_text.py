"""exec, eval and compile."""
import ast
import builtins

exec("import candidate.a")  # finds: candidate.a
exec("from candidate import b, c")  # finds: candidate.b, candidate.c
exec("from . import d")  # finds: .d
exec("x = 1")
exec("")
eval("1 + 1")
eval("import candidate.statement")
eval("__import__('candidate.e')")  # finds: candidate.e
eval(" __import__('candidate.e').x ")  # finds: candidate.e
exec("import importlib as i\ni.import_module('candidate.f')")  # finds: importlib, candidate.f
exec("import importlib\nimportlib.import_module(name)")  # finds: importlib; opaque
exec("exec('import candidate.g')")  # finds: candidate.g
exec("import " + "candidate.h")  # finds: candidate.h
exec(f"import {name}")  # opaque
exec(source)  # opaque
exec(open("x.py").read())  # finds: path:x.py
eval(expression, {"__builtins__": {}})  # opaque
code = compile("import candidate.i", "x", "exec")  # finds: candidate.i
exec(code)
exec(compile("import candidate.j", "x", "exec"))  # finds: candidate.j
exec(compile(open("x").read(), "x", "exec"))  # opaque
compile(source, "x", "exec", ast.PyCF_ONLY_AST)
builtins.exec("import candidate.k")  # finds: candidate.k
run = exec
run("import candidate.l")  # finds: candidate.l
exec("this does not parse")  # opaque
register(exec)  # opaque
for text in ("import candidate.m", "import candidate.n"):
    exec(text)  # finds: candidate.m, candidate.n
