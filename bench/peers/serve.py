"""Runs a framework's steps on demand, so that a benchmark can run them in turn with others.

    python serve.py torch|jax THREADS

Reads one JSON document a line and answers each with one line:
  {"open": {"work": "mlp", "batch": 32, "classes": [10, 5]}}  ->  {"id": 0, "parameters": 113391}
  {"step": 0, "count": 10}  ->  {"milliseconds": [...], "losses": [...]}
  {"close": 0}              ->  {}
  {"memory": true}          ->  {"resident": bytes}
"""

import importlib
import json
import os
import sys
import time


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def answer(steps, request, opened):
    if "open" in request:
        step = steps.open_step(request["open"])
        opened.append(step)
        return {"id": len(opened) - 1, "parameters": step.parameters}
    if "step" in request:
        step = opened[request["step"]]
        milliseconds = []
        for _ in range(request["count"]):
            start = time.perf_counter()
            step()
            milliseconds.append((time.perf_counter() - start) * 1e3)
        return {"milliseconds": milliseconds, "losses": step.losses}
    if "close" in request:
        opened[request["close"]] = None
        return {}
    if "memory" in request:
        return {"resident": resident()}
    raise ValueError(f"expected open, step, close or memory, found {list(request)}")


def main():
    framework, threads = sys.argv[1], int(sys.argv[2])
    # What a compiler prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    steps = importlib.import_module(f"{framework}_steps")
    print(json.dumps({"version": steps.prepare(threads), "threads": threads}), file=answers, flush=True)
    opened = []
    for line in sys.stdin:
        try:
            found = answer(steps, json.loads(line), opened)
        except Exception as error:  # noqa: BLE001 - whatever it is, the benchmark has to hear of it.
            found = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    main()
