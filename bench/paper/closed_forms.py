"""Closed forms of the baselines of docs/adr/0003-baselines.md. They share no code with compiler, predictor or simulator."""
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


def segments(machine, net):
    """Consecutive layers whose tiles fit the crossbars; a layer larger than the chip is alone, in as many passes as its tiles need."""
    result, used = [], 0
    for layer in net.layers:
        tiles = machine.tiles(layer) if layer.kind == "conv" else 0
        if not result or used + tiles > machine.crossbars:
            result.append([])
            used = 0
        result[-1].append(layer)
        used += tiles
    return result


def passes(machine, layer):
    return ceil(machine.tiles(layer), machine.crossbars) if layer.kind == "conv" else 1


def write_cycles(machine, layers):
    """Writes of a segment: through external memory and L0's link one after the other, through each core's crossbar engine too."""
    tiles = sum(machine.tiles(layer) for layer in layers if layer.kind == "conv")
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


def sequential(machine, net):
    """(1): operators one after the other, one copy each."""
    cycles = 0
    cut = segments(machine, net)
    for layers in cut:
        cycles += write_cycles(machine, layers) if len(cut) > 1 else 0
        for layer in layers:
            cycles += max(passes(machine, layer) * layer.windows * round_cycles(machine, layer), load_cycles(machine, layer))
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


def pipeline(machine, layers, copies, image):
    """Operators start when their first window is there: (latency, interval). `copies` by name, 1 if not named; digital operators work
    beside the copies that give their first input."""

    def share(windows, layer):
        return ceil(windows, copies.get(producer(layer).name, 1)) * round_cycles(machine, layer)

    start, end = {}, {}
    l0 = 2 * machine.l0_cycles(image)
    interval = l0
    for layer in layers:
        sources = [s for s in layer.inputs if s.name in start]
        begin = max([start[s.name] + share(needed(layer, s), s) for s in sources], default=0)
        own = share(layer.windows, layer) * passes(machine, layer)
        last = max([end[s.name] + share(left(layer, s), layer) for s in sources], default=l0 if not layer.inputs else 0)
        start[layer.name], end[layer.name] = begin, max(begin + own, last)
        interval = max(interval, own)
    loads = sum(load_cycles(machine, layer) for layer in layers)
    return max(loads, *end.values()), max(loads, interval)


def pipelined(machine, net, copies_of):
    """All segments, one after the other: (latency, interval of a steady state if there is one segment)."""
    cut = segments(machine, net)
    image = net.image.windows * net.image.channels
    latency = interval = 0
    for layers in cut:
        a, b = pipeline(machine, layers, copies_of(machine, layers), image)
        latency += a + (write_cycles(machine, layers) if len(cut) > 1 else 0)
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


def least_windows(machine, layers):
    """Copies by crossbars: the integer optimum of the interval, by trying one length after the other."""
    convs = [layer for layer in layers if layer.kind == "conv"]
    if sum(machine.tiles(layer) for layer in convs) > machine.crossbars:
        return {}
    low, high = 0, max((layer.windows for layer in convs), default=1)
    while high - low > 1:
        middle = (low + high) // 2
        used = sum(machine.tiles(layer) * ceil(layer.windows, middle) for layer in convs)
        low, high = (low, middle) if used <= machine.crossbars else (middle, high)
    return {layer.name: ceil(layer.windows, high) for layer in convs}


def peak_reduction(machine, net):
    """What staggering can take off the peak at most: the mean of active crossbars against all of them, in the busiest segment."""
    best = 0
    for layers in segments(machine, net):
        convs = [layer for layer in layers if layer.kind == "conv"]
        if not convs:
            continue
        longest = max(layer.windows * round_cycles(machine, layer) for layer in convs)
        every = sum(min(machine.tiles(layer), machine.crossbars) for layer in convs)
        mean = sum(min(machine.tiles(layer), machine.crossbars) * layer.windows * machine.mvm(min(layer.rows, machine.rows),
                   min(layer.channels, machine.cols)) / longest for layer in convs)
        best = max(best, 1 - mean / every)
    return best
