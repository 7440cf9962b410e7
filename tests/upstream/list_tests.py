"""Lists CPython's tests of asyncio, by module: `python3.13 list_tests.py > tests.json`.

A test that several classes run is listed once. Where a module is not for this system, its text is
read instead.
"""
import ast
import json
import os
import unittest

import test.test_asyncio as package


def names(suite):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from names(each)
        else:
            yield each.id().split(".")[-1]


found = {}
for file in sorted(os.listdir(os.path.dirname(package.__file__))):
    if file.startswith("test_") and file.endswith(".py"):
        name = file.removesuffix(".py")
        try:
            module = __import__(f"{package.__name__}.{name}", fromlist=["*"])
            suite = unittest.TestLoader().loadTestsFromModule(module)
            found[name] = sorted(set(names(suite)))
        except unittest.SkipTest:
            with open(os.path.join(os.path.dirname(package.__file__), file)) as source:
                nodes = ast.walk(ast.parse(source.read()))
            found[name] = sorted({
                node.name
                for node in nodes
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
                and node.name.startswith("test_")
            })
print(json.dumps(found))
