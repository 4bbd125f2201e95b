"""What the closed forms need of a hardware file, as `cimmlc arch show` resolves it. Times in cycles of the one clock."""
import math
import subprocess


def ceil(a, b):
    return -(-a // b)


def parse(text):
    """Nested keys of `arch show`: indentation, `key: value`, comments."""
    root, stack = {}, [(-1, None)]
    stack[0] = (-1, root)
    for line in text.splitlines():
        line = line.split("  #")[0].rstrip()
        if not line or line.lstrip().startswith("#") or ":" not in line:
            continue
        depth = len(line) - len(line.lstrip())
        key, value = line.strip().split(":", 1)
        while stack[-1][0] >= depth:
            stack.pop()
        if value.strip():
            stack[-1][1][key] = value.strip().strip('"')
        else:
            stack[-1][1][key] = {}
            stack.append((depth, stack[-1][1][key]))
    return root


class Machine:
    def __init__(self, name, cimmlc, path):
        shown = subprocess.run([cimmlc, "arch", "show", path], capture_output=True, text=True, check=True)
        tree = parse(shown.stdout)
        chip, core, crossbar, device = tree["chip"], tree["core"], tree["crossbar"], tree["device"]
        self.name, self.mode = name, tree["mode"]
        if len(set(tree["clocks"].values())) != 1:
            raise ValueError(f"{name}: the closed forms know one clock")
        self.hertz = self._number(tree["clocks"]["chip"])
        self.cores = self._product(chip["cores"])
        self.per_core = self._product(core["crossbars"])
        self.rows, cols = (int(x) for x in crossbar["size"].strip("[]").split(","))
        self.parallel_row = int(crossbar["parallel_row"])
        self.slices = ceil(8, int(device["bits_per_cell"]))  # two's complement, offset and flipped offset alike
        self.cols = cols // self.slices
        self.inputs = ceil(8, int(crossbar["dac"]["bits"]))
        self.read = self._cycles(crossbar["read_latency"])
        self.pipelined = crossbar["pipelined"] == "true"
        self.adcs, self.sample = int(crossbar["adc"]["count"]), self._cycles(crossbar["adc"]["sample_latency"])
        self.shift_add = self._cycles(crossbar["shift_add"]["latency"])
        self.write_row = self._cycles(device["write_latency"])
        self.l1 = (self._cycles(core["l1"]["latency"]), self._rate(core["l1"]["bandwidth"]))
        self.l0 = (self._cycles(chip["l0"]["latency"]), self._rate(chip["l0"]["bandwidth"]))
        memory = chip["external_memory"]
        self.external = (self._cycles(memory["latency"]), self._rate(memory["bandwidth"]))
        noc, size = chip["noc"], core["l1"]["size"]
        shared = noc["model"] in ("mesh-packet", "disjoint-buffer-switch")  # L0 has one link into it
        self.flit = int(self._number(noc["flit"])) if shared else 0
        self.l1_bytes = math.inf if size == "ideal" else float(size.split()[0]) * {"KiB": 1024, "MiB": 1024**2, "byte": 1}[size.split()[1]]
        self.alu = (self._cycles(core["alu"]["latency"]), self._rate(core["alu"]["rate"]))

    @staticmethod
    def _number(text):
        value, unit = text.split()[:2]
        return float(value) * {"G": 1e9, "M": 1e6, "k": 1e3}.get(unit[0], 1) if unit[-2:] == "Hz" else float(value)

    @staticmethod
    def _product(text):
        a, b = text.strip("[]").split(",")
        return int(a) * int(b)

    def _cycles(self, text):
        if text == "ideal":
            return 0
        value, unit = text.split()[:2]
        if unit == "cycle":
            return int(value)
        return math.ceil(float(value) * {"ns": 1e-9, "us": 1e-6}[unit] * self.hertz - 1e-9)

    def _rate(self, text):
        """Bits or operations a cycle; 0: unlimited."""
        if text == "ideal":
            return 0
        value, unit = text.split()[:2]
        return float(value) * 8e9 / self.hertz if unit == "GB/s" else float(value)

    @property
    def crossbars(self):
        return self.cores * self.per_core

    @staticmethod
    def _transfer(port, amount):
        latency, rate = port
        return latency + (math.ceil(amount / rate) if rate else 0)

    def l1_cycles(self, count):
        return self._transfer(self.l1, 8 * count)

    def l0_cycles(self, count):
        return self._transfer(self.l0, 8 * count)

    def external_cycles(self, count):
        return self._transfer(self.external, 8 * count)

    def link_cycles(self, count):
        """Flits of `count` bytes over the link of L0."""
        return ceil(8 * count, self.flit) if self.flit else 0

    def alu_cycles(self, operations):
        return self._transfer(self.alu, operations)

    def mvm(self, rows, cols):
        """docs/timing.md, "A matrix-vector multiplication"."""
        steps = self.inputs * ceil(rows, self.parallel_row)
        convert = ceil(cols * self.slices, self.adcs) * self.sample
        if self.pipelined:
            return self.read + (steps - 1) * max(self.read, convert) + convert + self.shift_add
        return steps * (self.read + convert) + self.shift_add

    def down(self, layer):
        return ceil(layer.rows, self.rows)

    def across(self, layer):
        return ceil(layer.channels, self.cols)

    def tiles(self, layer):
        return self.down(layer) * self.across(layer)
