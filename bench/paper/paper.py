#!/usr/bin/python3
"""The results table of CIM-MLC from simulation: the paper's value beside ours, met from 95 % of it on.

  paper.py OUTPUT [--rows GROUP ...] [--quick] [--cimmlc PROGRAM] [--jobs N]

Writes networks, machines and reports into OUTPUT/runs, and OUTPUT/paper.csv (the table), OUTPUT/cycles.csv (each baseline against its closed
form, docs/adr/0003-baselines.md) and OUTPUT/paper.svg. Reports newer than the program are used again.
"""
import argparse
import csv
import os

from machines import Machine
from networks import networks
from simulation import Simulator
from svg import grouped_bars
from table import BASELINE, NAMES, SWEEP, Table

BASELINES = ("none", "pipeline", "poly", "poly-uniform")


def show(value):
    return "-" if value is None else f"{value:.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value


def write_csv(path, header, lines):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(lines)


def print_table(header, lines):
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]
    for line in [header, *lines]:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())


def baselines(table):
    """Each simulated baseline beside its closed form: as the ADR has it, and with segments and copies as the program has them."""
    lines = []
    for network, machine, policy in sorted(table.reports):
        simulated = table.cycles(network, machine, policy)
        if policy in BASELINES and simulated:
            frozen, own = (round(table.form(network, machine, policy, own)) for own in (False, True))
            lines.append([f"{network} on {machine}", policy, show(frozen), show(own), show(simulated), f"{frozen / simulated - 1:+.1%}",
                          f"{own / simulated - 1:+.1%}"])
    return lines


def machines_of(program, simulator):
    names = [BASELINE, "puma", "jia2021", "jain2021"] + [f"{BASELINE}*{factor}" for factor in SWEEP if factor != "1"]
    return {name: Machine(name, program, simulator.machine(name)) for name in names}


def main():
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output")
    parser.add_argument("--rows", nargs="+", choices=NAMES, default=NAMES, metavar="GROUP",
                        help=f"these rows of the table alone: {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="fewer networks, and of the sweep both ends of ResNet18 alone")
    parser.add_argument("--cimmlc", default=os.path.join(source, "build/release/cli/cimmlc"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="simulations at a time")
    options = parser.parse_args()

    simulator = Simulator(options.cimmlc, source, os.path.join(options.output, "runs"))
    table = Table(simulator, networks(), machines_of(options.cimmlc, simulator), options.quick)
    table.reports = simulator.all(table.cases(options.rows), options.jobs)
    rows = table.rows(options.rows)

    header = ["result", "case", "paper", "ours", "", "closed form", "bound", "note"]
    lines = [[row.result, row.case, show(row.paper), show(row.ours), row.verdict, show(row.form), show(row.bound), row.note] for row in rows]
    print_table(header, lines)
    against = ["baseline", "policy", "closed form", "of the program", "simulated", "closed form", "of the program"]
    print()
    print_table(against, compared := baselines(table))

    write_csv(os.path.join(options.output, "paper.csv"), ["result", "case", "paper", "ours", "verdict", "closed form", "bound", "note"], lines)
    write_csv(os.path.join(options.output, "cycles.csv"), against, compared)
    bars = [(f"{row.result}: {row.case}", [row.paper, row.ours, row.bound], row.verdict) for row in rows if row.paper is not None]
    with open(os.path.join(options.output, "paper.svg"), "w", encoding="utf-8") as file:
        file.write(grouped_bars("Results of the paper, ours by simulation", ("paper", "ours", "no schedule beats"), bars))


if __name__ == "__main__":
    main()
