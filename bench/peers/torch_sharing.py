"""Ways of sharing a LeNet between tasks in PyTorch, as somebody would write them: loops over experts and columns."""

import itertools

import torch
from torch import nn

FEATURES = 50


def lenet_stages():
    """Convolution 5x5x10 and 5x5x20, each with a maximum of 2x2, and a dense layer of 50."""
    return nn.ModuleList([
        nn.Sequential(nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU()),
        nn.Sequential(nn.Conv2d(10, 20, 5), nn.MaxPool2d(2), nn.ReLU()),
        nn.Sequential(nn.Flatten(), nn.Linear(320, FEATURES), nn.ReLU()),
    ])  # fmt: skip


# Channels after each stage.
CHANNELS = (10, 20, FEATURES)


def lenet():
    return nn.Sequential(*lenet_stages())


def dense():
    return nn.Sequential(nn.Linear(FEATURES, FEATURES), nn.ReLU())


def heads(classes):
    return nn.ModuleList(nn.Linear(FEATURES, count) for count in classes)


class Hard(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.trunk = lenet()
        self.heads = heads(classes)

    def forward(self, x):
        features = self.trunk(x)
        return [head(features) for head in self.heads]


class Columns(nn.Module):
    """A network per task, tied by the squared distance of their weights."""

    def __init__(self, classes, weight=0.01):
        super().__init__()
        self.columns = nn.ModuleList(lenet() for _ in classes)
        self.heads = heads(classes)
        self.weight = weight

    def forward(self, x):
        return [head(column(x)) for column, head in zip(self.columns, self.heads)]

    def penalty(self):
        pairs = itertools.combinations([list(column.parameters()) for column in self.columns], 2)
        return self.weight * sum((p - q).square().sum() for one, other in pairs for p, q in zip(one, other))


class CrossStitch(nn.Module):
    """Columns whose channels are mixed after every stage."""

    def __init__(self, classes, own=0.9):
        super().__init__()
        count = len(classes)
        self.columns = nn.ModuleList(lenet_stages() for _ in classes)
        self.heads = heads(classes)
        start = torch.full((count, count), (1 - own) / (count - 1)).fill_diagonal_(own)
        self.units = nn.ParameterList(start[:, :, None].repeat(1, 1, channels) for channels in CHANNELS)

    def forward(self, x):
        features = [x] * len(self.columns)
        for level, unit in enumerate(self.units):
            features = [column[level](one) for column, one in zip(self.columns, features)]
            weights = unit.view(*unit.shape, *[1] * (features[0].dim() - 2))
            features = [sum(w * one for w, one in zip(row, features)) for row in weights]
        return [head(one) for head, one in zip(self.heads, features)]


def mixed(experts, gate):
    """What gates [rows, n] take of n experts [rows, features]."""
    return (gate.softmax(1).unsqueeze(1) @ torch.stack(experts, 1)).squeeze(1)


class MMoE(nn.Module):
    def __init__(self, classes, experts=4):
        super().__init__()
        self.experts = nn.ModuleList(lenet() for _ in range(experts))
        self.gates = nn.ModuleList(nn.Linear(784, experts) for _ in classes)
        self.heads = heads(classes)

    def forward(self, x):
        found = [expert(x) for expert in self.experts]
        return [head(mixed(found, gate(x.flatten(1)))) for gate, head in zip(self.gates, self.heads)]


class Level(nn.Module):
    """Experts of all, one shared and one per task, with a gate for every task and, but for the last level, for what is shared."""

    def __init__(self, make, tasks, width, last):
        super().__init__()
        self.shared = make()
        self.own = nn.ModuleList(make() for _ in range(tasks))
        self.gates = nn.ModuleList(nn.Linear(width, 2) for _ in range(tasks))
        self.shared_gate = None if last else nn.Linear(width, 1 + tasks)

    def forward(self, shared, own):
        common = self.shared(shared)
        found = [expert(one) for expert, one in zip(self.own, own)]
        gates = [gate(one.flatten(1)) for gate, one in zip(self.gates, own)]
        next_own = [mixed([common, one], gate) for one, gate in zip(found, gates)]
        if self.shared_gate is None:
            return None, next_own
        return mixed([common, *found], self.shared_gate(shared.flatten(1))), next_own


class PLE(nn.Module):
    def __init__(self, classes):
        super().__init__()
        tasks = len(classes)
        self.levels = nn.ModuleList([Level(lenet, tasks, 784, False), Level(dense, tasks, FEATURES, True)])
        self.heads = heads(classes)

    def forward(self, x):
        shared, own = x, [x] * len(self.heads)
        for level in self.levels:
            shared, own = level(shared, own)
        return [head(one) for head, one in zip(self.heads, own)]


def mask(channels, twice, flat):
    """Logits of a mask over channels, linear at every position."""
    def linear(inputs):
        return nn.Linear(inputs, channels, bias=False) if flat else nn.Conv2d(inputs, channels, 1, bias=False)

    def norm():
        return nn.BatchNorm1d(channels) if flat else nn.BatchNorm2d(channels)

    return nn.Sequential(linear(2 * channels if twice else channels), norm(), nn.ReLU(), linear(channels), norm())


class MTAN(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.stages = lenet_stages()
        self.refine = lenet_stages()[1:]
        self.masks = nn.ModuleList(
            nn.ModuleList(mask(channels, level > 0, level == 2) for level, channels in enumerate(CHANNELS))
            for _ in classes
        )
        self.heads = heads(classes)

    def forward(self, x):
        selected = [None] * len(self.heads)
        for level, stage in enumerate(self.stages):
            x = stage(x)
            for task, masks in enumerate(self.masks):
                seen = x if level == 0 else torch.cat([x, self.refine[level - 1](selected[task])], 1)
                selected[task] = masks[level](seen).sigmoid() * x
        return [head(one) for head, one in zip(self.heads, selected)]


ARCHITECTURES = {"hard": Hard, "columns": Columns, "cross-stitch": CrossStitch, "mmoe": MMoE, "ple": PLE, "mtan": MTAN}


def sharing(classes, architecture, rows):
    return ARCHITECTURES[architecture](classes), torch.rand(rows, 1, 28, 28)
