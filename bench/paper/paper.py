#!/usr/bin/python3
"""The paper's figures beside ours: closed forms of docs/adr/0003-baselines.md, and simulated times where reports are given.

  paper.py [--cimmlc PROGRAM] [--reports DIR] [--output DIR]

--reports: folder of NETWORK-MACHINE-POLICY.json, what `cimmlc run --timing-only --report` wrote for a batch of 1; POLICY is one of those
of POLICIES. What has no report is shown as "-". Writes paper.csv, cycles.csv and paper.svg into --output.
"""
import argparse
import csv
import json
import os

import closed_forms as forms
from machines import Machine
from networks import networks
from svg import grouped_bars

POLICIES = {
    "none": None,
    "pipeline": forms.one_copy,
    "poly": forms.greedy_cores,
    "poly-uniform": forms.uniform_cores,
    "mvm": forms.least_windows,
}


class Case:
    """One network on one machine under each policy: cycles of the first image, closed form and simulated."""

    def __init__(self, network, machine, reports):
        self.network, self.machine = network, machine
        self.form = {"none": forms.sequential(machine, network)}
        for name, copies in POLICIES.items():
            if copies:
                self.form[name] = forms.pipelined(machine, network, copies)[0]
        self.simulated = {name: self._report(reports, name) for name in POLICIES}

    def _report(self, folder, policy):
        path = os.path.join(folder, f"{self.network.name}-{self.machine.name}-{policy}.json") if folder else ""
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        if report["arch"] != self.machine.name or report["model"] != self.network.name or report["batch"] != 1:
            raise ValueError(f"{path}: of {report['model']} on {report['arch']}, batch {report['batch']}")
        return report["cycles"]

    @staticmethod
    def _ratio(cycles, slow, fast):
        return cycles[slow] / cycles[fast] if cycles.get(slow) and cycles.get(fast) else None

    def speed_up(self, slow, fast):
        return self._ratio(self.form, slow, fast), self._ratio(self.simulated, slow, fast)


def show(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def sweep(cimmlc, source, network):
    """(4): CG speed-up over no optimisation as the isaac-baseline chip grows; only the number of cores changes."""
    points = []
    for factor in (0.5, 1, 2, 4, 8):
        machine = Machine("isaac-baseline", cimmlc, source)
        machine.cores = int(machine.cores * factor)
        latency, _ = forms.pipelined(machine, network, forms.greedy_cores)
        points.append((machine.crossbars, forms.sequential(machine, network) / latency))
    return points


def rows(cases, machines, nets, growth):
    """(result, network and machine, paper, closed form, simulated), as strings."""
    def speed_up(result, paper, network, machine, slow, fast):
        form, simulated = cases[network, machine].speed_up(slow, fast)
        return [result, f"{network} on {machine}", paper, show(form), show(simulated)]

    table = [speed_up("full stack against Poly-Schedule", "3.2", n, "isaac-baseline", "poly", "mvm")
             for n in ("resnet18", "resnet34", "resnet50", "resnet101")]
    table += [speed_up("no optimisation against uniform Poly-Schedule", "6.25", n, "isaac-baseline", "none", "poly-uniform")
              for n in ("resnet18", "resnet34", "resnet50", "resnet101")]
    table += [speed_up("against Jia's own schedule", "3.7", n, "jia2021", "pipeline", "poly") for n in ("vgg7", "resnet18")]
    table.append(["against Jain's own schedule", "vgg7 on jain2021", "2.3", "-", "-"])
    for network, paper in (("vgg16", "0.75"), ("resnet18", "0.75")):
        form = forms.peak_reduction(machines["puma"], nets[network])
        table.append(["peak power taken off PUMA's schedule, at most", f"{network} on puma", paper, show(form), "-"])
    for network, paper in (("resnet18", "2.3"), ("resnet34", "-"), ("resnet50", "-"), ("resnet101", "4.7")):
        table.append(speed_up("CG pipelining alone", paper, network, "isaac-baseline", "none", "pipeline"))
    form = forms.peak_reduction(machines["isaac-baseline"], nets["resnet101"])
    table.append(["peak power taken off by staggering, at most", "resnet101 on isaac-baseline", "0.85", show(form), "-"])
    table.append(["VVM-grained remapping, speed-up", "resnet50 on isaac-baseline", "1.10", "-", "-"])
    for network, points in growth.items():
        for crossbars, ratio in points:
            table.append([f"CG speed-up, {crossbars} crossbars a chip", f"{network} on isaac-baseline", "15 to 30", show(ratio), "-"])
    return table


def write_csv(path, header, lines):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(lines)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    source = os.path.dirname(os.path.dirname(here))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cimmlc", default=os.path.join(source, "build/release/cli/cimmlc"))
    parser.add_argument("--reports", default="")
    parser.add_argument("--output", default=".")
    options = parser.parse_args()

    nets = networks()
    names = ("isaac-baseline", "puma", "jia2021", "jain2021", "machine-h")
    machines = {name: Machine(name, options.cimmlc, source) for name in names}
    cases = {(n, m): Case(nets[n], machines[m], options.reports) for m in names for n in nets}
    growth = {n: sweep(options.cimmlc, source, nets[n]) for n in ("resnet18", "resnet101")}
    table = rows(cases, machines, nets, growth)

    header = ["result", "case", "paper", "closed form", "simulated"]
    widths = [max(len(line[i]) for line in [header, *table]) for i in range(len(header))]
    for line in [header, *table]:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())
    cycles = []
    print(f"\n{'cycles of one image':<30}{'policy':<14}{'closed form':>14}{'simulated':>14}{'difference':>12}")
    for (network, machine), case in cases.items():
        for policy in POLICIES:
            form, simulated = round(case.form[policy]), case.simulated[policy]
            difference = f"{form / simulated - 1:+.1%}" if simulated else "-"
            cycles.append([network, machine, policy, form, show(simulated), difference])
            if simulated:
                print(f"{network + ' on ' + machine:<30}{policy:<14}{form:>14}{show(simulated):>14}{difference:>12}")

    os.makedirs(options.output, exist_ok=True)
    write_csv(os.path.join(options.output, "paper.csv"), header, table)
    write_csv(os.path.join(options.output, "cycles.csv"), ["network", "machine", "policy", "closed form", "simulated", "difference"], cycles)
    bars = [(f"{line[0]}: {line[1]}", [float(x) if x.replace(".", "").isdigit() else None for x in line[2:]]) for line in table
            if line[2] not in ("-", "15 to 30")]
    with open(os.path.join(options.output, "paper.svg"), "w", encoding="utf-8") as file:
        file.write(grouped_bars("Figures of the paper, closed form and simulation", ("paper", "closed form", "simulated"), bars))


if __name__ == "__main__":
    main()
