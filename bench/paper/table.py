"""The rows of the paper's results, from simulation: paper's value, ours, what bounds it, met or missed."""
import math
from dataclasses import dataclass

import closed_forms as forms

RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101")
BASELINE = "isaac-baseline"
SWEEP = ("0.5", "1", "2", "4", "8")
NAMES = ("poly", "chips", "peaks", "pipelining", "remapping", "growth")  # groups of rows, as the table has them
OURS = ("mvm-thorough", "vvm-thorough", "cg-thorough")
MORE_TIME = 1.05  # that a limit to power may cost
MET_FROM = 0.95  # of the paper's value


@dataclass
class Row:
    result: str
    case: str
    paper: object = None  # value to reach; None: shown, not judged
    ours: object = None
    form: object = None  # the same of closed forms
    bound: object = None  # what no schedule beats
    note: str = ""

    @property
    def verdict(self):
        if self.paper is None:
            return ""
        return "met" if self.ours >= MET_FROM * self.paper else "missed"


def mean(values):
    """Geometric; None if one is missing."""
    return math.exp(sum(map(math.log, values)) / len(values)) if all(values) else None


def ratio(slow, fast):
    return slow / fast if slow and fast else None


def least_peak(free, most_cycles):
    """mW that a schedule's peak is not below if it ends within `most_cycles`, from a run without limit. There, what is done after a time cannot
    be done before, as each operation is as early as the order of an operator's windows allows: it is spread over what is left at best."""
    cycles, length = free["cycles"], free["power_profile"]["interval_cycles"]
    at_rest = free["energy_pj"]["by_component"]["leakage"] / free["energy_pj"]["total"] * free["average_power_mw"]
    left, least = 0.0, 0.0
    for i, mw in reversed(list(enumerate(free["power_profile"]["mw"]))):
        begin = i * length
        left += (mw - at_rest) * min(length, cycles - begin)
        if begin < most_cycles:
            least = max(least, left / (most_cycles - begin))
    return at_rest + least


class Table:
    """Needs `cases(names)` simulated, then gives `rows(names)`; names are those of NAMES. `quick`: ResNet18 and 101 alone, and the ends of
    the sweep."""

    def __init__(self, simulator, networks, machines, quick):
        self.simulator, self.networks, self.machines = simulator, networks, machines
        self.resnets = ("resnet18", "resnet101") if quick else RESNETS
        self.sweep = (SWEEP[0], SWEEP[-1]) if quick else SWEEP
        self.grown = ("resnet18",) if quick else ("resnet101", "resnet18")
        self.puma = ("vgg7",) if quick else ("vgg7", "resnet18")
        self.reports = {}

    def groups(self):
        """Groups of rows by name: what they simulate, and the function that gives them. Those first whose simulations last longest."""
        chips = [(n, "jia2021", p) for n in ("vgg7", "resnet18") for p in ("pipeline", *OURS)]
        chips += [("vgg7", "jain2021", p) for p in ("none", *OURS)]
        peaks = [(n, "puma", p) for n in self.puma for p in ("pipeline", "ours")]
        peaks += [("resnet101", BASELINE, p) for p in ("pipeline", "ours", "together")]
        resnets = list(reversed(self.resnets))
        return {
            "growth": ([(n, self._grown(f), p) for p in ("cg", "none") for n in self.grown for f in self.sweep], self.growth),
            "poly": ([(n, BASELINE, p) for n in resnets for p in ("poly", "poly-uniform", "none", *OURS)], self.against_poly_schedules),
            "chips": (chips, self.on_chips),
            "peaks": (peaks, self.peaks),
            "pipelining": ([(n, BASELINE, p) for n in resnets for p in ("none", "pipeline")], self.pipelining),
            "remapping": ([("resnet50", BASELINE, p) for p in ("vvm", "vvm-fixed")], self.remapping),
        }

    def cases(self, names):
        """Simulations that the rows of these groups take."""
        return list(dict.fromkeys(case for name, (cases, _) in self.groups().items() if name in names for case in cases))

    @staticmethod
    def _grown(factor):
        return BASELINE if factor == "1" else f"{BASELINE}*{factor}"

    # ---- what reports and closed forms say

    def cycles(self, network, machine, policy):
        report = self.reports.get((network, machine, policy))
        return report and report["cycles"]

    def best(self, network, machine):
        """Cycles of the fastest of our schedules, at whichever level: that of --level best --search thorough."""
        found = [c for c in (self.cycles(network, machine, p) for p in OURS) if c]
        return min(found, default=None)

    def least(self, network, machine, policies=OURS):
        """Cycles that no schedule beats, driven at any of these levels."""
        reports = [self.reports.get((network, machine, policy)) for policy in policies]
        return min((report["bounds"]["latency_cycles"] for report in reports if report), default=None)

    def form(self, network, machine, policy, own=False):
        """Cycles by closed form of a baseline; `own`: with the segments of the simulated program and copies in bands."""
        net, m = self.networks[network], self.machines[machine]
        report = self.reports.get((network, machine, policy))
        cut = forms.segments_of(report, net) if own and report else None
        if policy == "none":
            return forms.sequential(m, net, cut)
        copies = {"pipeline": (forms.one_copy,) * 2, "poly": (forms.greedy_cores, forms.greedy_bands),
                  "poly-uniform": (forms.uniform_cores, forms.uniform_bands)}[policy][own]
        return forms.pipelined(m, net, copies, forms.Bands if own else forms.Even, cut)[0]

    # ---- rows

    def rows(self, names):
        groups = self.groups()
        return [row for name in NAMES if name in names for row in groups[name][1]()]

    def faster(self, result, network, machine, slow, paper=None):
        """Our fastest schedule against a baseline."""
        before = self.cycles(network, machine, slow)
        ours, least = self.best(network, machine), self.least(network, machine)
        note = f"{before:,} against {ours:,} cycles; no schedule takes less than {least:,}" if before and ours else ""
        return Row(result, f"{network} on {machine}", paper, ratio(before, ours), None, ratio(before, least), note)

    def against_poly(self):
        result = "full stack against Poly-Schedule"
        rows = [self.faster(result, n, BASELINE, "poly") for n in self.resnets]
        for row, n in zip(rows, self.resnets):
            row.form = ratio(self.form(n, BASELINE, "poly"), self.best(n, BASELINE))
        middle = Row(result, "geometric mean", 3.2, mean([row.ours for row in rows]), mean([row.form for row in rows]),
                     mean([row.bound for row in rows]), "closed form: that of the baseline against our simulation")
        return [*rows, middle]

    def against_poly_schedules(self):
        return [*self.against_poly(), *self.against_uniform()]

    def against_uniform(self):
        result = "no optimisation against uniform Poly-Schedule"
        rows = []
        for n in self.resnets:
            rows.append(Row(result, f"{n} on {BASELINE}", None,
                            ratio(self.cycles(n, BASELINE, "none"), self.cycles(n, BASELINE, "poly-uniform")),
                            ratio(self.form(n, BASELINE, "none"), self.form(n, BASELINE, "poly-uniform"))))
        rows.append(Row(result, "geometric mean", None, mean([row.ours for row in rows]), mean([row.form for row in rows]),
                        note="the paper has 6.25: how near its baseline is to this one"))
        return rows

    def on_chips(self):
        rows = [self.faster("against Jia's own schedule", n, "jia2021", "pipeline", 3.7) for n in ("vgg7", "resnet18")]
        return [*rows, self.faster("against Jain's own schedule", "vgg7", "jain2021", "none", 2.3)]

    def peaks(self):
        rows = [self.peak("peak power against PUMA's schedule", n, "puma", "pipeline", "ours", 0.75) for n in self.puma]
        rows.append(self.peak("peak power by staggering, one copy", "resnet101", BASELINE, "pipeline", "staggered", 0.85))
        rows.append(self.peak("peak power by staggering, with copies", "resnet101", BASELINE, "together", "ours", None))
        return rows

    def peak(self, result, network, machine, before, after, paper):
        """The most that a limit takes off a baseline's peak while the run gets no more than 5 % longer, found by bisection: a looser limit is
        never slower."""
        baseline = self.reports[network, machine, before]
        high, most_cycles = baseline["peak_power_mw"], MORE_TIME * baseline["cycles"]
        least = least_peak(self.simulator.report(network, machine, after), most_cycles)
        row = Row(result, f"{network} on {machine}", paper, 0.0, None, 1 - least / high, "each limit costs more time")
        low, top = 0.0, row.bound
        for _ in range(7):
            middle = (low + top) / 2
            report = self.simulator.report(network, machine, after, ("--peak-power-limit", f"{(1 - middle) * high:.1f}"))
            if report and report["cycles"] <= most_cycles:
                low, row.ours = middle, 1 - report["peak_power_mw"] / high
                row.note = (f"{high:,.0f} to {report['peak_power_mw']:,.0f} mW, no less than {least:,.0f} in that time; "
                            f"{baseline['cycles']:,} to {report['cycles']:,} cycles")
            else:
                top = middle
        return row

    def pipelining(self):
        rows = []
        for n in self.resnets:
            paper = {"resnet18": 2.3, "resnet101": 4.7}.get(n)
            layers, machine = self.networks[n].layers, self.machines[BASELINE]
            slowest = max(layer.windows * forms.round_cycles(machine, layer) for layer in layers)
            before = self.cycles(n, BASELINE, "none")
            rows.append(Row("pipelining alone", f"{n} on {BASELINE}", paper, ratio(before, self.cycles(n, BASELINE, "pipeline")),
                            ratio(self.form(n, BASELINE, "none"), self.form(n, BASELINE, "pipeline")), ratio(before, slowest),
                            "bound: one copy of the slowest operator"))
        return rows

    def remapping(self):
        fixed, remapped = (self.cycles("resnet50", BASELINE, p) for p in ("vvm-fixed", "vvm"))
        return [Row("rows remapped", f"resnet50 on {BASELINE}", 1.1, ratio(fixed, remapped), None,
                    ratio(fixed, self.least("resnet50", BASELINE, ["vvm"])), f"{fixed:,} against {remapped:,} cycles")]

    def growth(self):
        rows = []
        for n in reversed(self.grown):
            for factor in self.sweep:
                machine = self._grown(factor)
                before, after = self.cycles(n, machine, "none"), self.cycles(n, machine, "cg")
                m = self.machines[machine]
                form = ratio(forms.sequential(m, self.networks[n]), forms.pipelined(m, self.networks[n], forms.greedy_cores)[0])
                paper = {SWEEP[0]: 15.0, SWEEP[-1]: 30.0}.get(factor)
                note = f"{before:,} against {after:,} cycles" if before and after else ""
                segments = len(self.reports[n, machine, "cg"]["segments"]) if after else 1
                note += f", {segments} segments without copies" if segments > 1 else ""
                rows.append(Row(f"CG-grained against none, {m.crossbars:,} crossbars", n, paper, ratio(before, after), form,
                                ratio(before, self.least(n, machine, ["cg"])), note))
        return rows
