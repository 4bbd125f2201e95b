"""Simulated times and powers: what `cimmlc run --timing-only` reports for a network on a machine under a policy."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import threading
import time

# The schedules of docs/adr/0003-baselines.md and ours, as options of `cimmlc run`.
POLICIES = {
    "none": ["--level", "none"],
    "pipeline": ["--disable", "duplication", "--disable", "spread", "--disable", "stagger", "--disable", "prewrite", "--disable", "keep",
                 "--disable", "forward"],
    "poly": ["--copies", "poly"],
    "poly-uniform": ["--copies", "poly-uniform"],
    "staggered": ["--disable", "duplication", "--disable", "spread", "--disable", "prewrite"],
    "cg": ["--level", "cg"],
    "ours": [],
    "together": ["--disable", "stagger"],
    "vvm": ["--level", "vvm", "--disable", "reload"],
    "vvm-fixed": ["--level", "vvm", "--disable", "reload", "--disable", "remap"],
    "mvm-thorough": ["--search", "thorough"],
    "vvm-thorough": ["--level", "vvm", "--search", "thorough"],
    "cg-thorough": ["--level", "cg", "--search", "thorough"],
}


class Simulator:
    """Runs cimmlc, each case once; a report in the folder that is newer than the program is used again."""

    def __init__(self, program, source, folder):
        self.program, self.source, self.folder = program, source, folder
        os.makedirs(folder, exist_ok=True)
        self._write = threading.Lock()
        self.began = time.time()

    def network(self, name):
        path = os.path.join(self.folder, name)
        if not os.path.exists(path + ".ranges"):
            subprocess.run([self.program, "zoo", name, "-o", path + ".onnx", "--ranges", path + ".ranges"], capture_output=True, check=True)
        return path

    def machine(self, name):
        """Hardware file of a machine; NAME*2 has twice as many rows of cores."""
        base, _, factor = name.partition("*")
        path = f"{self.source}/configs/{base}.yaml"
        if not factor:
            return path
        with open(path, encoding="utf-8") as file:
            text = file.read()
        grown = re.sub(r"cores: \[(\d+),", lambda m: f"cores: [{int(int(m[1]) * float(factor))},", text, count=1)
        path = os.path.join(self.folder, f"{base}-x{factor}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(grown)
        return path

    def report(self, network, machine, policy, extra=()):
        """The report, or None where there is no such schedule (exit status 2)."""
        name = "-".join([network, machine.replace("*", "-x"), policy, *(word.strip("-") for word in extra)])
        path = os.path.join(self.folder, name + ".json")
        if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(self.program):
            model = self.network(network)
            command = [self.program, "run", model + ".onnx", "--calibration", model + ".ranges", "--arch", self.machine(machine),
                       "--timing-only", "--quiet", "--report", path, *POLICIES[policy], *extra]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 2:
                self.say(f"{name}: {done.stderr.strip()}")
                return None
            if done.returncode != 0:
                raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        self.say(f"{name}: {report['cycles']:,} cycles")
        return report

    def say(self, text):
        with self._write:
            print(f"[{time.time() - self.began:5.0f} s] {text}", file=sys.stderr, flush=True)

    def all(self, cases, jobs):
        """Reports by (network, machine, policy), `jobs` at a time; longest first is the caller's affair."""
        for network in sorted({case[0] for case in cases}):
            self.network(network)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            futures = {case: pool.submit(self.report, *case) for case in cases}
            return {case: future.result() for case, future in futures.items()}
