"""Closed forms of the baselines of docs/adr/0003-baselines.md. They share no code with compiler, predictor or simulator."""
from dataclasses import dataclass, field

from machines import ceil


def round_cycles(machine, layer):
    """One position of an operator, all its tiles at once: R of the baselines."""
    if layer.kind != "conv":
        work = {"add": 4, "pool": layer.kernel**2, "average": layer.kernel**2 + 3}[layer.kind]
        parts = ceil(layer.channels, machine.cols)
        n = min(layer.channels, machine.cols)
        operand = n * (2 if layer.kind == "add" else layer.kernel**2)
        together = min(parts, max(1, machine.per_core // max(1, machine.down(producer(layer)))))
        return together * (machine.l1_cycles(operand) + machine.alu_cycles(n * work) + machine.l1_cycles(n))
    rows, cols = min(layer.rows, machine.rows), min(layer.channels, machine.cols)
    if machine.mode == "CM":
        digital = machine.alu_cycles(4 * cols)
        return max(machine.mvm(rows, cols), digital, machine.l1_cycles(rows) + machine.l1_cycles(cols))
    n = min(machine.tiles(layer), machine.per_core)
    return n * machine.l1_cycles(rows) + machine.mvm(rows, cols) + machine.l1_cycles(4 * cols)


def producer(layer):
    while layer.kind != "conv":
        layer = layer.inputs[0]
    return layer


@dataclass
class Segment:
    layers: list
    tiles: list  # crossbars written, pass by pass
    passes: dict = field(default_factory=dict)  # over its positions, of a layer larger than the chip


def segments(machine, net):
    """Consecutive layers whose tiles fit the crossbars; a layer larger than the chip is alone, in as many passes as its tiles need."""
    result = []
    for layer in net.layers:
        tiles = machine.tiles(layer) if layer.kind == "conv" else 0
        if not result or result[-1].tiles[0] + tiles > machine.crossbars:
            result.append(Segment([], [0]))
        result[-1].layers.append(layer)
        result[-1].tiles[0] += tiles
        result[-1].passes[layer.name] = max(1, ceil(tiles, machine.crossbars))
    return result


def segments_of(report, net):
    """The segments that a program has, where memories cut a network smaller than crossbars do. A layer in pieces takes one pass each."""
    where = {op["name"]: (op["segment"], op["last_segment"]) for op in report["operators"]}
    written = [segment["crossbars"] for segment in report["segments"]]
    result, end = [], -1
    for layer in net.layers:
        first, last = where[layer.name]
        if first > end:
            result.append(Segment([], []))
        result[-1].layers.append(layer)
        result[-1].passes[layer.name] = last - first + 1 if layer.kind == "conv" else 1
        result[-1].tiles += written[max(first, end + 1):last + 1]
        end = max(end, last)
    return result


def write_cycles(machine, tiles):
    """Writes of a segment: through external memory and L0's link one after the other, through each core's crossbar engine too."""
    size = machine.rows * machine.cols
    external, link = machine.external_cycles(size), machine.link_cycles(size)
    rounds = ceil(tiles, machine.cores)
    return max(tiles * external, tiles * link, rounds * (external + link + machine.rows * machine.write_row))


def load_cycles(machine, layer):
    """Windows of an operator whose input rows have no room in L1, over L0's link to every column of tiles; 0 if they have."""
    if layer.kind != "conv" or not layer.inputs:
        return 0
    source = layer.inputs[0]
    ring = layer.kernel * (source.size[1] + 2 * layer.pad) * source.channels
    return layer.windows * machine.link_cycles(layer.rows * machine.across(layer)) if ring > machine.l1_bytes else 0


def writes(machine, cut):
    """Of all segments; weights of a single one are written before the run."""
    passes = [tiles for segment in cut for tiles in segment.tiles]
    return sum(write_cycles(machine, tiles) for tiles in passes) if len(passes) > 1 else 0


def fetch_cycles(machine, net, segment):
    """Maps from other segments: each pass of a layer takes its input from external memory and over L0's link, before it ends."""
    cycles = 0
    for layer in segment.layers:
        for source in layer.inputs:
            if source not in segment.layers or segment.passes[layer.name] > 1:
                size = source.windows * source.channels
                cycles += segment.passes[layer.name] * (machine.external_cycles(size) + machine.link_cycles(size))
    return cycles


def sequential(machine, net, cut=None):
    """(1): operators one after the other, one copy each. `cut`: the segments of a program, if not those that crossbars allow."""
    fetched = sum(fetch_cycles(machine, net, segment) for segment in cut or [])
    cut = cut or segments(machine, net)
    cycles = writes(machine, cut) + fetched
    for segment in cut:
        for layer in segment.layers:
            own = segment.passes[layer.name] * layer.windows * round_cycles(machine, layer)
            cycles += max(own, load_cycles(machine, layer))
    image = net.image.windows * net.image.channels
    return cycles + machine.external_cycles(image) + machine.l0_cycles(image)


def needed(layer, source):
    """Positions of `source`, in raster order, that the first window needs."""
    reach = [min(layer.kernel - layer.pad, s) for s in source.size]
    return (reach[0] - 1) * source.size[1] + reach[1]


def left(layer, source):
    """Windows, in raster order, from the first one on that needs the last position of `source`."""
    first = [max(0, ceil(s - layer.kernel + layer.pad, layer.stride)) for s in source.size]
    return max(1, layer.windows - first[0] * layer.size[1] - first[1])


class Even:
    """Copies that share positions as evenly as whole numbers allow, as ADR-0003 has it; `copies` of a layer: how many."""

    @staticmethod
    def windows(layer, copies):
        return ceil(layer.windows, copies)

    @staticmethod
    def first(layer, copies, source):
        """Windows of `source` on a copy until `layer` can begin; copies are those of source."""
        return ceil(needed(layer, source), copies)

    @staticmethod
    def rest(layer, copies, source):
        """Windows of `layer` on a copy after `source` has ended."""
        return ceil(left(layer, source), copies)


class Bands:
    """Copies that share the output as those of the compiler do (docs/memory.md, "Copies"): bands of columns, the rows of each dealt to
    some copies in turn; a band sends whole rows. `copies`: (bands, copies a band)."""

    @staticmethod
    def rows(layer, copies, rows):
        return ceil(rows, copies[1]) * ceil(layer.size[1], copies[0])

    @classmethod
    def windows(cls, layer, copies):
        return cls.rows(layer, copies, layer.size[0])

    @classmethod
    def first(cls, layer, copies, source):
        if copies == (1, 1):
            return needed(layer, source)
        return cls.rows(source, copies, min(layer.kernel - layer.pad, source.size[0]))

    @classmethod
    def rest(cls, layer, copies, source):
        if copies == (1, 1):
            return left(layer, source)
        return cls.rows(layer, copies, layer.size[0] - max(0, ceil(source.size[0] - layer.kernel + layer.pad, layer.stride)))


def pipeline(machine, segment, copies, share, image):
    """Operators start when their first window is there: (latency, interval). `copies` by name, empty: one each; digital operators work
    beside the copies that give their first input."""

    def of(layer):
        return copies.get(producer(layer).name) or (1 if share is Even else (1, 1))

    start, end = {}, {}
    l0 = 2 * machine.l0_cycles(image)
    interval = l0
    for layer in segment.layers:
        one = round_cycles(machine, layer)
        sources = [s for s in layer.inputs if s.name in start]
        begin = max([start[s.name] + share.first(layer, of(s), s) * round_cycles(machine, s) for s in sources], default=0)
        own = share.windows(layer, of(layer)) * one * segment.passes[layer.name]
        last = max([end[s.name] + share.rest(layer, of(layer), s) * one for s in sources], default=l0 if not layer.inputs else 0)
        start[layer.name], end[layer.name] = begin, max(begin + own, last)
        interval = max(interval, own)
    loads = sum(load_cycles(machine, layer) for layer in segment.layers)
    return max(loads, *end.values()), max(loads, interval)


def pipelined(machine, net, copies_of, share=Even, cut=None):
    """All segments, one after the other: (latency, interval of a steady state if there is one segment). Copies in a single one only."""
    cut = cut or segments(machine, net)
    image = net.image.windows * net.image.channels
    latency, interval = writes(machine, cut), 0
    for segment in cut:
        a, b = pipeline(machine, segment, copies_of(machine, segment.layers) if len(cut) == 1 else {}, share, image)
        latency += a
        interval = max(interval, b)
    return latency, interval if len(cut) == 1 else latency


def one_copy(machine, layers):
    return {}


def uniform_cores(machine, layers):
    """(2u): as many copies of everything as whole cores allow."""
    convs = [layer for layer in layers if layer.kind == "conv"]
    cores = sum(ceil(machine.tiles(layer), machine.per_core) for layer in convs)
    return {layer.name: min(layer.windows, max(1, machine.cores // cores)) for layer in convs} if convs else {}


def greedy_cores(machine, layers):
    """(2): whole cores. The next copy goes to the slowest operator that still has one coming to it."""
    convs = [layer for layer in layers if layer.kind == "conv"]
    cores = {layer.name: ceil(machine.tiles(layer), machine.per_core) for layer in convs}
    copies = {layer.name: 1 for layer in convs}
    free = machine.cores - sum(cores.values())
    time = {layer.name: layer.windows * round_cycles(machine, layer) for layer in convs}
    windows = {layer.name: layer.windows for layer in convs}
    while True:
        open_ = [n for n in copies if cores[n] <= free and copies[n] < windows[n]]
        if not open_:
            return copies
        name = max(open_, key=lambda n: time[n] / copies[n])
        copies[name] += 1
        free -= cores[name]


def band_splits(layer):
    """(bands, copies a band) that make a layer faster than any with fewer copies, by number of copies. Rows are dealt as far as the
    windows of each copy still overlap."""
    splits, best = [], None
    for copies in range(1, layer.windows + 1):
        for dy in range(1, max(1, layer.kernel // layer.stride) + 1):
            dx = copies // dy
            if copies % dy or dx > layer.size[1] or dy > layer.size[0]:
                continue
            longest = Bands.windows(layer, (dx, dy))
            if best is None or longest < best:
                best = longest
                splits.append((dx, dy))
    return splits


def greedy_bands(machine, layers):
    """(2), with copies that share as those of the compiler do: numbers of copies that make a layer no faster are passed over."""
    convs = [layer for layer in layers if layer.kind == "conv"]
    cores = {layer.name: ceil(machine.tiles(layer), machine.per_core) for layer in convs}
    splits = {layer.name: band_splits(layer) for layer in convs}
    at = {layer.name: 0 for layer in convs}
    free = machine.cores - sum(cores.values())

    def more(layer):
        now, after = splits[layer.name][at[layer.name]:at[layer.name] + 2]
        return (after[0] * after[1] - now[0] * now[1]) * cores[layer.name]

    def slow(layer):
        return Bands.windows(layer, splits[layer.name][at[layer.name]]) * round_cycles(machine, layer)

    while True:
        open_ = [layer for layer in convs if at[layer.name] + 1 < len(splits[layer.name]) and more(layer) <= free]
        if not open_:
            return {name: splits[name][at[name]] for name in at}
        layer = max(open_, key=slow)
        free -= more(layer)
        at[layer.name] += 1


def uniform_bands(machine, layers):
    """(2u), likewise."""
    convs = [layer for layer in layers if layer.kind == "conv"]
    return {layer.name: [s for s in band_splits(layer) if s[0] * s[1] <= most][-1]
            for layer, most in zip(convs, uniform_cores(machine, layers).values())}


def peak_reduction(machine, net, cut=None):
    """What staggering can take off the peak at most: the mean of active crossbars against all of them, in the busiest segment."""
    best = 0
    for segment in cut or segments(machine, net):
        convs = [layer for layer in segment.layers if layer.kind == "conv"]
        if not convs:
            continue
        longest = max(layer.windows * round_cycles(machine, layer) for layer in convs)
        every = sum(min(machine.tiles(layer), machine.crossbars) for layer in convs)
        mean = sum(min(machine.tiles(layer), machine.crossbars) * layer.windows * machine.mvm(min(layer.rows, machine.rows),
                   min(layer.channels, machine.cols)) / longest for layer in convs)
        best = max(best, 1 - mean / every)
    return best
