#!/usr/bin/env python3
"""Says whether two builds of Thalweg compute the same numbers, bit for bit.

    scripts/same_numbers.py OLD/thalweg NEW/thalweg [--files PROGRAM]

Runs a dozen small runs of every command with both programs, at one and at two threads, and compares every series of
metrics.h5 and every number below `results` of summary.json; times, memory and texts aside. --files is the program
thalweg_test_files of a build tree, which makes the user's own models and data.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy

FLOW = ["flow", "--examples", "60", "--steps", "12", "--test-examples", "20", "--model-option", "hidden=16"]
OWN = ["--torchscript", "model.pt", "--data", "mine.npz"]
RUNS = {
    "flow": FLOW,
    "flow-edge": [*FLOW, "--learning-rate", "0.06", "--warm-start", "4", "--dtype", "float64"],
    "flow-scalar": [*FLOW, "--optimizer", "scalar-rmsprop", "--processes",
                    "discrete,midpoint,central,stable,rod,stationary,ablated"],
    "flow-rmsprop": [*FLOW, "--optimizer", "rmsprop", "--raw-eigenvalues"],
    "flow-adam": [*FLOW, "--optimizer", "adam"],
    "flow-cnn": ["flow", "--model", "cnn", "--examples", "16", "--steps", "3", "--test-examples", "0",
                 "--model-option", "channels=4,4"],
    "flow-own": ["flow", *OWN, "--steps", "8", "--init", "named.npz"],
    "flow-function": ["flow", "--torchscript", "valley.pt", "--data", "none", "--loss", "model", "--learning-rate",
                      "0.1", "--steps", "60", "--dtype", "float64"],
    "spectrum": ["spectrum", "--examples", "60", "--model-option", "hidden=16", "--density", "--probes", "2"],
    "spectrum-own": ["spectrum", *OWN, "--density", "--per-layer", "--loss", "cross-entropy"],
    "exponent": ["exponent", "--link", "z^2*exp(-z^2)", "--dimension", "100"],
    "exponent-leaps": ["exponent", "--link", "z1 + sign(z2*z3)"],
    "exponent-table": ["exponent", "--table", "patients.csv", "--index", "score,dose", "--response", "outcome"],
    "recover": ["recover", "--dimension", "8,16", "--seeds", "2"],
    "recover-several": ["recover", "--link", "z1*z2", "--dimension", "8,12", "--samples", "200,400", "--seeds", "2"],
    "tensorpca": ["tensorpca", "--dimension", "5,7", "--seeds", "2"],
}
TIMES = ("seconds", "memory", "_in_gradients")


def results_of(program, words, folder, name):
    command = [program, *words, "--name", name, "--force", "--quiet", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    run = pathlib.Path(folder) / "runs" / name
    series = {}
    if (run / "metrics.h5").exists():
        with h5py.File(run / "metrics.h5") as file:
            file.visititems(lambda path, item: series.update({path: item[...]})
                            if isinstance(item, h5py.Dataset) else None)
    return json.loads(done.stdout)["results"], series


def numbers(value, path=""):
    """Every number below a JSON value by its path."""
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in numbers(item, f"{path}/{key}").items()}
    if isinstance(value, list):
        return {k: v for i, item in enumerate(value) for k, v in numbers(item, f"{path}/{i}").items()}
    return {} if isinstance(value, str) else {path: value}


def differences(old, new):
    found = [f"only in one: {path}" for path in sorted(old.keys() ^ new.keys())]
    for path in sorted(old.keys() & new.keys()):
        if any(part in path for part in TIMES):
            continue
        a, b = old[path], new[path]
        same = numpy.array_equal(a, b, equal_nan=True) if isinstance(a, numpy.ndarray) and a.dtype.kind == "f" \
            else numpy.array_equal(a, b)
        if not same:
            found.append(f"differs: {path}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--files", type=pathlib.Path)
    parser.add_argument("--only", default="", help="runs whose name begins so")
    arguments = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        if arguments.files:
            subprocess.run([arguments.files.resolve()], cwd=folder, check=True)
        for name, words in RUNS.items():
            own = any(word.endswith((".pt", ".npz", ".csv")) for word in words)
            if not name.startswith(arguments.only) or own and not arguments.files:
                continue
            for threads in ("1", "2"):
                runs = [results_of(program.resolve(), [*words, "--threads", threads], folder, f"{name}-{which}")
                        for which, program in (("old", arguments.old), ("new", arguments.new))]
                (old_results, old_series), (new_results, new_series) = runs
                found = differences(numbers(old_results), numbers(new_results)) + differences(old_series, new_series)
                print(f"{name}, {threads} thread{'s' if threads == '2' else ''}: "
                      f"{'same, ' + str(len(old_series)) + ' series' if not found else found[0]}"
                      f"{f' and {len(found) - 1} more' if len(found) > 1 else ''}", flush=True)
                bad += bool(found)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
