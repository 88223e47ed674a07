"""Runs PyTorch steps on demand, so that a benchmark can run them in turn with others.

Reads one JSON document a line and answers each with one line:
  {"open": {"work": "mlp", "batch": 32, "classes": [10, 5]}}  ->  {"id": 0, "parameters": 113391}
  {"step": 0, "count": 10}  ->  {"milliseconds": [...], "losses": [...]}
  {"memory": true}          ->  {"resident": bytes}
"""

import json
import os
import sys
import time

import torch
from works import Products, Step


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def answer(request, opened):
    if "open" in request:
        options = request["open"]
        step = Products(options["shapes"]) if options["work"] == "products" else Step(**options)
        opened.append(step)
        return {"id": len(opened) - 1, "parameters": sum(p.numel() for p in step.model.parameters())}
    if "step" in request:
        step = opened[request["step"]]
        milliseconds = []
        for _ in range(request["count"]):
            start = time.perf_counter()
            step()
            milliseconds.append((time.perf_counter() - start) * 1e3)
        return {"milliseconds": milliseconds, "losses": step.losses}
    if "memory" in request:
        return {"resident": resident()}
    raise ValueError(f"expected open, step or memory, found {list(request)}")


def main():
    threads = int(sys.argv[1])
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    print(json.dumps({"torch": torch.__version__, "threads": threads}), flush=True)
    opened = []
    for line in sys.stdin:
        try:
            found = answer(json.loads(line), opened)
        except Exception as error:  # noqa: BLE001 - whatever it is, the benchmark has to hear of it.
            found = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(found), flush=True)


main()
